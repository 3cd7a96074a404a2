//! Defining stores and products.

use serde_json::json;

use super::events::Happened;
use super::member::Basis;
use super::out::{ProductOut, StoreOut};
use super::run::{Decision, Unseen};
use super::{Answer, App, Context, Error};
use crate::domain::Refusal;
use crate::domain::master::{Product, Store};
use crate::store::{Key, Put};

impl App {
    /// Defines a store, or defines it anew.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn define_store(&self, context: &Context, wanted: Store) -> Result<Answer, Error> {
        self.observed("define_store", context, self.try_define_store(context, wanted)).await
    }

    async fn try_define_store(&self, context: &Context, wanted: Store) -> Result<Answer, Error> {
        let brand = wanted.store_id.brand();
        context.caller.may_define(&brand).or_unseen(|| Refusal::UnknownStore(wanted.store_id.clone()))?;
        let keys = vec![Key::Store(wanted.store_id.clone())];
        self.run(context, keys, Basis::Read, move |context, state, _| {
            let current = state.store(&wanted.store_id);
            context.check_version(current.map_or(0, |store| store.version))?;
            let defined = Store::define(current, wanted.clone());
            let version = defined.as_ref().or(current).map_or(0, |store| store.version);
            Ok(Decision {
                happened: defined.iter().map(Happened::store_defined).collect(),
                puts: defined.into_iter().map(Put::Store).collect(),
                status: 200,
                location: None,
                version: Some(version),
                grants: None,
                body: json!(StoreOut { store_id: wanted.store_id.clone(), version }),
            })
        })
        .await
    }

    /// Defines a product and its SKUs, or defines them anew.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn define_product(&self, context: &Context, wanted: Product) -> Result<Answer, Error> {
        self.observed("define_product", context, self.try_define_product(context, wanted)).await
    }

    async fn try_define_product(&self, context: &Context, wanted: Product) -> Result<Answer, Error> {
        let brand = wanted.product_code.brand();
        context
            .caller
            .may_define(&brand)
            .or_unseen(|| Refusal::UnknownProduct(wanted.product_code.clone()))?;
        let mut keys = vec![Key::Product(wanted.product_code.clone())];
        keys.extend(wanted.skus.iter().map(|info| Key::Sku(info.sku.clone())));
        self.run(context, keys, Basis::Read, move |context, state, _| {
            let current = state.product(&wanted.product_code);
            context.check_version(current.map_or(0, |product| product.version))?;
            let defined = Product::define(current, |sku| state.owner(sku), wanted.clone())?;
            let version = defined.as_ref().or(current).map_or(0, |product| product.version);
            let happened = defined.iter().map(Happened::product_defined).collect();
            let new_skus = wanted.skus.iter().filter(|info| state.owner(&info.sku).is_none());
            let mut puts: Vec<Put> =
                new_skus.map(|info| Put::Sku(info.sku.clone(), wanted.product_code.clone())).collect();
            puts.extend(defined.map(Put::Product));
            Ok(Decision {
                puts,
                happened,
                status: 200,
                location: None,
                version: Some(version),
                grants: None,
                body: json!(ProductOut { product_code: wanted.product_code.clone(), version }),
            })
        })
        .await
    }
}
