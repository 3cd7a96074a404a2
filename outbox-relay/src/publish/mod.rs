//! `publish`: the same events to other services, as CloudEvents.
//!
//! Reads the outbox's stream by itself, and keeps its own place: the projection waits for no target, and no target for
//! the projection. A record is left behind only once the target took its event, or it is put aside in `undelivered`.
//! At least once, and each aggregate's events in their order.

mod deliver;
mod eventbridge;
mod health;
mod ledger;
mod sqs;
mod target;
mod webhook;
mod window;

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use sqlx::MySqlPool;

pub use health::Health;
pub use target::{Error as TargetError, Options};

use self::ledger::Ledger;
use self::target::Target;
use crate::core::{Record, database};
use crate::poll::shards::{Known, Survey};
use crate::poll::stream::{Stream, Table};
use crate::poll::{self, Sink, Source};

/// Runs for ever. Dropping it at any await loses nothing: what was not written as delivered is delivered again.
///
/// # Errors
/// When the target cannot be what the options say.
pub async fn run(
    source: Source,
    pool: MySqlPool,
    options: &Options,
    health: Health,
) -> Result<Infallible, TargetError> {
    let target = Target::new(options).await?;
    let publish = async |failures: &mut u32| {
        let stream = source.stream().await?;
        let ledger = Ledger::new(pool.clone(), options.name(), stream.arn());
        let sink = Publication { ledger, target: &target, health: &health };
        poll::follow(stream, sink, health.reading(), Utc::now, failures).await
    };
    match poll::persist(health.reading(), publish).await {}
}

/// A target as the sink of a stream.
struct Publication<'t> {
    ledger: Ledger,
    target: &'t Target,
    health: &'t Health,
}

impl Sink for Publication<'_> {
    async fn list(&self) -> Result<Vec<Known>, database::Error> {
        self.ledger.list().await
    }

    async fn retire_others(&self) -> Result<u64, database::Error> {
        self.ledger.retire_others().await
    }

    async fn settle(&self, survey: &Survey, ended: &[String]) -> Result<(), database::Error> {
        self.ledger.settle(survey, ended).await
    }

    async fn stamp(&self, shard: &str, as_of: DateTime<Utc>) -> Result<(), database::Error> {
        self.ledger.stamp(shard, as_of).await
    }

    async fn lose(&self, shard: &str) -> Result<(), database::Error> {
        self.ledger.lose(shard).await
    }

    async fn any_trimmed(&self) -> Result<bool, database::Error> {
        self.ledger.any_trimmed().await
    }

    /// Delivers them, window by window, each with its place.
    async fn take(&self, shard: &str, records: &[Record]) -> Result<(), poll::Error> {
        for window in window::windows(records, self.target.most()) {
            deliver::deliver(&window, self.target, &self.ledger, self.health).await?;
            self.ledger.advance(shard, window.last).await?;
            // A page may take its time; a window that is through shows that all works.
            self.health.reading().round();
            tracing::debug!(stream.shard = shard, events = window.events.len(), "delivered");
        }
        Ok(())
    }
}
