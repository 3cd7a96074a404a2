//! Transactions of the items of a hold, sent with nothing around them: what the command API is measured against.
//!
//! Owns the loop. It must write what the command API writes, item by item and under the same conditions, and decide nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use contracts::{Table, TablePrefix, outbox};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::hold::{MEASURED, WARM_UP};
use super::measure::Times;
use crate::usage::Usage;

type Item = HashMap<String, AttributeValue>;

/// What the tables are called that `migrate` makes unless it is told otherwise.
const PREFIX: &str = "torioki-";
const PK: &str = "pk";
const VERSION: &str = "version";

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sent {
    /// Transactions a second.
    pub per_second: f64,
    /// Microseconds of CPU time that each took of its process.
    pub cpu_us: f64,
}

/// The items of one hold as the command API wrote them, and how many have been made like them.
struct Loop {
    client: Client,
    prefix: TablePrefix,
    reply: Item,
    customer: Item,
    reservation: Item,
    event: Item,
    sent: AtomicU64,
}

/// Sends such transactions for so many clients, each one after the other and each about a count of its own.
///
/// # Errors
/// When the engine has not one hold to begin with, or takes a transaction not.
pub async fn bare(endpoint: &str, clients: usize) -> Result<Sent> {
    let (bare, counts) = Loop::like_the_hold_at(endpoint).await?;
    ensure!(counts.len() >= clients, "{clients} clients, and {} counts", counts.len());
    let counts: Vec<Item> = counts.into_iter().take(clients).collect();
    let (_, counts) = bare.run(counts, WARM_UP).await?;
    let used = || Usage::of(std::process::id()).context("what the loop uses is not known here");
    let (start, before) = (Instant::now(), used()?.cpu);
    let (each, _) = bare.run(counts, MEASURED).await?;
    let cpu = used()?.cpu.saturating_sub(before);
    let sent = each.len();
    let Times { per_second, .. } = Times::of(each, start.elapsed());
    Ok(Sent { per_second, cpu_us: super::micros_each(cpu, sent) })
}

impl Loop {
    async fn like_the_hold_at(endpoint: &str) -> Result<(Self, Vec<Item>)> {
        let config = platform::dynamodb::sdk_config(Some(endpoint)).await;
        // As the command API sends its own: each is one try.
        let config = Builder::from(&config).retry_config(RetryConfig::disabled()).build();
        let (client, prefix) =
            (Client::from_conf(config), PREFIX.parse::<TablePrefix>().map_err(Error::msg)?);
        let all = async |table| {
            let scan = client.scan().table_name(prefix.name(table)).consistent_read(true);
            let items: Result<Vec<Item>, _> = scan.into_paginator().items().send().collect().await;
            anyhow::Ok(items?)
        };
        let only = |items: Vec<Item>| items.into_iter().next().context("there is no hold to begin with");
        let reservation = only(all(Table::Reservations).await?)?;
        let id = text(&reservation, PK).to_owned();
        let about = |name, item: &Item| text(item, name).contains(&id);
        let mut replies = all(Table::Idempotency).await?;
        replies.retain(|item| about("body", item));
        let mut events = all(Table::Outbox).await?;
        events.retain(|item| about(outbox::AGGREGATE, item));
        let (reply, event, customer) = (only(replies)?, only(events)?, only(all(Table::Customers).await?)?);
        let counts = all(Table::Stock).await?;
        let sent = AtomicU64::new(0);
        Ok((Self { client, prefix, reply, customer, reservation, event, sent }, counts))
    }

    /// How long each took that was begun in that time, and the counts as they are then.
    async fn run(&self, counts: Vec<Item>, longest: Duration) -> Result<(Vec<Duration>, Vec<Item>)> {
        let end = Instant::now() + longest;
        let clients = counts.into_iter().map(|mut count| async move {
            let mut each = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                self.send(&mut count).await?;
                each.push(start.elapsed());
            }
            anyhow::Ok((each, count))
        });
        let (each, counts): (Vec<_>, Vec<_>) = try_join_all(clients).await?.into_iter().unzip();
        Ok((each.into_iter().flatten().collect(), counts))
    }

    async fn send(&self, count: &mut Item) -> Result<()> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let before = count.get(VERSION).cloned().context("a count without a version")?;
        for name in [VERSION, "held"] {
            let one_more = text(count, name).parse::<u64>()? + 1;
            count.insert(name.to_owned(), AttributeValue::N(one_more.to_string()));
        }
        let new = |table, key, item: &Item| {
            let put = self.put(table, renumbered(item, key, number));
            put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK)
        };
        let count = self
            .put(Table::Stock, count.clone())
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":before", before);
        let puts = [
            new(Table::Idempotency, PK, &self.reply),
            count,
            new(Table::Customers, PK, &self.customer),
            new(Table::Reservations, PK, &self.reservation),
            new(Table::Outbox, outbox::AGGREGATE, &self.event),
        ];
        let mut request = self.client.transact_write_items();
        for put in puts {
            request = request.transact_items(TransactWriteItem::builder().put(put.build()?).build());
        }
        request.send().await?;
        Ok(())
    }

    fn put(&self, table: Table, item: Item) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(self.prefix.name(table))
            .set_item(Some(item))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The same item under another key of the same length.
fn renumbered(item: &Item, key: &str, number: u64) -> Item {
    let number = format!("{number:012x}");
    let mut item = item.clone();
    if let Some(AttributeValue::S(text)) = item.get_mut(key) {
        text.replace_range(text.len() - number.len().., &number);
    }
    item
}

/// A text or a number; empty where it is neither.
fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_has_the_same_length() {
        let key = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
        let item = Item::from([(PK.to_owned(), AttributeValue::S(key.to_owned()))]);
        let other = renumbered(&item, PK, 31);
        assert_eq!(text(&other, PK), "0192f0c1-2d3e-7a4b-8c5d-00000000001f");
        assert_ne!(renumbered(&item, PK, 32), other);
    }
}
