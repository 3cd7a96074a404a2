//! The chain that a run is about: everything follows from a number, so that an arrival names what it wants by one.

use anyhow::Result;
use contracts::{Level, Text};

use super::scenario::Chain;
use crate::bench::shape;
use crate::dataset::{Dataset, Position, Product, SkuInfo, Stock, Store};

/// The stores are as far apart as if there were so many on the same ground: a few are near, as in most towns.
const GROUND: u64 = 500;
/// SKUs of a product: one of each size.
pub(super) const SKUS_PER_PRODUCT: u32 = shape::SKUS_PER_PRODUCT as u32;

impl Chain {
    /// What the stack is filled with.
    ///
    /// # Errors
    /// When a name that is made here is none, which a test excludes.
    pub(crate) fn dataset(&self) -> Result<Dataset> {
        let stores = (0..self.stores).map(|n| {
            let (latitude, longitude) = shape::place(GROUND, n.into());
            Ok(Store {
                id: store(n).parse()?,
                name: text(&format!("店舗 {n}"))?,
                address: None,
                position: Some(Position { latitude, longitude }),
                time_zone: "Asia/Tokyo".to_owned(),
                opening_hours: None,
                hold_policy: None,
            })
        });
        let products = (0..self.products).map(|n| {
            let skus = (n * SKUS_PER_PRODUCT..(n + 1) * SKUS_PER_PRODUCT).map(|n| {
                Ok(SkuInfo {
                    sku: sku(n).parse()?,
                    colour: Some(text(shape::colour(n.into()))?),
                    size: Some(shape::size(n.into()).to_owned()),
                    gtin: None,
                })
            });
            let (code, name) = (shape::product(n.into()).parse()?, text(&shape::name(n.into()))?);
            Ok(Product { code, name, skus: skus.collect::<Result<_>>()? })
        });
        let pairs = (0..self.stores).flat_map(|store| (0..self.skus()).map(move |sku| (store, sku)));
        let stock = pairs.map(|(at, of)| {
            let on_hand = Level::try_from(u64::from(self.pieces_of(at, of)))?;
            Ok(Stock {
                store_id: store(at).parse()?,
                sku: sku(of).parse()?,
                on_hand,
                safety: Level::try_from(0)?,
            })
        });
        Ok(Dataset {
            stores: stores.collect::<Result<_>>()?,
            products: products.collect::<Result<_>>()?,
            stock: stock.collect::<Result<_>>()?,
        })
    }

    /// How many pieces of a SKU a store begins with.
    pub(super) fn pieces_of(&self, store: u32, sku: u32) -> u32 {
        if self.on_sale(store, sku) { self.sale_pieces } else { self.pieces }
    }

    /// Whether the sale is about these.
    pub(super) fn on_sale(&self, store: u32, sku: u32) -> bool {
        store < self.sale_stores && sku < self.sale_skus
    }
}

fn text(name: &str) -> Result<Text> {
    Ok(Text::new(Some(name.to_owned()), None)?)
}

/// The id of the nth store.
pub(super) fn store(n: u32) -> String {
    shape::store(n.into())
}

/// The nth SKU; those of a product follow each other.
pub(super) fn sku(n: u32) -> String {
    shape::sku(n.into())
}

/// The product of the nth SKU.
pub(super) fn product_of(sku: u32) -> String {
    shape::product(shape::product_of(sku.into()))
}

/// What somebody types who looks for the nth SKU: two of its product's words.
pub(super) fn words_for(sku: u32) -> String {
    let name = shape::name(shape::product_of(sku.into()));
    name.split(' ').next().unwrap_or_default().to_owned()
}

/// Where the nth store is, as a lookup says it.
pub(crate) fn near(store: u32) -> String {
    let (latitude, longitude) = shape::place(GROUND, store.into());
    format!("{latitude:.4},{longitude:.4}")
}
