//! JSON as a YAML that people read: blocks, sorted keys, texts in quotes.

use std::fmt::Write as _;

use serde_json::Value;

pub(crate) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    text.trim_start().to_owned()
}

/// Writes a value behind its key or dash, on lines of its own where it has parts.
fn write(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            for (key, value) in members {
                let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let key = if plain { key.clone() } else { Value::from(key.as_str()).to_string() };
                write!(text, "\n{indent}{key}:").unwrap();
                write(text, value, depth + 1);
            }
            finish(text, depth);
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                write!(text, "\n{indent}-").unwrap();
                write(text, item, depth + 1);
            }
            finish(text, depth);
        }
        // JSON's scalars, and what is empty, are YAML as they are.
        scalar => write!(text, " {scalar}").unwrap(),
    }
}

fn finish(text: &mut String, depth: usize) {
    if depth == 0 {
        text.push('\n');
    }
}
