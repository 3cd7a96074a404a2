//! The two documents say what there is: every route, and where each problem comes from.

use std::collections::BTreeSet;

use contracts::problem::Code;
use serde_json::Value;

/// What is served beside the routes of `docs/access.md`, by both.
const SERVICE: [&str; 5] =
    ["GET /livez", "GET /readyz", "GET /metrics", "GET /problems/{code}", "GET /openapi.json"];

fn documents() -> [Value; 2] {
    [include_str!("../../command-api/openapi.json"), include_str!("../../query-api/openapi.json")]
        .map(|text| serde_json::from_str(text).unwrap())
}

/// Every operation, called by its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    })
}

fn routes(document: &Value) -> BTreeSet<String> {
    operations(document).map(|(route, _)| route).collect()
}

/// The routes in the table of `docs/access.md`: commands, then queries.
fn table() -> [BTreeSet<String>; 2] {
    let page = include_str!("../../docs/access.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let (queries, commands): (BTreeSet<_>, BTreeSet<_>) =
        rows.filter(|row| row.contains(" /v1/")).map(str::to_owned).partition(|row| row.starts_with("GET "));
    [commands, queries]
}

#[test]
fn the_routes_are_those_of_the_table() {
    for (document, rows) in documents().iter().zip(table()) {
        assert!(!rows.is_empty());
        let expected: BTreeSet<String> = SERVICE.map(str::to_owned).into_iter().chain(rows).collect();
        assert_eq!(routes(document), expected);
    }
}

#[test]
fn every_problem_comes_from_somewhere() {
    let mut named = BTreeSet::new();
    for document in &documents() {
        let general = document["x-general-problems"].as_array().unwrap();
        named.extend(general.iter().map(|code| code.as_str().unwrap().to_owned()));
        for (route, operation) in operations(document) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let Some(problem) = response["content"].get("application/problem+json") else {
                    assert!(status < &"400".to_owned() || route == "GET /readyz", "{route}: {status}");
                    continue;
                };
                let codes = problem["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
                for code in codes.iter().map(|code| code.as_str().unwrap()) {
                    let known = Code::ALL.iter().find(|known| known.as_str() == code).unwrap();
                    assert_eq!(known.status().to_string(), *status, "{route}: {code}");
                    named.insert(code.to_owned());
                }
            }
        }
    }
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(named, codes);
}

#[test]
fn whatever_is_referred_to_is_there() {
    for document in &documents() {
        let mut references = BTreeSet::new();
        collect(document, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} is nowhere");
        }
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.insert(reference.clone());
            }
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
