//! A product's availability in the words of schema.org, for product pages and for those who read them.
//!
//! A representation of the answer about its sizes, colours and stores, and of nothing else: there is no price in it.

use axum::extract::State;
use axum::response::Response;
use contracts::ProductCode;
use platform::Problem;
use platform::extract::{Path, Query};
use serde_json::{Value, json};

use super::answer::Dated;
use super::availability;
use super::names::own_code;
use super::params::AvailabilityParams;
use super::reader::Reader;
use super::supply::Supply;
use super::{CursorKey, codes};
use crate::read::counts::{Offer, Offering};
use crate::read::products::{Product, SkuOf};
use crate::read::stores::Store;

/// A product's availability as JSON-LD
///
/// What `/availability` answers to the same parameters, as a schema.org `ProductGroup`: each `Product` in it has an `Offer` for
/// every store that counted it (`availableAtOrFrom`). What one hold can have is `InStock`, or `LimitedAvailability` where two pieces
/// or fewer are there; what is there but is kept for nobody is `InStoreOnly`. It may stand in a `<script>` as it is. Its
/// date is in the head: `As-Of`, and `Stale: true`.
#[utoipa::path(
    get, path = "/v1/products/{product_code}/jsonld", tag = "stock",
    params(("product_code" = ProductCode, Path, description = "The product."), AvailabilityParams),
    responses(
        (
            status = 200, description = "The product and its offers.", body = Object,
            content_type = "application/ld+json",
            headers(
                ("As-Of" = String, description = "Up to when the answer holds every event, where that is known."),
                ("Stale" = String, description = "`true` where that is longer ago than it should be."),
            ),
        ),
        codes::Availability,
    ),
    security(())
)]
pub(super) async fn product(
    cursors: State<CursorKey>,
    Path(product_code): Path<ProductCode>,
    params: Query<AvailabilityParams>,
    reader: Reader,
) -> Result<Response, Problem> {
    let around = availability::around(cursors, &product_code, params, reader).await?;
    let answer = product_group(&around.product, &around.skus, &around.stores);
    Ok(Dated { answer, as_of: around.as_of }.into_json_ld())
}

/// A product and where it is, as a `ProductGroup`.
pub(crate) fn product_group(product: &Product, skus: &[SkuOf], stores: &[Offering]) -> Value {
    let variants: Vec<Value> = skus.iter().map(|sku| variant(product, sku, stores)).collect();
    let group = json!({
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "productGroupID": own_code(&product.product_code),
        "variesBy": ["https://schema.org/color", "https://schema.org/size"],
        "hasVariant": variants,
    });
    named(group, &product.name_ja, &product.name_en)
}

fn variant(product: &Product, sku: &SkuOf, stores: &[Offering]) -> Value {
    let offers = stores.iter().filter_map(|Offering { store, offers, .. }| {
        let (_, offered) = offers.iter().find(|(offered, _)| *offered == sku.sku)?;
        Some(offer(store, *offered))
    });
    let mut variant = json!({
        "@type": "Product",
        "sku": own_code(&sku.sku),
        "offers": offers.collect::<Vec<Value>>(),
    });
    let colour = first(&sku.colour_ja, &sku.colour_en);
    for (property, value) in [("color", colour), ("size", sku.size.as_ref()), ("gtin", sku.gtin.as_ref())] {
        if let Some(value) = value {
            variant[property] = json!(value);
        }
    }
    named(variant, &product.name_ja, &product.name_en)
}

fn offer(store: &Store, offered: Offer) -> Value {
    json!({
        "@type": "Offer",
        "availability": format!("https://schema.org/{}", availability(offered)),
        "inventoryLevel": {"@type": "QuantitativeValue", "value": offered.in_store},
        "availableAtOrFrom": place(store),
    })
}

/// The member of `ItemAvailability` that is meant.
fn availability(offered: Offer) -> &'static str {
    match Supply::of(offered.in_store) {
        Supply::Nothing => "OutOfStock",
        Supply::Few | Supply::Enough if offered.available == 0 => "InStoreOnly",
        Supply::Few => "LimitedAvailability",
        Supply::Enough => "InStock",
    }
}

fn place(store: &Store) -> Value {
    let mut place = json!({"@type": "Store", "branchCode": own_code(&store.store_id)});
    if let Some(address) = first(&store.address_ja, &store.address_en) {
        place["address"] = json!(address);
    }
    if let (Some(latitude), Some(longitude)) = (store.latitude, store.longitude) {
        place["geo"] = json!({"@type": "GeoCoordinates", "latitude": latitude, "longitude": longitude});
    }
    named(place, &store.name_ja, &store.name_en)
}

/// With its name, and the one in the other language.
fn named(mut thing: Value, ja: &Option<String>, en: &Option<String>) -> Value {
    let names = [ja, en].into_iter().flatten();
    for (property, name) in ["name", "alternateName"].into_iter().zip(names) {
        thing[property] = json!(name);
    }
    thing
}

/// A text in one language: that of the shops.
fn first<'t>(ja: &'t Option<String>, en: &'t Option<String>) -> Option<&'t String> {
    ja.as_ref().or(en.as_ref())
}
