//! Writing: each command is whole in one `TransactWriteItems`, alone or with others.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put as PutItem, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use chrono::{DateTime, Duration, Utc};
use contracts::{Table, events, outbox};
use prost::Message;

use super::group::Merged;
use super::items::{self, Item, PK, VERSION};
use super::{Error, Group, Key, Lost, Put, State, Tables};

/// How long a reply is kept. At least the 7 days that clients may count on, and a day more for clocks and TTL.
const REPLY_DAYS: i64 = 8;
/// How long an outbox row is kept unless configured: well past the 24 hours that its stream holds it.
pub(super) const OUTBOX_DAYS: i64 = 7;
/// Fewest days that an outbox row may be kept. The stream has it for one (developer guide, Streams); another is for a
/// relay that is behind, whose operator then still finds in the table what the stream is about to drop.
pub const MIN_OUTBOX_DAYS: i64 = 2;
/// Most days that an outbox row may be kept: it holds customers' names, and a year is past every use of it.
pub const MAX_OUTBOX_DAYS: i64 = 365;
/// Days that the time to live may take to remove a row that is past it ("within a few days", developer guide, TTL;
/// commonly within two).
pub const TTL_DAYS: i64 = 2;

/// How an item's write depends on what is there.
enum Condition {
    /// Nothing is there.
    New,
    /// This version is there.
    Follows(u64),
}

impl Condition {
    fn replaces(version: u64) -> Self {
        if version == 0 { Self::New } else { Self::Follows(version) }
    }

    /// For what is raised by one with every command.
    fn precedes(version: u64) -> Self {
        Self::replaces(version.saturating_sub(1))
    }
}

/// One item of the transaction, and the item that it would replace.
struct Write {
    table: Table,
    item: Item,
    condition: Condition,
    /// `None` for an outbox row: its aggregate is in the same transaction and fails with it.
    key: Option<Key>,
    /// The commands whose item it is, by their places in the group.
    by: Vec<usize>,
}

/// Whoever decides what a lost answer means has to hear of each: the SDK would try again by itself, and tell only how the last
/// try ended.
pub(super) fn writer(client: &Client) -> Client {
    Client::from_conf(client.config().to_builder().retry_config(RetryConfig::disabled()).build())
}

