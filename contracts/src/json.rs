//! Events as other services get them: CloudEvents 1.0 whose data is the JSON of the protobuf contract.
//!
//! Owns that form. It is made from the contract's descriptor, so nothing is written down twice; and from one without the
//! fields that are marked private, so what must stay with us is not known here at all.

use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, SerializeOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::events::Envelope;

static PUBLIC: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| {
    DescriptorPool::decode(include_bytes!(concat!(env!("OUT_DIR"), "/public.bin")).as_slice()).ok()
});

/// Zeros are written: whoever reads `on_hand` need not know that protobuf leaves them out.
const FORM: SerializeOptions = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);

/// Why an envelope has no such form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It carries no event, or one that is newer than this program.
    #[error("the event is of a type that this program does not know")]
    UnknownEvent,
    /// A part that every event has.
    #[error("`{0}` is missing or out of its range")]
    Field(&'static str),
}

/// A CloudEvent, in the order in which its attributes are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    specversion: String,
    /// The event's own id: the same whenever it is delivered again.
    pub id: String,
    /// `/brands/` and the brand.
    pub source: String,
    /// Such as `torioki.reservation.made_ready.v1`.
    pub r#type: String,
    /// Key of the aggregate.
    pub subject: String,
    /// When it happened, RFC 3339.
    pub time: String,
    datacontenttype: String,
    dataschema: String,
    /// Version of the aggregate after the event. A text, as protobuf's JSON has it: a CloudEvents integer has 32 bits.
    pub aggregateversion: String,
    /// Which command caused it.
    pub causationid: String,
    /// W3C Trace Context of the command.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub traceparent: String,
    /// The event.
    pub data: Value,
}

impl CloudEvent {
    /// The media type of the whole, in CloudEvents' structured mode.
    pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

    /// The form of the event in an envelope.
    ///
    /// # Errors
    /// When there is no event in it that we know, or a part that every event has is missing.
    pub fn of(envelope: &Envelope) -> Result<Self, Error> {
        let (event, data) = event(envelope).ok_or(Error::UnknownEvent)?;
        Ok(Self {
            specversion: "1.0".to_owned(),
            id: there(&envelope.event_id, "event_id")?,
            source: format!("/brands/{}", there(&envelope.brand, "brand")?),
            r#type: type_of(&event),
            subject: there(&envelope.aggregate, "aggregate")?,
            time: time(envelope).ok_or(Error::Field("occurred_at"))?,
            datacontenttype: "application/json".to_owned(),
            dataschema: schema_of(&event),
            aggregateversion: envelope.version.to_string(),
            causationid: envelope.causation_id.clone(),
            traceparent: envelope.traceparent.clone(),
            data,
        })
    }
}

/// Every event of the contract, without what is private.
pub fn events() -> impl Iterator<Item = MessageDescriptor> {
    let fields = contract().into_iter().flat_map(|envelope| envelope.fields().collect::<Vec<_>>());
    let events = fields.filter(|field| field.containing_oneof().is_some());
    events.filter_map(|field| field.kind().as_message().cloned())
}

/// The `type` of a kind of event: from `torioki.events.v1.ReservationMadeReady`, `torioki.reservation.made_ready.v1`.
#[must_use]
pub fn type_of(event: &MessageDescriptor) -> String {
    let version = event.package_name().rsplit('.').next().unwrap_or_default();
    let mut name = String::new();
    let mut words = 0;
    for letter in event.name().chars() {
        if letter.is_ascii_uppercase() {
            // The first word is what it is about, the rest what became of it.
            name.push_str(if words < 2 { "." } else { "_" });
            words += 1;
        }
        name.push(letter.to_ascii_lowercase());
    }
    format!("torioki{name}.{version}")
}

/// The `dataschema` of a kind of event. A name and no address: the schema is in `docs/asyncapi.yaml`.
#[must_use]
pub fn schema_of(event: &MessageDescriptor) -> String {
    format!("urn:{}", event.full_name().replace('.', ":"))
}

fn contract() -> Option<MessageDescriptor> {
    PUBLIC.as_ref()?.get_message_by_name("torioki.events.v1.Envelope")
}

/// The event in an envelope: its kind, and itself.
fn event(envelope: &Envelope) -> Option<(MessageDescriptor, Value)> {
    let envelope = DynamicMessage::decode(contract()?, envelope.encode_to_vec().as_slice()).ok()?;
    let mut parts = envelope.fields();
    let (_, part) = parts.find(|(field, _)| field.containing_oneof().is_some())?;
    let event = part.as_message()?;
    let data = event.serialize_with_options(serde_json::value::Serializer, &FORM).ok()?;
    Some((event.descriptor(), data))
}

fn there(text: &str, field: &'static str) -> Result<String, Error> {
    if text.is_empty() { Err(Error::Field(field)) } else { Ok(text.to_owned()) }
}

fn time(envelope: &Envelope) -> Option<String> {
    let at = envelope.occurred_at?;
    let time: DateTime<Utc> = DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[cfg(test)]
mod tests;
