//! From a stream record to the event it carries. Whatever cannot be understood is told, never guessed.

use contracts::events::Envelope;
use contracts::outbox;
use prost::Message;
use serde_dynamo::{AttributeValue, Item};

/// Why a record carries no event that we understand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undecodable {
    #[error("attribute `{0}` is missing or has a wrong type")]
    Attribute(&'static str),
    #[error("the envelope is no protobuf: {0}")]
    Protobuf(String),
    #[error("the contract's version is newer than this relay: {0}")]
    Newer(u32),
    #[error("the row's key is not the envelope's: {row} and {envelope}")]
    Key { row: String, envelope: String },
    #[error("the envelope's aggregate is not the event's: {envelope} and {event}")]
    Aggregate { envelope: String, event: String },
    #[error("the event is of a type that this relay does not know")]
    UnknownEvent,
    #[error("`{0}` is missing or out of its range")]
    Field(&'static str),
}

/// The envelope in an outbox row.
pub(crate) fn envelope(image: &Item) -> Result<Envelope, Undecodable> {
    let row = image.inner();
    // First of all: of what is newer, nothing else need be as we know it.
    match row.get(outbox::SCHEMA) {
        None => {}
        Some(AttributeValue::N(version)) => match version.parse() {
            Ok(version) if version > outbox::SCHEMA_VERSION => return Err(Undecodable::Newer(version)),
            Ok(1..) => {}
            _ => return Err(Undecodable::Attribute(outbox::SCHEMA)),
        },
        Some(_) => return Err(Undecodable::Attribute(outbox::SCHEMA)),
    }
    let Some(AttributeValue::S(aggregate)) = row.get(outbox::AGGREGATE) else {
        return Err(Undecodable::Attribute(outbox::AGGREGATE));
    };
    let Some(AttributeValue::N(version)) = row.get(outbox::VERSION) else {
        return Err(Undecodable::Attribute(outbox::VERSION));
    };
    let Some(AttributeValue::B(bytes)) = row.get(outbox::ENVELOPE) else {
        return Err(Undecodable::Attribute(outbox::ENVELOPE));
    };
    let envelope =
        Envelope::decode(bytes.as_slice()).map_err(|cause| Undecodable::Protobuf(cause.to_string()))?;
    if envelope.aggregate != *aggregate || envelope.version.to_string() != *version {
        let row = format!("{aggregate} {version}");
        return Err(Undecodable::Key {
            row,
            envelope: format!("{} {}", envelope.aggregate, envelope.version),
        });
    }
    Ok(envelope)
}
