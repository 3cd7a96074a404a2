//! Looking at a relay from outside.

use anyhow::{Context, Result};

use crate::service::Service;

/// What a service says that it counted under this name and these labels.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
pub(super) async fn counter(http: &reqwest::Client, service: &Service, name: &str) -> Result<usize> {
    let told = http.get(format!("{}/metrics", service.base_url())).send().await?.text().await?;
    let value = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    // What nothing happened of yet, is not told.
    Ok(value.map_or(Ok(0.0), str::parse::<f64>).context("a counter that is no number")? as usize)
}

/// What a process has in memory (`VmRSS` of proc(5)).
pub(super) fn memory_kib(process: u32) -> Result<u64> {
    let told = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(line.context("/proc does not tell the memory of a process")?.parse()?)
}
