//! The committed document is the one that the code makes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn query_api_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = platform::openapi::text(&query_api::document());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "query-api/openapi.json is not what the code says: run `UPDATE=1 cargo dev test api_is_documented`"
    );
}
