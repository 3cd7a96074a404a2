//! `publish`: the same events to other services, as CloudEvents.
//!
//! Reads the outbox's stream by itself, and keeps its own place: the projection waits for no target, and no target for
//! the projection. A record is left behind only once the target took its event, or it is put aside in `undelivered`.
//! At least once, and each aggregate's events in their order.

mod deliver;
mod eventbridge;
mod health;
mod ledger;
mod queue;
mod sqs;
mod target;
mod webhook;

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, MySqlPool};
use tokio::time::sleep;
use uuid::Uuid;

pub use health::Health;
pub use target::{Error as TargetError, Options};

use self::deliver::{Courier, Evidence};
use self::ledger::Ledger;
use self::queue::Queue;
use self::target::Target;
use crate::core::database::Mysql;
use crate::core::{Record, database};
use crate::poll::leader::Led;
use crate::poll::shards::{Known, Survey};
use crate::poll::stream::{Stream, Table};
use crate::poll::{self, Idle, Sink, Source, Taken};
use crate::status::Status;
use crate::{lag, metrics};

/// Runs, on a pool of [`poll::watched`] connections, when it is its turn among the publishers of its name, until `stop`
/// comes; then lets the next one work at once. Dropping it at any await loses nothing: what was not written as delivered is
/// delivered again.
///
/// # Errors
/// When the target cannot be what the options say.
pub async fn run(
    source: Source,
    pool: MySqlPool,
    options: &Options,
    health: Health,
    stop: impl Future<Output = ()>,
) -> Result<(), TargetError> {
    let target = Target::new(options).await?;
    let evidence = Evidence::default();
    let name = options.name();
    let lease = format!("publish {}", name.as_str());
    let database = Led::new(Mysql::new(pool), lease, Uuid::now_v7().to_string());
    let publish = async |failures: &mut u32| {
        let any_trimmed =
            async |connection: &mut MySqlConnection| ledger::any_trimmed(connection, name.as_str()).await;
        health.anew();
        database.wait(health.reading(), any_trimmed).await?;
        let follow = async {
            let stream = source.stream().await?;
            let ledger = Ledger::new(database.clone(), name, stream.arn());
            let sink = Publication::new(ledger, &target, &health, &evidence);
            poll::follow(stream, sink, (health.reading(), &Idle::default()), Utc::now, failures).await
        };
        database.hold(follow).await
    };
    tokio::select! {
        never = poll::persist(health.reading(), publish) => match never {},
        () = stop => {}
    }
    database.release().await;
    Ok(())
}

/// Measures for ever how far the target is. What is not known counts from when it was last known, or from the start.
pub async fn watch(pool: MySqlPool, options: &Options) -> Infallible {
    let mut complete = Utc::now();
    loop {
        match Status::read(&pool).await {
            Ok(status) => {
                let publication = status.publication(options.name().as_str());
                complete = publication.as_of().unwrap_or(complete);
                let lag = (Utc::now() - complete).num_milliseconds().max(0);
                metrics::published(lag as f64 / 1000.0, publication.undelivered, publication.trimmed());
            }
            // Whoever follows the stream tells of it as well, and louder.
            Err(error) => tracing::debug!(%error, "the lag cannot be read"),
        }
        sleep(lag::INTERVAL).await;
    }
}

/// A target as the sink of a stream.
struct Publication<'t> {
    ledger: Ledger,
    target: &'t Target,
    health: &'t Health,
    evidence: &'t Evidence,
    /// What is on its way, by shard. Lost with the process: it is all behind the shard's place.
    queues: RefCell<HashMap<String, Queue>>,
}

impl<'t> Publication<'t> {
    fn new(ledger: Ledger, target: &'t Target, health: &'t Health, evidence: &'t Evidence) -> Self {
        Self { ledger, target, health, evidence, queues: RefCell::default() }
    }
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

    /// Delivers what the target takes of them, and of those before; the place follows.
    async fn take(&self, shard: &str, records: Vec<Record>) -> Result<Taken, poll::Error> {
        let mut queue = self.queues.borrow_mut().remove(shard).unwrap_or_default();
        queue.add(records);
        let Self { target, health, evidence, .. } = *self;
        let courier = Courier { target, ledger: &self.ledger, health, evidence };
        let taken = courier.deliver(shard, &mut queue).await?;
        let mut queues = self.queues.borrow_mut();
        if taken != Taken::All {
            queues.insert(shard.to_owned(), queue);
        }
        metrics::waiting(queues.values().map(Queue::waiting).sum());
        Ok(taken)
    }
}
