//! The command side's tables, read whole or by key, always strongly consistent.
//!
//! It must never write: nothing does but the command side's own transactions.

mod item;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use chrono::{DateTime, Utc};
use contracts::{Table, TablePrefix, outbox};
use serde_dynamo::{AttributeValue as Attribute, Item};
use tokio::time::sleep;

pub(crate) use item::Unreadable;

use crate::core::Plan;
use crate::core::decode::Undecodable;

/// Most items of one page: with pages of at most 1 MB (DynamoDB's own limit) this bounds what a scan holds in memory,
/// and one statement can take their rows.
const PAGE_ITEMS: i32 = 500;
/// Most keys of one `BatchGetItem` (DynamoDB's own limit).
const GET_KEYS: usize = 100;
/// Tries of one call, besides those of the SDK: a table that throttles recovers within a minute.
const TRIES: u32 = 8;
/// Wait before the second try, doubled with every further one: 13 s in all.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DynamoDB did not answer, or refused, again and again.
    #[error("reading table {table}: {cause}")]
    Dynamodb {
        /// The table's whole name.
        table: String,
        /// What was said.
        cause: String,
    },
}

/// The tables.
#[derive(Debug, Clone)]
pub struct CommandState {
    client: Client,
    prefix: TablePrefix,
}

/// Some items of a segment, and how to go on; no way on at its end.
#[derive(Debug)]
pub(crate) struct Page {
    pub items: Vec<Item>,
    pub next: Option<Item>,
}

/// A segment of a table, for scans at the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub table: Table,
    pub number: i32,
    pub of: i32,
}

impl Segment {
    /// Its name among all segments of all tables.
    pub(crate) fn name(self) -> String {
        format!("{} {} of {}", self.table.base_name(), self.number, self.of)
    }
}

impl CommandState {
    /// The tables behind this client.
    #[must_use]
    pub fn new(client: Client, prefix: TablePrefix) -> Self {
        Self { client, prefix }
    }

    /// How many items a table had, about: DynamoDB counts them every six hours.
    pub(crate) async fn count(&self, table: Table) -> Result<u64, Error> {
        let name = self.prefix.name(table);
        let described = retry(&name, async || self.client.describe_table().table_name(&name).send().await);
        let count = described.await?.table.and_then(|table| table.item_count);
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// The items behind `after`, or the first ones.
    pub(crate) async fn page(&self, segment: Segment, after: Option<Item>) -> Result<Page, Error> {
        let name = self.prefix.name(segment.table);
        let scan = self.client.scan().table_name(&name).consistent_read(true).limit(PAGE_ITEMS);
        let scan = scan
            .segment(segment.number)
            .total_segments(segment.of)
            .set_exclusive_start_key(after.map(Into::into));
        let page = retry(&name, async || scan.clone().send().await).await?;
        let items = page.items.unwrap_or_default().into_iter().map(Item::from).collect();
        let next = page.last_evaluated_key.filter(|key| !key.is_empty()).map(Item::from);
        Ok(Page { items, next })
    }

    /// The items under these keys, as far as they are there, in no order. No key may be given twice.
    pub(crate) async fn get(&self, table: Table, keys: &[String]) -> Result<Vec<Item>, Error> {
        let name = self.prefix.name(table);
        let mut items = Vec::new();
        for chunk in keys.chunks(GET_KEYS) {
            let keys = chunk
                .iter()
                .map(|key| HashMap::from([(outbox::AGGREGATE.to_owned(), AttributeValue::S(key.clone()))]));
            let keys = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys.collect()));
            let keys = keys.build().map_err(|cause| error(&name, &cause))?;
            let mut asked = HashMap::from([(name.clone(), keys)]);
            // What was not processed is asked for again: left out, it would look as if it were not there.
            for tried in 0.. {
                let request = self.client.batch_get_item().set_request_items(Some(asked));
                let answer = retry(&name, async || request.clone().send().await).await?;
                let found = answer.responses.unwrap_or_default().remove(&name).unwrap_or_default();
                items.extend(found.into_iter().map(Item::from));
                asked = answer.unprocessed_keys.unwrap_or_default();
                if asked.is_empty() {
                    break;
                }
                if tried == TRIES {
                    let cause = "keys stayed unprocessed".to_owned();
                    return Err(Error::Dynamodb { table: name, cause });
                }
                sleep(FIRST_WAIT.saturating_mul(1 << tried)).await;
            }
        }
        Ok(items)
    }
}

async fn retry<T, E: std::error::Error + 'static>(
    table: &str,
    call: impl AsyncFn() -> Result<T, E>,
) -> Result<T, Error> {
    let mut tried = 1;
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(cause) if tried == TRIES => return Err(error(table, &cause)),
            Err(cause) => {
                let cause = error(table, &cause);
                tracing::warn!(error = &cause as &dyn std::error::Error, tried, "trying again");
            }
        }
        sleep(FIRST_WAIT.saturating_mul(1 << (tried - 1))).await;
        tried += 1;
    }
}

fn error(table: &str, cause: &(dyn std::error::Error + 'static)) -> Error {
    Error::Dynamodb { table: table.to_owned(), cause: platform::dynamodb::cause(cause) }
}

/// Why an item leads to no rows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Useless {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
}

/// Partition key of an item.
pub(crate) fn partition_key(item: &Item) -> &str {
    match item.inner().get(outbox::AGGREGATE) {
        Some(Attribute::S(key)) => key,
        _ => "",
    }
}

/// Adds the rows of an item to a plan. State does not say since when it is so: `at` stands for that.
pub(crate) fn add_rows(plan: &mut Plan, table: Table, item: Item, at: DateTime<Utc>) -> Result<(), Useless> {
    let found = match table {
        Table::Masters => item::master(item)?,
        Table::Stock => Some(item::stock(item)?),
        Table::Reservations => Some(item::reservation(item)?),
        Table::Outbox | Table::Idempotency | Table::Customers => None,
    };
    if let Some((state, version)) = found {
        plan.add_state(&state, version, at)?;
    }
    Ok(())
}
