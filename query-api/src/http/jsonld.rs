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
use super::availability::{self, AvailabilityOut, OfferOut, SkuOut, StoreOffersOut};
use super::names::{NameOut, own_code};
use super::params::AvailabilityParams;
use super::reader::Reader;
use super::supply::Supply;
use super::{CursorKey, codes};

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
    product_code: Path<ProductCode>,
    params: Query<AvailabilityParams>,
    reader: Reader,
) -> Result<Response, Problem> {
    let Dated { answer, as_of } = availability::of_product(cursors, product_code, params, reader).await?;
    Ok(Dated { answer: product_group(&answer), as_of }.into_json_ld())
}

fn product_group(answer: &AvailabilityOut) -> Value {
    let variants: Vec<Value> = answer.skus.iter().map(|sku| variant(answer, sku)).collect();
    let group = json!({
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "productGroupID": own_code(answer.product_code.as_str()),
        "variesBy": ["https://schema.org/color", "https://schema.org/size"],
        "hasVariant": variants,
    });
    named(group, &answer.name)
}

fn variant(answer: &AvailabilityOut, sku: &SkuOut) -> Value {
    let offers = answer.stores.iter().filter_map(|store| {
        let offered = store.stock.iter().find(|offered| offered.sku == sku.sku)?;
        Some(offer(store, offered))
    });
    let mut product = json!({
        "@type": "Product",
        "sku": own_code(&sku.sku),
        "offers": offers.collect::<Vec<Value>>(),
    });
    let colour = sku.colour.as_ref().and_then(NameOut::first);
    for (property, value) in [("color", colour), ("size", sku.size.as_ref()), ("gtin", sku.gtin.as_ref())] {
        if let Some(value) = value {
            product[property] = json!(value);
        }
    }
    named(product, &answer.name)
}

fn offer(store: &StoreOffersOut, offered: &OfferOut) -> Value {
    json!({
        "@type": "Offer",
        "availability": format!("https://schema.org/{}", availability(offered)),
        "inventoryLevel": {"@type": "QuantitativeValue", "value": offered.in_store},
        "availableAtOrFrom": place(store),
    })
}

/// The member of `ItemAvailability` that is meant.
fn availability(offered: &OfferOut) -> &'static str {
    match Supply::of(offered.in_store) {
        Supply::Nothing => "OutOfStock",
        Supply::Few | Supply::Enough if offered.available == 0 => "InStoreOnly",
        Supply::Few => "LimitedAvailability",
        Supply::Enough => "InStock",
    }
}

fn place(store: &StoreOffersOut) -> Value {
    let store = &store.store.store;
    let mut place = json!({"@type": "Store", "branchCode": own_code(&store.store_id)});
    if let Some(address) = store.address.as_ref().and_then(NameOut::first) {
        place["address"] = json!(address);
    }
    if let (Some(latitude), Some(longitude)) = (store.latitude, store.longitude) {
        place["geo"] = json!({"@type": "GeoCoordinates", "latitude": latitude, "longitude": longitude});
    }
    named(place, &store.name)
}

/// With its name, and the one in the other language.
fn named(mut thing: Value, name: &NameOut) -> Value {
    let names = [&name.ja, &name.en].into_iter().flatten();
    for (property, name) in ["name", "alternateName"].into_iter().zip(names) {
        thing[property] = json!(name);
    }
    thing
}