impl Tables {
    /// Writes all of it or nothing.
    ///
    /// # Errors
    /// See [`Error`]. Only [`Error::Stale`] says that nothing was written; after [`Error::Busy`] and
    /// [`Error::Unavailable`] the idempotency records tell.
    pub async fn commit(&self, group: &Group) -> Result<(), Lost> {
        let nobody = |cause| Lost { cause, at: Vec::new() };
        let mut writes = writes(group, self.outbox_days).map_err(nobody)?;
        let items: Result<_, _> = writes.iter_mut().map(|write| self.transact_item(write)).collect();
        let request = self.writer.transact_write_items().set_transact_items(Some(items.map_err(nobody)?));
        let Err(error) = request.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Err(cancelled_because(&writes, group.commands.len(), cancelled.cancellation_reasons()))
            }
            _ => Err(nobody(Error::of(error))),
        }
    }

    /// Takes the item out of the write: what is left tells whose it was.
    fn transact_item(&self, write: &mut Write) -> Result<TransactWriteItem, Error> {
        let put = PutItem::builder()
            .table_name(self.name(write.table))
            .set_item(Some(std::mem::take(&mut write.item)))
            // What is there comes back with the refusal: no second read.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match write.condition {
            Condition::New => {
                put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK)
            }
            Condition::Follows(version) => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":before", AttributeValue::N(version.to_string())),
        };
        let put = put.build().map_err(|cause| Error::Defect(cause.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// The idempotency records, then what is changed, then the events.
fn writes(group: &Group, outbox_days: i64) -> Result<Vec<Write>, Error> {
    let mut writes = Vec::with_capacity(group.len());
    for (number, changes) in group.commands.iter().enumerate() {
        let ttl = reply_ttl(changes.at);
        writes.push(Write {
            table: Table::Idempotency,
            item: items::reply(&changes.command, &changes.reply, changes.at, ttl)?,
            condition: Condition::New,
            key: Some(Key::Reply(changes.command.clone())),
            by: vec![number],
        });
    }
    for Merged { key, first, last, by } in &group.items {
        let last_by = by.last().and_then(|number| group.commands.get(*number));
        let item = item(last, last_by.map_or(0, |changes| reply_ttl(changes.at)))?;
        let (table, condition) = (key.table(), condition(first));
        writes.push(Write { table, item, condition, key: Some(key.clone()), by: by.clone() });
    }
    for (number, changes) in group.commands.iter().enumerate() {
        for event in &changes.events {
            let item = outbox_row(event, changes.at + Duration::days(outbox_days));
            let (table, condition, by) = (Table::Outbox, Condition::New, vec![number]);
            writes.push(Write { table, item, condition, key: None, by });
        }
    }
    Ok(writes)
}

fn reply_ttl(at: DateTime<Utc>) -> i64 {
    (at + Duration::days(REPLY_DAYS)).timestamp()
}

/// What must be there for a put.
fn condition(put: &Put) -> Condition {
    match put {
        Put::Stock(changed) => Condition::replaces(changed.replaces),
        Put::Reservation(reservation) => Condition::precedes(reservation.version),
        Put::Customer(_, holds) => Condition::precedes(holds.version),
        Put::Store(store) => Condition::precedes(store.version),
        Put::Product(product) => Condition::precedes(product.version),
        Put::Sku(..) => Condition::New,
    }
}

fn item(put: &Put, ttl: i64) -> Result<Item, Error> {
    match put {
        Put::Stock(changed) => items::stock(&changed.key, changed.stock()),
        Put::Reservation(reservation) => items::reservation(reservation),
        Put::Customer(key, holds) => items::customer(key, *holds, ttl),
        Put::Store(store) => items::store(store),
        Put::Product(product) => items::product(product),
        Put::Sku(sku, product_code) => items::sku(sku, product_code),
    }
}

fn outbox_row(event: &events::Envelope, until: DateTime<Utc>) -> Item {
    let ttl = until.timestamp();
    let event_type = event.event.as_ref().map_or("unknown", contracts::event_type);
    Item::from([
        (outbox::AGGREGATE.to_owned(), AttributeValue::S(event.aggregate.clone())),
        (outbox::VERSION.to_owned(), AttributeValue::N(event.version.to_string())),
        (outbox::EVENT_TYPE.to_owned(), AttributeValue::S(event_type.to_owned())),
        (outbox::ENVELOPE.to_owned(), AttributeValue::B(Blob::new(event.encode_to_vec()))),
        (outbox::SCHEMA.to_owned(), AttributeValue::N(outbox::SCHEMA_VERSION.to_string())),
        (outbox::TTL.to_owned(), AttributeValue::N(ttl.to_string())),
    ])
}

/// Reads the reasons, which come in the order of the items. That a command was carried out before outweighs all others; then
/// what cannot work at all; then what has to be decided again; then what only has to wait.
fn cancelled_because(writes: &[Write], commands: usize, reasons: &[CancellationReason]) -> Lost {
    let mut newer = State::default();
    let (mut stale, mut busy, mut defect) = (false, None, None);
    let mut at = BTreeSet::new();
    for (write, reason) in writes.iter().zip(reasons) {
        let message = || format!("{:?} {:?}", write.table, reason.message().unwrap_or_default());
        match reason.code().unwrap_or("None") {
            "None" => continue,
            "ConditionalCheckFailed" => {
                stale = true;
                if let (Some(key), Some(item)) = (&write.key, reason.item())
                    && !item.is_empty()
                    && let Err(error) = newer.insert(key, item.clone())
                {
                    defect = Some(error.to_string());
                }
            }
            "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" => {
                busy = Some(message())
            }
            _ => defect = Some(message()),
        }
        // What all of them write is nobody's own.
        if write.by.len() < commands {
            at.extend(write.by.iter().copied());
        }
    }
    let cause = match (defect, stale, busy) {
        _ if !newer.replies.is_empty() => Error::Stale(Box::new(newer)),
        (Some(cause), ..) => Error::Defect(cause),
        (None, true, _) => Error::Stale(Box::new(newer)),
        (None, false, Some(cause)) => Error::Busy(cause),
        (None, false, None) => Error::Defect("cancelled without a reason".to_owned()),
    };
    Lost { cause, at: at.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CommandId;

    fn write(key: Option<Key>) -> Write {
        owned(key, vec![0])
    }

    fn owned(key: Option<Key>, by: Vec<usize>) -> Write {
        Write { table: Table::Outbox, item: Item::new(), condition: Condition::New, key, by }
    }

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    fn reply_item() -> Item {
        let reply = super::super::Reply {
            request_hash: "h".into(),
            status: 200,
            location: None,
            version: None,
            grants: None,
            token: None,
            body: "{}".into(),
        };
        items::reply(&CommandId("c".into()), &reply, Utc::now(), 0).unwrap()
    }

    #[test]
    fn the_reasons_are_told_apart() {
        let writes = [write(Some(Key::Reply(CommandId("c".into())))), write(None)];
        let told =
            |first: &str, second: &str| cancelled_because(&writes, 1, &[reason(first), reason(second)]).cause;
        assert!(matches!(told("None", "TransactionConflict"), Error::Busy(_)));
        assert!(matches!(told("ThrottlingError", "None"), Error::Busy(_)));
        assert!(matches!(told("None", "ProvisionedThroughputExceeded"), Error::Busy(_)));
        assert!(matches!(told("None", "ConditionalCheckFailed"), Error::Stale(_)));
        assert!(matches!(told("TransactionConflict", "ConditionalCheckFailed"), Error::Stale(_)));
        assert!(matches!(told("None", "ValidationError"), Error::Defect(_)));
        assert!(matches!(told("None", "ItemCollectionSizeLimitExceeded"), Error::Defect(_)));
        assert!(matches!(told("None", "None"), Error::Defect(_)));
    }

    #[test]
    fn a_repeated_command_outweighs_every_other_reason() {
        let writes = [write(Some(Key::Reply(CommandId("c".into())))), write(None)];
        let repeated =
            CancellationReason::builder().code("ConditionalCheckFailed").set_item(Some(reply_item())).build();
        for other in ["ConditionalCheckFailed", "TransactionConflict", "ValidationError"] {
            let lost = cancelled_because(&writes, 1, &[repeated.clone(), reason(other)]);
            let Error::Stale(newer) = lost.cause else { panic!("{other}: {:?}", lost.cause) };
            assert_eq!(newer.reply(&CommandId("c".into())).map(|reply| reply.status), Some(200), "{other}");
        }
    }

    #[test]
    fn who_lost_it_is_told_by_items_that_are_not_everybodys() {
        let writes = [vec![0], vec![1], vec![0, 1, 2], vec![1, 2]].map(|by| owned(None, by));
        let told = |codes: [&str; 4]| cancelled_because(&writes, 3, &codes.map(reason)).at;
        assert_eq!(told(["None", "TransactionConflict", "None", "None"]), [1]);
        assert_eq!(told(["ValidationError", "None", "ConditionalCheckFailed", "None"]), [0]);
        assert_eq!(told(["None", "None", "None", "ThrottlingError"]), [1, 2]);
        assert!(told(["None", "None", "ConditionalCheckFailed", "None"]).is_empty());
    }
}
