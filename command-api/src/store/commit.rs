//! Writing: one command is one `TransactWriteItems`.

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

use super::items::{self, Item, PK, VERSION};
use super::{Changes, Error, Key, Put, State, Tables};

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
}

impl Tables {
    /// Writes all of it or nothing.
    ///
    /// # Errors
    /// See [`Error`]. Only [`Error::Stale`] says that nothing was written; after [`Error::Busy`] and
    /// [`Error::Unavailable`] the idempotency record tells.
    pub async fn commit(&self, changes: &Changes) -> Result<(), Error> {
        let writes = writes(changes, self.outbox_days)?;
        let mut request = self.client.transact_write_items();
        for write in &writes {
            request = request.transact_items(self.transact_item(write)?);
        }
        // Whoever decides what a lost answer means has to hear of each: the SDK would try again by itself, and tell only how
        // the last try ended.
        let once = aws_sdk_dynamodb::Config::builder().retry_config(RetryConfig::disabled());
        let Err(error) = request.customize().config_override(once).send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Err(cancelled_because(&writes, cancelled.cancellation_reasons()))
            }
            _ => Err(Error::of(error)),
        }
    }

    fn transact_item(&self, write: &Write) -> Result<TransactWriteItem, Error> {
        let put = PutItem::builder()
            .table_name(self.name(write.table))
            .set_item(Some(write.item.clone()))
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

/// The idempotency record first: its reason is the first that is looked at.
fn writes(changes: &Changes, outbox_days: i64) -> Result<Vec<Write>, Error> {
    let ttl = (changes.at + Duration::days(REPLY_DAYS)).timestamp();
    let reply = Write {
        table: Table::Idempotency,
        item: items::reply(&changes.command, &changes.reply, changes.at, ttl)?,
        condition: Condition::New,
        key: Some(Key::Reply(changes.command.clone())),
    };
    let mut writes = vec![reply];
    for put in &changes.puts {
        let (key, item, condition) = match put {
            Put::Stock(changed) => (
                Key::Stock(changed.key.clone()),
                items::stock(&changed.key, changed.stock())?,
                Condition::replaces(changed.replaces),
            ),
            Put::Reservation(reservation) => (
                Key::Reservation(reservation.id),
                items::reservation(reservation)?,
                Condition::precedes(reservation.version),
            ),
            Put::Customer(key, holds) => (
                Key::Customer(key.clone()),
                items::customer(key, *holds, ttl)?,
                Condition::precedes(holds.version),
            ),
            Put::Store(store) => {
                (Key::Store(store.store_id.clone()), items::store(store)?, Condition::precedes(store.version))
            }
            Put::Product(product) => (
                Key::Product(product.product_code.clone()),
                items::product(product)?,
                Condition::precedes(product.version),
            ),
            Put::Sku(sku, product_code) => {
                (Key::Sku(sku.clone()), items::sku(sku, product_code)?, Condition::New)
            }
        };
        writes.push(Write { table: key.table(), item, condition, key: Some(key) });
    }
    for event in &changes.events {
        let item = outbox_row(event, changes.at + Duration::days(outbox_days));
        writes.push(Write { table: Table::Outbox, item, condition: Condition::New, key: None });
    }
    Ok(writes)
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

/// Reads the reasons, which come in the order of the items. A repeated command outweighs all others; then what cannot
/// work at all; then what has to be decided again; then what only has to wait.
fn cancelled_because(writes: &[Write], reasons: &[CancellationReason]) -> Error {
    let mut newer = State::default();
    let (mut stale, mut busy, mut defect) = (false, None, None);
    for (write, reason) in writes.iter().zip(reasons) {
        let message = || format!("{:?} {:?}", write.table, reason.message().unwrap_or_default());
        match reason.code().unwrap_or("None") {
            "None" => {}
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
    }
    match (newer.reply.take(), defect, stale, busy) {
        (Some(reply), ..) => Error::Done(Box::new(reply)),
        (None, Some(cause), ..) => Error::Defect(cause),
        (None, None, true, _) => Error::Stale(Box::new(newer)),
        (None, None, false, Some(cause)) => Error::Busy(cause),
        (None, None, false, None) => Error::Defect("cancelled without a reason".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CommandId;

    fn write(key: Option<Key>) -> Write {
        Write { table: Table::Outbox, item: Item::new(), condition: Condition::New, key }
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
        let told = |first: &str, second: &str| cancelled_because(&writes, &[reason(first), reason(second)]);
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
            let error = cancelled_because(&writes, &[repeated.clone(), reason(other)]);
            assert!(matches!(error, Error::Done(reply) if reply.status == 200), "{other}");
        }
    }
}
