//! An example of each event: values for its fields, put through the code that makes what is sent.

use contracts::events::Envelope;
use contracts::json::CloudEvent;
use prost::Message;
use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use crate::schema::is_time;

const RESERVATION: &str = "0192d3a0-0000-7000-8000-000000000001";
const SECONDS: i64 = 1_777_627_800;

pub(crate) fn example(event: &MessageDescriptor) -> CloudEvent {
    let pool = event.parent_pool();
    let mut envelope = DynamicMessage::new(pool.get_message_by_name("torioki.events.v1.Envelope").unwrap());
    let subject = match event.name() {
        name if name.starts_with("StoreD") => "store#hinata.shibuya-01".to_owned(),
        name if name.starts_with("Product") => "product#hinata.KN1021".to_owned(),
        name if name.starts_with("Stock") => "stock#hinata.shibuya-01#hinata.KN1021-BLK-M".to_owned(),
        _ => format!("reservation#{RESERVATION}"),
    };
    for (field, value) in [
        ("event_id", "0192d3a0-0000-7000-8000-000000000002"),
        ("aggregate", &subject),
        ("brand", "hinata"),
        ("causation_id", "0192d3a0-0000-7000-8000-000000000003"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ] {
        envelope.set_field_by_name(field, Value::String(value.to_owned()));
    }
    envelope.set_field_by_name("version", Value::U64(7));
    let fields: Vec<_> = envelope.descriptor().fields().collect();
    for field in fields {
        match field.kind() {
            Kind::Message(time) if is_time(&time) => envelope.set_field(&field, value(&field, event)),
            Kind::Message(message) if message == *event => envelope.set_field(&field, value(&field, event)),
            _ => {}
        }
    }
    CloudEvent::of(&Envelope::decode(envelope.encode_to_vec().as_slice()).unwrap()).unwrap()
}

fn message(descriptor: &MessageDescriptor, event: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if is_time(descriptor) {
        message.set_field_by_name("seconds", Value::I64(SECONDS));
        return message;
    }
    for field in descriptor.fields() {
        // Of a choice, the first.
        let first =
            field.containing_oneof().is_none_or(|choice| choice.fields().next() == Some(field.clone()));
        if first {
            message.set_field(&field, value(&field, event));
        }
    }
    message
}

fn value(field: &FieldDescriptor, event: &MessageDescriptor) -> Value {
    let one = match field.kind() {
        Kind::Message(part) => Value::Message(message(&part, event)),
        Kind::Enum(values) => {
            // The state that the event is called by; else the first there is.
            let end = event.name().to_uppercase();
            let named = values.values().find(|value| end.ends_with(value.name()));
            Value::EnumNumber(named.map_or(1, |value| value.number()))
        }
        Kind::String => Value::String(text(field.name()).to_owned()),
        Kind::Bool => Value::Bool(true),
        Kind::Double => Value::F64(if field.name() == "latitude" { 35.66 } else { 139.7 }),
        Kind::Uint32 => Value::U32(number(field.name())),
        Kind::Sint32 => Value::I32(-1),
        Kind::Uint64 => Value::U64(7),
        other => panic!("no event has had a {other:?} yet: give an example here"),
    };
    if field.cardinality() == Cardinality::Repeated { Value::List(vec![one]) } else { one }
}

fn text(field: &str) -> &'static str {
    match field {
        "reservation_id" => RESERVATION,
        "store_id" => "hinata.shibuya-01",
        "product_code" => "hinata.KN1021",
        "sku" => "hinata.KN1021-BLK-M",
        "gtin" => "4901234567894",
        "size" => "M",
        "ja" => "黒",
        "en" => "black",
        "time_zone" => "Asia/Tokyo",
        "date" => "2026-12-31",
        other => panic!("give an example of `{other}` here"),
    }
}

fn number(field: &str) -> u32 {
    match field {
        "on_hand" | "found" => 12,
        "held" => 2,
        "minutes" => 120,
        "opens" => 600,
        "closes" => 1200,
        "extensions" => 0,
        _ => 1,
    }
}
