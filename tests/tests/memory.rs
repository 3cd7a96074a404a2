//! What `rebuild` and `reconcile` hold in memory does not grow with the rows.

use std::process::Stdio;
use std::time::Duration;

use harness::System;

/// Rows of the smaller and the larger projection. Held whole, the difference would be more than 60 MB.
const ROWS: [u32; 2] = [2_000, 42_000];
/// Variable that gives another number of rows for the larger one.
const LARGER: &str = "TORIOKI_MEMORY_ROWS";
/// Most that the larger one may take besides, in KiB: what an allocator keeps, and pages that are larger than others.
const MORE_KIB: u64 = 24 * 1024;
/// Most that either may take, in KiB.
const MOST_KIB: u64 = 200 * 1024;

/// The most that a piece of work of the relay's program had in memory, in KiB (`VmHWM` of proc(5)).
async fn peak(system: &System, arguments: &[&str]) -> u64 {
    let mut command = system.relay_work(arguments);
    let log = tempfile::NamedTempFile::new().unwrap();
    let told = log.reopen().unwrap();
    let mut work = command.stdout(Stdio::null()).stderr(told).spawn().unwrap();
    let status = format!("/proc/{}/status", work.id().unwrap());
    let mut peak = 0;
    loop {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(peak);
        if let Some(status) = work.try_wait().unwrap() {
            assert!(status.success(), "{arguments:?}: {}", std::fs::read_to_string(log.path()).unwrap());
            return peak;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_larger_projection_takes_no_more_memory() {
    let system = System::new().await;
    let larger = std::env::var(LARGER).map_or(ROWS[1], |rows| rows.parse().unwrap());
    let mut peaks = Vec::new();
    for (from, to) in [(0, ROWS[0]), (ROWS[0], larger)] {
        system.tables.put_stocks(from..to).await;
        let rebuilt = peak(&system, &["rebuild"]).await;
        system.database.run("UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'hinata.A-0007'").await;
        let repaired = peak(&system, &["reconcile", "--repair"]).await;
        let compared = peak(&system, &["reconcile"]).await;
        assert_eq!(system.database.number("SELECT COUNT(*) FROM stock").await, i64::from(to));
        println!("{to} rows: rebuilt {rebuilt}, repaired {repaired}, compared {compared} KiB");
        peaks.push([rebuilt, repaired, compared]);
    }
    for (small, large) in peaks[0].iter().zip(&peaks[1]) {
        assert!(*large < MOST_KIB && *large < small + MORE_KIB, "{peaks:?}");
    }
}
