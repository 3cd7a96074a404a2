//! Reads the write side over DynamoDB's own API, page by page.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use contracts::{Table, TablePrefix, outbox};
use platform::dynamodb::Dynamodb;
use serde_json::Value;

use super::invariants::KEEPING;
use super::state::{
    Command, Customer, OutboxRow, Product, Reservation, Sku, Stock, Store, Text, available, brand_of,
};

/// Items of one page: an emulator fills it well within the time that one call may take.
const PAGE: i32 = 1_000;

/// The tables.
#[derive(Debug)]
pub(super) struct Tables {
    client: Client,
    prefix: TablePrefix,
}

impl Tables {
    pub(super) async fn connect(dynamodb: &Dynamodb) -> Self {
        let client = Client::new(&dynamodb.sdk_config().await);
        Self { client, prefix: dynamodb.table_prefix.clone() }
    }

    fn scan(&self, table: Table) -> ScanFluentBuilder {
        self.client.scan().table_name(self.prefix.name(table)).consistent_read(true).limit(PAGE)
    }

    /// How many items a table has.
    pub(super) async fn count(&self, table: Table) -> Result<usize> {
        let mut pages = self.scan(table).select(Select::Count).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.try_next().await? {
            count += usize::try_from(page.count()).unwrap_or_default();
        }
        Ok(count)
    }

    async fn items(&self, table: Table) -> Result<Vec<Item>> {
        let mut items = self.scan(table).into_paginator().items().send();
        let mut read = Vec::new();
        while let Some(item) = items.try_next().await? {
            read.push(Item(item));
        }
        Ok(read)
    }

    /// Everything.
    pub(super) async fn read(&self) -> Result<Command> {
        let mut command = Command::default();
        for table in [Table::Stock, Table::Reservations, Table::Customers, Table::Masters, Table::Outbox] {
            for item in self.items(table).await.with_context(|| self.prefix.name(table))? {
                let pk = item.text("pk")?;
                add(&mut command, table, &pk, &item)
                    .with_context(|| format!("item {pk} of {}", self.prefix.name(table)))?;
            }
        }
        Ok(command)
    }
}

fn add(command: &mut Command, table: Table, pk: &str, item: &Item) -> Result<()> {
    let state = &mut command.state;
    match (table, pk.split_once('#')) {
        (Table::Stock, _) => {
            state.stock.insert(pk.to_owned(), stock(pk, item)?);
        }
        (Table::Reservations, _) => {
            let reservation = reservation(item)?;
            if KEEPING.contains(&reservation.status.as_str()) {
                command.customer_keys.extend(item.texts("customer_keys")?);
            }
            state.reservations.insert(pk.to_owned(), reservation);
        }
        (Table::Customers, _) => {
            command.active_holds.insert(pk.to_owned(), item.number("active")?);
        }
        (Table::Masters, Some(("store", id))) => {
            state.stores.insert(id.to_owned(), store(id, item)?);
        }
        (Table::Masters, Some(("product", code))) => {
            let product = product(code, item)?;
            for info in item.list("skus")? {
                state.skus.insert(info.text("sku")?, sku(code, product.version, &info)?);
            }
            state.products.insert(code.to_owned(), product);
        }
        (Table::Masters, Some(("sku", sku))) => {
            command.owners.insert(sku.to_owned(), item.text("product_code")?);
        }
        (Table::Outbox, _) => command.outbox.push(outbox_row(pk, item)?),
        (Table::Masters | Table::Idempotency, _) => return Err(anyhow!("nobody knows what this is")),
    }
    Ok(())
}

fn stock(pk: &str, item: &Item) -> Result<Stock> {
    let [on_hand, held, safety] = [item.number("on_hand")?, item.number("held")?, item.number("safety")?];
    Ok(Stock {
        brand: brand_of(pk),
        version: item.number("version")?,
        on_hand,
        held,
        safety,
        available: available(on_hand, held, safety),
    })
}

