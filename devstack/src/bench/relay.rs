//! How fast the relay drains a backlog, and how soon after its acknowledgement a hold is seen.
//!
//! The relay is the real program. Beside it, on engines that were started afresh as well: a projector that takes each event in
//! a transaction of its own, and each half of the work alone. What counts are the ratios.

mod backlog;
mod drained;
mod lag;
mod report;
mod rows;
mod watch;
mod yardsticks;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use platform::dynamodb::sdk_config;
use sqlx::Connection;
use sqlx::mysql::MySqlConnection;

use crate::console::say;
use crate::service::Service;
pub use drained::Drained;
pub use lag::{Lag, lag};
pub use report::Relay;
use yardsticks::Reader;

/// Most events that are taken one by one: so many take as long as a hundred thousand do together.
const ONE_BY_ONE: usize = 5_000;
/// How often it is looked how far the relay is.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Longest that the relay may take for a backlog.
const DRAIN_WITHIN: Duration = Duration::from_secs(600);
/// What the relay counts records by that it applied.
const APPLIED: &str = r#"torioki_relay_events_total{outcome="applied"}"#;

/// A table with a stream, and a way to ask it.
pub struct Outbox {
    /// Where the table is.
    pub endpoint: String,
    /// Its whole name.
    pub table: String,
}

/// What the relay took: time, and memory in KiB after each quarter of the backlog.
pub struct Ours {
    pub(super) drained: Drained,
    pub(super) memory: [u64; 4],
}

impl Outbox {
    /// Writes a backlog.
    ///
    /// # Errors
    /// When the engine does not take it.
    pub async fn fill(&self, events: usize) -> Result<()> {
        let client = aws_sdk_dynamodb::Client::new(&sdk_config(Some(&self.endpoint)).await);
        backlog::write(&client, &self.table, events).await
    }

    async fn reader(&self) -> Result<Reader> {
        let config = sdk_config(Some(&self.endpoint)).await;
        let table = aws_sdk_dynamodb::Client::new(&config).describe_table().table_name(&self.table);
        let arn = table.send().await?.table.and_then(|table| table.latest_stream_arn);
        let streams = aws_sdk_dynamodbstreams::Client::new(&config);
        Reader::open(streams, &arn.context("the outbox has no stream")?).await
    }

    /// Reads the backlog and does nothing with it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, events: usize) -> Result<Drained> {
        yardsticks::read(self.reader().await?, events).await
    }

    /// Takes the first events of the backlog one by one.
    ///
    /// # Errors
    /// When an engine does not do as asked.
    pub async fn one_by_one(&self, mysql_url: &str, events: usize) -> Result<Drained> {
        yardsticks::one_by_one(self.reader().await?, mysql_url, events.min(ONE_BY_ONE)).await
    }
}

/// Writes the rows of a backlog and reads nothing.
///
/// # Errors
/// When the database does not take them.
pub async fn upsert(mysql_url: &str, events: usize) -> Result<Drained> {
    yardsticks::upsert(mysql_url, events).await
}

/// Starts a relay, and looks on until it has taken the backlog.
///
/// # Errors
/// When it does not take it all in time.
pub async fn drain(
    start: impl AsyncFnOnce() -> Result<Service>,
    mysql_url: &str,
    events: usize,
) -> Result<Ours> {
    let (began, http, mut drained) = (Instant::now(), reqwest::Client::new(), Drained::default());
    let mut relay = start().await?;
    let mut memory = Vec::new();
    while drained.events() < events {
        ensure!(began.elapsed() < DRAIN_WITHIN, "the relay is at {} of {events}", drained.events());
        tokio::time::sleep(LOOK_AGAIN).await;
        relay.check()?;
        drained.reach(watch::counter(&http, &relay, APPLIED).await?, began.elapsed());
        while memory.len() < 4 && drained.events() * 4 >= events * (memory.len() + 1) {
            memory.push(watch::memory_kib(relay.pid())?);
        }
    }
    relay.stop().await?;
    let mut connection = MySqlConnection::connect(mysql_url).await?;
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM history").fetch_one(&mut connection).await?;
    ensure!(usize::try_from(rows)? == events, "{rows} events of {events} are in the projection");
    let memory = memory.try_into().ok().context("the backlog has four quarters")?;
    say(format_args!("the relay: {drained}"));
    Ok(Ours { drained, memory })
}
