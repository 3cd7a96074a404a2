//! What a change of the contract must not do to those who have the one before.
//!
//! Programs read it as protobuf and as JSON, and an outbox holds rows for days: numbers, types and names are all
//! promises. What is new breaks nobody. (The rules are those of `buf breaking` in its category `FILE`, as far as this
//! contract has what they are about, and one more: what is private stays so, and what is not, too.)

use std::collections::BTreeSet;
use std::ops::Range;

use prost_reflect::prost_types::DescriptorProto;
use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

/// Our packages; the imports are Google's to keep.
const OURS: &str = "torioki.";

/// Everything that breaks for readers of the old contract.
pub(crate) fn broken(old: &DescriptorPool, new: &DescriptorPool) -> Vec<String> {
    let mut broken = Vec::new();
    for message in old.all_messages().filter(|message| message.full_name().starts_with(OURS)) {
        match new.get_message_by_name(message.full_name()) {
            Some(now) => messages(&message, &now, &mut broken),
            None => broken.push(format!("message {} is gone", message.full_name())),
        }
    }
    for values in old.all_enums().filter(|values| values.full_name().starts_with(OURS)) {
        match new.get_enum_by_name(values.full_name()) {
            Some(now) => enums(&values, &now, &mut broken),
            None => broken.push(format!("enum {} is gone", values.full_name())),
        }
    }
    broken
}

fn messages(old: &MessageDescriptor, new: &MessageDescriptor, broken: &mut Vec<String>) {
    for field in old.fields() {
        let Some(now) = new.get_field(field.number()) else {
            broken.push(format!("field {} = {} is gone", field.full_name(), field.number()));
            continue;
        };
        for (what, before, after) in facts(&field).into_iter().zip(facts(&now)).map(|(b, a)| (b.0, b.1, a.1))
        {
            if before != after {
                broken.push(format!("field {}: its {what} was {before}, and is {after}", field.full_name()));
            }
        }
    }
    let (before, after) = (old.descriptor_proto(), new.descriptor_proto());
    for number in reserved(before).difference(&reserved(after)) {
        broken.push(format!("number {number} of {} is free again", old.full_name()));
    }
    for name in before.reserved_name.iter().filter(|name| !after.reserved_name.contains(name)) {
        broken.push(format!("name {name} of {} is free again", old.full_name()));
    }
}

fn enums(old: &EnumDescriptor, new: &EnumDescriptor, broken: &mut Vec<String>) {
    for value in old.values() {
        match new.get_value(value.number()) {
            Some(now) if now.name() == value.name() => {}
            Some(now) => broken.push(format!("value {} is called {} now", value.full_name(), now.name())),
            None => broken.push(format!("value {} = {} is gone", value.full_name(), value.number())),
        }
    }
}

/// What may not change of a field, and what it is.
fn facts(field: &FieldDescriptor) -> [(&'static str, String); 6] {
    let kind = match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(values) => values.full_name().to_owned(),
        scalar => format!("{scalar:?}"),
    };
    let choice = field.containing_oneof().filter(|choice| !choice.is_synthetic());
    let private =
        field.options().get_field_by_name("debug_redact").is_some_and(|it| it.as_bool() == Some(true));
    [
        ("name", format!("{} ({})", field.name(), field.json_name())),
        ("type", kind),
        ("cardinality", format!("{:?}", field.cardinality())),
        ("oneof", choice.map_or("none".to_owned(), |choice| choice.name().to_owned())),
        ("presence", field.supports_presence().to_string()),
        ("privacy", private.to_string()),
    ]
}

fn reserved(message: &DescriptorProto) -> BTreeSet<i32> {
    message.reserved_range.iter().flat_map(|range| Range { start: range.start(), end: range.end() }).collect()
}
