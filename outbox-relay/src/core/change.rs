//! What a stream record says of an outbox row.

use serde_dynamo::Item;

/// A change of an outbox row. An outbox row is written once, never changed, and removed by its time to live: anything
/// else is put aside, not guessed at.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The row was written: it carries an event.
    Inserted(Item),
    /// The row's time to live was over. Its event was published when it was written.
    Expired,
    /// Somebody removed the row. Its event was published when it was written, and came before this in the stream; but
    /// nobody should.
    Removed,
    /// Not what an outbox's stream has.
    Unexpected {
        /// Why.
        reason: String,
        /// What there is of the row: the row, or else its key, by which the row can be found in the table.
        row: Item,
    },
    /// Not a change of a table at all.
    Unreadable {
        /// Why.
        reason: String,
        /// The record as it came.
        record: String,
    },
}

/// Who removes what is past its time to live (`userIdentity`; developer guide, DynamoDB Streams and Time to Live).
const TIME_TO_LIVE: (&str, &str) = ("Service", "dynamodb.amazonaws.com");

impl Change {
    /// The change that a record names so (`eventName`), with the row's key and, where the stream carries it, the row.
    ///
    /// A record of a new row without the row (a stream that is not `NEW_IMAGE`) carries an event that we cannot read;
    /// taken for a removal, it would be lost in silence.
    #[must_use]
    pub fn of(name: &str, keys: Item, image: Option<Item>) -> Self {
        match (name, image) {
            ("REMOVE", _) => Self::Removed,
            ("INSERT", Some(image)) => Self::Inserted(image),
            ("INSERT", None) => {
                Self::Unexpected { reason: "the record does not carry the new row".to_owned(), row: keys }
            }
            (name, image) => Self::Unexpected {
                reason: format!("an outbox row is written once, and this changes one: {name:?}"),
                row: image.unwrap_or(keys),
            },
        }
    }

    /// The same change, made by whom the record names (`userIdentity`'s type and principal).
    #[must_use]
    pub fn made_by(self, kind: &str, principal: &str) -> Self {
        match self {
            Self::Removed if (kind, principal) == TIME_TO_LIVE => Self::Expired,
            other => other,
        }
    }

    /// What there is of it, as text: the row in DynamoDB's JSON, or the record as it came.
    pub(crate) fn kept(&self) -> String {
        match self {
            Self::Inserted(row) | Self::Unexpected { row, .. } => {
                serde_json::to_string(row).unwrap_or_default()
            }
            Self::Unreadable { record, .. } => record.clone(),
            Self::Expired | Self::Removed => String::new(),
        }
    }
}