fn reservation(item: &Item) -> Result<Reservation> {
    let store_id = item.text("store_id")?;
    let mut lines = BTreeMap::new();
    for line in item.list("lines")? {
        let before = lines.insert(line.text("sku")?, line.number("quantity")?);
        anyhow::ensure!(before.is_none(), "two lines have the same SKU");
    }
    let customer = item.map("customer")?;
    Ok(Reservation {
        brand: brand_of(&store_id),
        version: item.number("version")?,
        status: item.text("status")?,
        store_id,
        lines,
        customer: Customer {
            name: customer.text("name")?,
            phone: customer.optional("phone", Item::text)?,
            email: customer.optional("email", Item::text)?,
        },
        placed_at: item.number("placed_at")?,
        expires_at: item.number("expires_at")?,
        extensions: item.number("extensions")?,
        customer_id: item.optional("customer_id", Item::text)?,
        capability_hash: item.optional("capability_hash", Item::text)?,
    })
}

fn store(id: &str, item: &Item) -> Result<Store> {
    let position = item.optional("position", Item::map)?;
    let degrees = |name| position.as_ref().map(|position| position.number(name)).transpose();
    Ok(Store {
        brand: brand_of(id),
        version: item.number("version")?,
        name: text(&item.map("name")?)?,
        address: optional_text(item, "address")?,
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        time_zone: item.text("time_zone")?,
        opening_hours: item.json("opening_hours")?,
        hold_policy: item.json("hold_policy")?,
    })
}

fn product(code: &str, item: &Item) -> Result<Product> {
    Ok(Product { brand: brand_of(code), version: item.number("version")?, name: text(&item.map("name")?)? })
}

fn sku(code: &str, version: u64, info: &Item) -> Result<Sku> {
    Ok(Sku {
        brand: brand_of(code),
        product_code: code.to_owned(),
        version,
        colour: optional_text(info, "colour")?,
        size: info.optional("size", Item::text)?,
        gtin: info.optional("gtin", Item::text)?,
    })
}

fn text(languages: &Item) -> Result<Text> {
    Ok(Text { ja: languages.optional("ja", Item::text)?, en: languages.optional("en", Item::text)? })
}

fn optional_text(item: &Item, name: &str) -> Result<Text> {
    item.optional(name, Item::map)?.map_or_else(|| Ok(Text::default()), |languages| text(&languages))
}

fn outbox_row(pk: &str, item: &Item) -> Result<OutboxRow> {
    Ok(OutboxRow {
        aggregate: pk.to_owned(),
        version: item.number(outbox::VERSION)?,
        event_type: item.text(outbox::EVENT_TYPE)?,
        envelope: item.bytes(outbox::ENVELOPE)?,
    })
}

/// The attributes of an item, or of a map in one.
struct Item(HashMap<String, AttributeValue>);

impl Item {
    fn get<T>(&self, name: &str, kind: &str, as_kind: impl Fn(&AttributeValue) -> Option<T>) -> Result<T> {
        let value = self.0.get(name).ok_or_else(|| anyhow!("there is no {name}"))?;
        as_kind(value).ok_or_else(|| anyhow!("{name} is no {kind}: {value:?}"))
    }

    fn text(&self, name: &str) -> Result<String> {
        self.get(name, "text", |value| value.as_s().ok().cloned())
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Result<N> {
        self.get(name, "number of its kind", |value| value.as_n().ok()?.parse().ok())
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.get(name, "binary", |value| value.as_b().ok().map(|bytes| bytes.as_ref().to_vec()))
    }

    fn map(&self, name: &str) -> Result<Self> {
        self.get(name, "map", |value| value.as_m().ok().cloned().map(Self))
    }

    fn json(&self, name: &str) -> Result<Value> {
        let value = self.get(name, "value", |value| Some(value.clone()))?;
        Ok(serde_dynamo::aws_sdk_dynamodb_1::from_attribute_value(value)?)
    }

    fn texts(&self, name: &str) -> Result<Vec<String>> {
        self.get(name, "list of texts", |value| {
            value.as_l().ok()?.iter().map(|entry| entry.as_s().ok().cloned()).collect()
        })
    }

    fn list(&self, name: &str) -> Result<Vec<Self>> {
        self.get(name, "list of maps", |value| {
            value.as_l().ok()?.iter().map(|entry| entry.as_m().ok().cloned().map(Self)).collect()
        })
    }

    fn optional<T>(&self, name: &str, read: impl Fn(&Self, &str) -> Result<T>) -> Result<Option<T>> {
        self.0.contains_key(name).then(|| read(self, name)).transpose()
    }
}
