//! Puts a data set together, and refuses what the rows before do not allow.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, ensure};
use contracts::{ProductCode, Sku, StoreId};

use super::{Dataset, Product, SkuInfo, Stock, Store};

/// A data set that is being read.
#[derive(Debug, Default)]
pub(super) struct Builder {
    stores: Vec<Store>,
    store_ids: HashSet<StoreId>,
    products: Vec<Product>,
    product_places: HashMap<ProductCode, usize>,
    skus: HashSet<Sku>,
    stock: Vec<Stock>,
    pairs: HashSet<(StoreId, Sku)>,
}

impl Builder {
    pub(super) fn store(&mut self, store: Store) -> Result<()> {
        ensure!(self.store_ids.insert(store.id.clone()), "store {} stands there twice", store.id);
        self.stores.push(store);
        Ok(())
    }

    pub(super) fn product(&mut self, product: Product) -> Result<()> {
        let place = self.products.len();
        let before = self.product_places.insert(product.code.clone(), place);
        ensure!(before.is_none(), "product {} stands there twice", product.code);
        self.products.push(product);
        Ok(())
    }

    pub(super) fn sku(&mut self, code: &ProductCode, info: SkuInfo) -> Result<()> {
        let product = self.product_places.get(code).and_then(|place| self.products.get_mut(*place));
        ensure!(self.skus.insert(info.sku.clone()), "SKU {} stands there twice", info.sku);
        match product {
            Some(product) => product.skus.push(info),
            None => anyhow::bail!("there is no product {code}"),
        }
        Ok(())
    }

    pub(super) fn stock(&mut self, stock: Stock) -> Result<()> {
        ensure!(self.store_ids.contains(&stock.store_id), "there is no store {}", stock.store_id);
        ensure!(self.skus.contains(&stock.sku), "there is no SKU {}", stock.sku);
        let new = self.pairs.insert((stock.store_id.clone(), stock.sku.clone()));
        ensure!(new, "{} in {} stands there twice", stock.sku, stock.store_id);
        self.stock.push(stock);
        Ok(())
    }

    pub(super) fn finish(self) -> Dataset {
        Dataset { stores: self.stores, products: self.products, stock: self.stock }
    }
}
