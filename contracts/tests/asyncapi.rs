//! `docs/asyncapi.yaml` says what other services get, and is made from the contract and the code that makes it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "asyncapi/example.rs"]
mod example;
#[path = "asyncapi/schema.rs"]
mod schema;
#[path = "asyncapi/yaml.rs"]
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

use contracts::json::{CloudEvent, events, schema_of, type_of};
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Map, Value, json};

use example::example;
use schema::{Comments, name, schemas};

fn attributes() -> Value {
    let text = |about: &str| json!({"type": "string", "minLength": 1, "description": about});
    json!({
        "type": "object",
        "description": "A CloudEvent 1.0 in structured mode.",
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
            "aggregateversion", "causationid", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text("The event's own id: the same whenever it is delivered again."),
            "source": text("/brands/ and the brand."),
            "type": text("The kind of event."),
            "subject": text("Key of the aggregate: store#…, product#…, stock#…#… or reservation#…."),
            "time": {"type": "string", "format": "date-time", "description": "When it happened."},
            "datacontenttype": {"const": "application/json"},
            "dataschema": text("Name of the schema of data."),
            "aggregateversion": {"type": "string", "pattern": "^[0-9]{1,20}$",
                "description": "Version of the aggregate after the event. Of two, the higher one is the newer."},
            "causationid": text("Which command caused it."),
            "traceparent": text("W3C Trace Context of the command."),
            "data": {"type": "object"},
        },
    })
}

fn message(event: &MessageDescriptor, comments: &Comments) -> Value {
    let mut message = json!({
        "name": type_of(event),
        "title": event.name(),
        "contentType": CloudEvent::CONTENT_TYPE,
        "payload": {"allOf": [
            {"$ref": "#/components/schemas/CloudEvent"},
            {"type": "object", "properties": {
                "type": {"const": type_of(event)},
                "dataschema": {"const": schema_of(event)},
                "data": {"$ref": format!("#/components/schemas/{}", name(event))},
            }},
        ]},
        "examples": [{"name": event.name(), "payload": example(event)}],
    });
    if let Some(comment) = comments.of(event) {
        message["summary"] = comment.into();
    }
    message
}

fn document() -> Value {
    let comments = Comments::read();
    let mut found = BTreeMap::from([("CloudEvent".to_owned(), attributes())]);
    for event in events() {
        schemas(&event, &comments, &mut found);
    }
    let references = |to: &str| -> Vec<Value> {
        events().map(|event| json!({"$ref": format!("#/{to}/{}", event.name())})).collect()
    };
    let by_name = |of: &dyn Fn(&MessageDescriptor) -> Value| -> Map<String, Value> {
        events().map(|event| (event.name().to_owned(), of(&event))).collect()
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Torioki events",
            "version": "1.0.0",
            "description": "Facts about stores, products, stock and holds, for other services. Each carries its \
                aggregate as it is after the event. They come at least once, in order for each aggregate; after a \
                failure some come again. So remember the highest `aggregateversion` of each `subject`, and pass over \
                what is not higher. The versions of a stock are in `data.stocks` of reservation events too. Members \
                and values are added, and never taken away: pass over what you do not know. No event says who a \
                customer is.",
        },
        "defaultContentType": CloudEvent::CONTENT_TYPE,
        "channels": {"events": {
            "address": null,
            "description": "An SQS queue (FIFO: the message group is the aggregate), an EventBridge bus (in `detail`, \
                its type in `detail-type`), or a webhook that is signed by Standard Webhooks: whoever runs the service \
                says which, and where.",
            "messages": by_name(&|event| json!({"$ref": format!("#/components/messages/{}", event.name())})),
        }},
        "operations": {"publish": {
            "action": "send",
            "channel": {"$ref": "#/channels/events"},
            "messages": references("channels/events/messages"),
        }},
        "components": {"messages": by_name(&|event| message(event, &comments)), "schemas": found},
    })
}

#[test]
fn the_events_for_others_are_described() {
    let path = Path::new("../docs/asyncapi.yaml");
    let head = "# Made from the contract: run `UPDATE=1 cargo dev test the_events_for_others`, and change nothing here.\n";
    let page = format!("{head}{}", yaml::yaml(&document()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        known == page,
        "docs/asyncapi.yaml is not what the contract says: run `UPDATE=1 cargo dev test the_events_for_others`"
    );
}

#[test]
fn every_event_of_our_own_code_is_described() {
    // `event_type` has an arm for each event, or it does not compile.
    let arms = include_str!("../src/event.rs").matches("Event::").count();
    let described = document()["components"]["messages"].as_object().unwrap().len();
    assert_eq!(described, arms);
}

#[test]
fn examples_are_what_the_contract_says() {
    let form = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    for event in events() {
        let example = example(&event);
        let strict = DeserializeOptions::new().deny_unknown_fields(true);
        let read = DynamicMessage::deserialize_with_options(event.clone(), &example.data, &strict).unwrap();
        assert_eq!(read.serialize_with_options(serde_json::value::Serializer, &form).unwrap(), example.data);

        let attributes = attributes();
        let example = serde_json::to_value(example).unwrap();
        for attribute in example.as_object().unwrap().keys() {
            assert!(attributes["properties"].get(attribute).is_some(), "{attribute} is not described");
        }
        for attribute in attributes["required"].as_array().unwrap() {
            assert!(example.get(attribute.as_str().unwrap()).is_some(), "{attribute} is not there");
        }
    }
}
