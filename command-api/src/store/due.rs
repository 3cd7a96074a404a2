//! What is to end: the index of running holds by their deadlines.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use contracts::{ReservationId, Table, due};

use super::items::{Item, PK};
use super::{Error, Tables};

/// Holds of one page: as many as are worth reading ahead of ending them.
const PAGE: i32 = 100;

/// Holds whose time is over, as far as the index knows: it lags behind the table, which has the last word.
#[derive(Debug)]
pub struct Page {
    /// Their ids, the longest overdue first.
    pub ids: Vec<ReservationId>,
    /// Entries that are no ids of holds.
    pub unreadable: u64,
    /// Where the next page starts; an empty page need not be the last.
    pub next: Option<Start>,
}

/// Where a page starts.
#[derive(Debug, Clone)]
pub struct Start(Item);

impl Tables {
    /// Holds in one partition of the index whose time was over at `now`.
    ///
    /// # Errors
    /// When DynamoDB does not answer.
    pub async fn due(&self, shard: u8, now: DateTime<Utc>, start: Option<Start>) -> Result<Page, Error> {
        let names = [("#shard", due::SHARD), ("#expires_at", due::EXPIRES_AT), ("#pk", PK)];
        let number = |number: i64| AttributeValue::N(number.to_string());
        let page = self
            .client
            .query()
            .table_name(self.name(Table::Reservations))
            .index_name(due::INDEX)
            .key_condition_expression("#shard = :shard AND #expires_at <= :now")
            .projection_expression("#pk")
            .set_expression_attribute_names(Some(HashMap::from(
                names.map(|(name, attribute)| (name.to_owned(), attribute.to_owned())),
            )))
            .expression_attribute_values(":shard", number(shard.into()))
            .expression_attribute_values(":now", number(now.timestamp_micros()))
            .limit(PAGE)
            .set_exclusive_start_key(start.map(|Start(key)| key))
            .send()
            .await
            .map_err(Error::of)?;
        let mut found = Page { ids: Vec::new(), unreadable: 0, next: page.last_evaluated_key.map(Start) };
        for item in page.items.unwrap_or_default() {
            match item.get(PK).and_then(|pk| pk.as_s().ok()?.parse().ok()) {
                Some(id) => found.ids.push(id),
                None => found.unreadable += 1,
            }
        }
        Ok(found)
    }
}
