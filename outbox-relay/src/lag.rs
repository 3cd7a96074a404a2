//! How far the projection is behind: for metrics, and for the poller's health.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use sqlx::MySqlPool;
use tokio::time::sleep;

use crate::metrics;
use crate::poll::Health;
use crate::status::Status;

/// How often it is looked: an alarm is no use within seconds, and the look reads a few rows.
pub(crate) const INTERVAL: Duration = Duration::from_secs(2);
/// Lag, in seconds, from which on a poller is not ready unless told otherwise. A quiet stream's is about three, a busy one's
/// less; who looks stock up should not be a minute behind without somebody knowing.
pub const DEFAULT_MAX_LAG_SECONDS: u32 = 60;

/// Looks for ever. What is not known counts from when it was last known, or from the start: so a database that does not
/// answer, and a shard that is never read, become lag as well.
pub async fn watch(pool: MySqlPool, health: Health, max_lag_seconds: u32) -> Infallible {
    let longest = TimeDelta::seconds(i64::from(max_lag_seconds));
    let mut complete = Utc::now();
    loop {
        match Status::read(&pool).await {
            Ok(status) => {
                metrics::quarantined(status.quarantined);
                metrics::trimmed(status.trimmed());
                complete = status.as_of().unwrap_or(complete);
            }
            // The poller tells of it as well, and louder.
            Err(error) => tracing::debug!(%error, "the lag cannot be read"),
        }
        let lag = Utc::now() - complete;
        metrics::lag(lag.num_milliseconds().max(0) as f64 / 1000.0);
        health.behind(lag > longest);
        sleep(INTERVAL).await;
    }
}
