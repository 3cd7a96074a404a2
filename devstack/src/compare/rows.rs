//! Row by row and field by field, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Product, Reservation, Sku, State, Stock, Store};

/// One row as names and values. Both sides are written out by the same code, so equal values are equal texts.
trait Row {
    fn fields(&self) -> Vec<(&'static str, String)>;
}

fn shown<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("`{}`", value.to_string()))
}

impl Row for Stock {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("brand", self.brand.clone()),
            ("version", self.version.to_string()),
            ("on_hand", self.on_hand.to_string()),
            ("held", self.held.to_string()),
            ("safety", self.safety.to_string()),
            ("available", self.available.to_string()),
        ]
    }
}

impl Row for Reservation {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let lines: Vec<String> =
            self.lines.iter().map(|(sku, quantity)| format!("{quantity} × {sku}")).collect();
        vec![
            ("brand", self.brand.clone()),
            ("version", self.version.to_string()),
            ("status", self.status.clone()),
            ("store_id", self.store_id.clone()),
            ("lines", if lines.is_empty() { "nothing".to_owned() } else { lines.join(", ") }),
            ("customer_name", self.customer.name.clone()),
            ("customer_phone", shown(self.customer.phone.as_ref())),
            ("customer_email", shown(self.customer.email.as_ref())),
            ("placed_at", self.placed_at.to_string()),
            ("expires_at", self.expires_at.to_string()),
            ("extensions", self.extensions.to_string()),
            ("customer_id", shown(self.customer_id.as_ref())),
            ("capability_hash", shown(self.capability_hash.as_ref())),
        ]
    }
}

impl Row for Store {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("brand", self.brand.clone()),
            ("version", self.version.to_string()),
            ("name_ja", shown(self.name.ja.as_ref())),
            ("name_en", shown(self.name.en.as_ref())),
            ("address_ja", shown(self.address.ja.as_ref())),
            ("address_en", shown(self.address.en.as_ref())),
            ("latitude", shown(self.latitude.as_ref())),
            ("longitude", shown(self.longitude.as_ref())),
            ("time_zone", self.time_zone.clone()),
            ("opening_hours", self.opening_hours.to_string()),
            ("hold_policy", self.hold_policy.to_string()),
        ]
    }
}

impl Row for Product {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("brand", self.brand.clone()),
            ("version", self.version.to_string()),
            ("name_ja", shown(self.name.ja.as_ref())),
            ("name_en", shown(self.name.en.as_ref())),
        ]
    }
}

impl Row for Sku {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("brand", self.brand.clone()),
            ("product_code", self.product_code.clone()),
            ("version", self.version.to_string()),
            ("colour_ja", shown(self.colour.ja.as_ref())),
            ("colour_en", shown(self.colour.en.as_ref())),
            ("size", shown(self.size.as_ref())),
            ("gtin", shown(self.gtin.as_ref())),
        ]
    }
}

/// Where the two sides do not say the same.
pub(super) fn differences(command: &State, projection: &State) -> Vec<String> {
    let mut found = Vec::new();
    compare("store", &command.stores, &projection.stores, &mut found);
    compare("product", &command.products, &projection.products, &mut found);
    compare("sku", &command.skus, &projection.skus, &mut found);
    compare("stock", &command.stock, &projection.stock, &mut found);
    compare("reservation", &command.reservations, &projection.reservations, &mut found);
    found
}

fn compare<R: Row>(
    kind: &str,
    command: &BTreeMap<String, R>,
    projection: &BTreeMap<String, R>,
    found: &mut Vec<String>,
) {
    let keys: BTreeSet<&String> = command.keys().chain(projection.keys()).collect();
    for key in keys {
        match (command.get(key), projection.get(key)) {
            (Some(ours), Some(theirs)) => {
                for ((field, ours), (_, theirs)) in ours.fields().into_iter().zip(theirs.fields()) {
                    if ours != theirs {
                        found.push(format!("{kind} {key}: {field} is {ours} in DynamoDB, {theirs} in MySQL"));
                    }
                }
            }
            (Some(_), None) => found.push(format!("{kind} {key}: in DynamoDB, missing in MySQL")),
            (None, Some(_)) => found.push(format!("{kind} {key}: missing in DynamoDB, in MySQL")),
            (None, None) => {}
        }
    }
}
