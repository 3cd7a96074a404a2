//! The event contract may grow, and never break.
//!
//! `proto.baseline` is the contract as others have it. A change that is compatible is taken over into it with `UPDATE=1`;
//! one that is not fails here, with or without.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "compatible/rules.rs"]
mod rules;

use std::path::Path;

use prost_reflect::DescriptorPool;
use rules::broken;

const FILE: &str = "torioki/events/v1/events.proto";

fn pool(folder: &Path) -> DescriptorPool {
    let mut compiler = protox::Compiler::new([folder]).unwrap();
    compiler.include_imports(true).open_files([FILE]).unwrap();
    compiler.descriptor_pool()
}

fn current() -> String {
    std::fs::read_to_string(Path::new("proto").join(FILE)).unwrap()
}

/// The contract with one text in it replaced.
fn changed(from: &str, to: &str) -> DescriptorPool {
    let text = current();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text.replace(from, to)).unwrap();
    pool(folder.path())
}

#[test]
fn nobody_who_has_the_contract_is_broken() {
    let baseline = Path::new("proto.baseline");
    let broken = broken(&pool(baseline), &pool(Path::new("proto")));
    assert!(broken.is_empty(), "the contract breaks those who have it:\n{}", broken.join("\n"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(baseline.join(FILE), current()).unwrap();
    }
    let known = std::fs::read_to_string(baseline.join(FILE)).unwrap();
    assert!(known == current(), "the contract has grown: run `UPDATE=1 cargo dev test nobody_who_has`");
}

#[test]
fn every_kind_of_break_is_found() {
    let before = pool(Path::new("proto"));
    for (from, to, complaint) in [
        ("  uint32 held = 5;\n", "", "field torioki.events.v1.Stock.held = 5 is gone"),
        (
            "  uint32 held = 5;",
            "  uint32 promised = 5;",
            "its name was held (held), and is promised (promised)",
        ),
        ("  uint32 held = 5;", "  uint32 held = 7;", "field torioki.events.v1.Stock.held = 5 is gone"),
        ("  uint32 held = 5;", "  uint64 held = 5;", "its type was uint32, and is uint64"),
        ("  uint32 held = 5;", "  optional uint32 held = 5;", "its presence was false, and is true"),
        ("  uint32 held = 5;", "  uint32 held = 5 [json_name = \"h\"];", "is held (h)"),
        (
            "  uint32 held = 5;",
            "  uint32 held = 5 [debug_redact = true];",
            "its privacy was false, and is true",
        ),
        (
            "  string customer_id = 9 [debug_redact = true];",
            "  string customer_id = 9;",
            "its privacy was true",
        ),
        ("  sint32 delta = 2;", "  repeated sint32 delta = 2;", "its cardinality was Optional"),
        ("  optional double latitude = 4;", "  double latitude = 4;", "its presence was true, and is false"),
        (
            "  repeated SkuInfo skus = 3;",
            "  repeated Stock skus = 3;",
            "its type was torioki.events.v1.SkuInfo",
        ),
        (
            "  uint32 max_pieces = 5;\n",
            "  oneof most { uint32 max_pieces = 5; }\n",
            "its oneof was none, and is most",
        ),
        ("  oneof lasts {", "  oneof time {", "its oneof was lasts, and is time"),
        ("  EXPIRED = 5;\n", "", "EXPIRED = 5 is gone"),
        ("  EXPIRED = 5;", "  LAPSED = 5;", "EXPIRED is called LAPSED now"),
        ("  EXPIRED = 5;", "  EXPIRED = 6;", "EXPIRED = 5 is gone"),
        ("  reserved 7;\n", "", "number 7 of torioki.events.v1.Store is free again"),
        ("  reserved \"hold_minutes\";\n", "", "name hold_minutes of torioki.events.v1.Store is free again"),
        (
            "package torioki.events.v1;",
            "package torioki.events.v2;",
            "message torioki.events.v1.Envelope is gone",
        ),
    ] {
        let found = broken(&before, &changed(from, to));
        let is_found = found.iter().any(|found| found.contains(complaint));
        assert!(is_found, "{from} → {to}: {found:?}");
    }
}

#[test]
fn what_is_new_breaks_nobody() {
    let before = pool(Path::new("proto"));
    for (from, to) in [
        ("  uint32 held = 5;", "  uint32 held = 5;\n  uint32 lost = 7;"),
        ("  EXPIRED = 5;", "  EXPIRED = 5;\n  LOST = 6;"),
        ("message ReservationExpired {", "message ReservationLost {}\nmessage ReservationExpired {"),
        (
            "  StockShortfallResolved stock_shortfall_resolved = 31;",
            "  StockShortfallResolved stock_shortfall_resolved = 31;\n Stock moved = 99;",
        ),
        ("// Its time was over.", "// Its time was over, and nobody came."),
    ] {
        assert_eq!(broken(&before, &changed(from, to)), Vec::<String>::new(), "{to}");
    }
}
