//! What a stream record says of an outbox row.

use serde_dynamo::Item;

/// A change of an outbox row. An outbox row is written once, never changed, and removed by its time to live: anything
/// else is put aside, not guessed at.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The row was written: it carries an event.
    Inserted(Item),
    /// The row was removed. Its event was published when it was written.
    Removed,
    /// Not what an outbox's stream has.
    Unexpected {
        /// Why.
        reason: String,
        /// What there is of the row: the row, or else its key, by which the row can be found in the table.
        row: Item,
    },
}

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
                reason: format!("an outbox row is written once, and this is a change of one: {name:?}"),
                row: image.unwrap_or(keys),
            },
        }
    }

    /// What there is of the row.
    pub(crate) fn row(&self) -> Option<&Item> {
        match self {
            Self::Inserted(row) | Self::Unexpected { row, .. } => Some(row),
            Self::Removed => None,
        }
    }
}
