//! JSON Schemas of the contract's messages, with the comments of the proto as descriptions.

use std::collections::BTreeMap;

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// The comments of the contract, by whole names.
pub(crate) struct Comments(DescriptorPool);

impl Comments {
    pub(crate) fn read() -> Self {
        let mut compiler = protox::Compiler::new(["proto"]).unwrap();
        compiler.include_imports(true).include_source_info(true);
        compiler.open_files(["torioki/events/v1/events.proto"]).unwrap();
        Self(compiler.descriptor_pool())
    }

    pub(crate) fn of(&self, message: &MessageDescriptor) -> Option<String> {
        self.at(self.0.get_message_by_name(message.full_name())?.path(), message)
    }

    fn of_field(&self, field: &FieldDescriptor) -> Option<String> {
        let message = self.0.get_message_by_name(field.parent_message().full_name())?;
        self.at(message.get_field(field.number())?.path(), &message)
    }

    fn at(&self, path: &[i32], message: &MessageDescriptor) -> Option<String> {
        let file = self.0.get_file_by_name(message.parent_file().name())?;
        let places = &file.file_descriptor_proto().source_code_info.as_ref()?.location;
        let comment = places.iter().find(|place| place.path == path)?.leading_comments.clone()?;
        Some(comment.lines().map(str::trim).collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
    }
}

/// The schemas of a message and of all that it holds, by name.
pub(crate) fn schemas(message: &MessageDescriptor, comments: &Comments, found: &mut BTreeMap<String, Value>) {
    if found.contains_key(&name(message)) {
        return;
    }
    found.insert(name(message), Value::Null);
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in message.fields() {
        let mut schema = kind(&field.kind());
        if field.cardinality() == Cardinality::Repeated {
            schema = json!({"type": "array", "items": schema});
        }
        if let Some(comment) = comments.of_field(&field) {
            schema["description"] = comment.into();
        }
        if let Kind::Message(part) = field.kind()
            && !is_time(&part)
        {
            schemas(&part, comments, found);
        }
        // What has no presence is always written, zeros too.
        if !field.supports_presence() {
            required.push(field.name().to_owned());
        }
        properties.insert(field.name().to_owned(), schema);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if let Some(comment) = comments.of(message) {
        schema["description"] = comment.into();
    }
    found.insert(name(message), schema);
}

/// The name of a message within its package.
pub(crate) fn name(message: &MessageDescriptor) -> String {
    message.full_name().trim_start_matches(message.package_name()).trim_start_matches('.').to_owned()
}

pub(crate) fn is_time(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.protobuf.Timestamp"
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::String => json!({"type": "string"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Double => json!({"type": "number"}),
        Kind::Uint32 => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
        Kind::Sint32 => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        Kind::Uint64 => json!({"type": "string", "pattern": "^[0-9]{1,20}$"}),
        Kind::Message(time) if is_time(time) => json!({"type": "string", "format": "date-time"}),
        Kind::Message(message) => json!({"$ref": format!("#/components/schemas/{}", name(message))}),
        Kind::Enum(values) => {
            json!({"type": "string", "enum": values.values().map(|v| v.name().to_owned()).collect::<Vec<_>>()})
        }
        other => panic!("no event has had a {other:?} yet: say here what it is in JSON"),
    }
}
