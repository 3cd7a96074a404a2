//! The judge: is the projection what the write side says?
//!
//! Owns reading both sides whole, by their own interfaces, and every rule that must hold between and within them. It
//! must never write, and shares no code with the services it judges but the event contract. Both sides are held in
//! memory: this is for development and tests. While commands are under way, what is still in flight is told as a
//! difference.

mod command;
mod events;
mod invariants;
mod projection;
mod rows;
mod state;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use contracts::Table;
use platform::dynamodb::Dynamodb;
use platform::mysql::Mysql;
use tokio::time::{Instant, sleep};

use crate::console::say;
use crate::fill::Progress;
use command::Tables;
use projection::Database;
use state::{Command, Projection};

/// How long the projection may stand still, with events waiting, before it is taken as stuck.
const STALL: Duration = Duration::from_secs(30);
/// How often its events are counted.
const CATCH_UP_POLL: Duration = Duration::from_millis(250);

/// Where the two sides are.
#[derive(Debug, Clone)]
pub struct Target {
    /// Endpoint of DynamoDB.
    pub dynamodb_endpoint: String,
    /// What stands before every table name.
    pub table_prefix: String,
    /// URL of the projection's database.
    pub mysql_url: String,
}

/// Everything in which the projection differs from the write side, or either breaks a rule: one line each, none when
/// all is well.
///
/// # Errors
/// When a side cannot be read.
pub async fn differences(target: &Target) -> Result<Vec<String>> {
    Ok(Sides::read(target).await?.differences())
}

/// Both sides, as they were when they were read.
#[derive(Debug)]
pub(crate) struct Sides {
    command: Command,
    projection: Projection,
}

/// A reservation of the write side, as far as others than the judge look at it.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) store_id: &'a str,
    /// Pieces by SKU.
    pub(crate) lines: &'a BTreeMap<String, i64>,
    pub(crate) status: &'a str,
    pub(crate) email: Option<&'a str>,
}

impl Sides {
    pub(crate) async fn read(target: &Target) -> Result<Self> {
        let (tables, database) = target.connect().await?;
        let command = tables.read().await.context("reading the write side")?;
        let projection = database.read().await.context("reading the projection")?;
        Ok(Self { command, projection })
    }

    /// Everything in which they differ, or either breaks a rule.
    pub(crate) fn differences(&self) -> Vec<String> {
        judge(&self.command, &self.projection)
    }

    /// How far each side says that a reservation has come, by the side's name.
    pub(crate) fn statuses(&self, id: &str) -> [(&'static str, Option<&str>); 2] {
        [("DynamoDB", &self.command.state), ("MySQL", &self.projection.state)]
            .map(|(name, state)| (name, state.reservations.get(id).map(|of| of.status.as_str())))
    }

    /// All reservations of the write side.
    pub(crate) fn taken(&self) -> impl Iterator<Item = Taken<'_>> {
        self.command.state.reservations.values().map(|of| Taken {
            store_id: &of.store_id,
            lines: &of.lines,
            status: &of.status,
            email: of.customer.email.as_deref(),
        })
    }

    /// Of each count of the write side, by `store#sku`: pieces that are there, and pieces that are held.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, i64, i64)> {
        self.command.state.stock.iter().map(|(key, stock)| (key.as_str(), stock.on_hand, stock.held))
    }
}

fn judge(command: &Command, projection: &Projection) -> Vec<String> {
    let mut found = rows::differences(&command.state, &projection.state);
    found.extend(events::differences(command, projection));
    found.extend(invariants::broken("DynamoDB", &command.state));
    found.extend(invariants::broken("MySQL", &projection.state));
    found.extend(invariants::broken_owners(command));
    found.extend(invariants::broken_counters(command));
    found.extend(invariants::stray_lines(projection));
    found
}

/// Counts events, both sides of the relay.
#[derive(Debug)]
pub(crate) struct Counter {
    tables: Tables,
    database: Database,
}

impl Counter {
    pub(crate) async fn connect(target: &Target) -> Result<Self> {
        let (tables, database) = target.connect().await?;
        Ok(Self { tables, database })
    }

    /// Rows of the outbox.
    pub(crate) async fn published(&self) -> Result<usize> {
        self.tables.count(Table::Outbox).await.context("counting the outbox")
    }

    /// Rows of the history.
    pub(crate) async fn applied(&self) -> Result<usize> {
        self.database.history_len().await.context("counting the history")
    }

    /// Waits until the projection has so many events, or stands still: then the comparison tells what it lacks.
    pub(crate) async fn catch_up(&self, published: usize) -> Result<()> {
        let progress = Progress::new("projecting", published);
        let (mut applied, mut moved) = (0, Instant::now());
        loop {
            let now = self.applied().await?;
            if now != applied {
                (applied, moved) = (now, Instant::now());
            }
            progress.set(applied.min(published));
            if applied >= published {
                break;
            }
            if moved.elapsed() >= STALL {
                say(format_args!(
                    "the projection has stood at {applied} of {published} events for {STALL:?}"
                ));
                break;
            }
            sleep(CATCH_UP_POLL).await;
        }
        progress.finish();
        Ok(())
    }
}

impl Target {
    async fn connect(&self) -> Result<(Tables, Database)> {
        let prefix = self.table_prefix.parse().map_err(|error: String| anyhow!(error))?;
        let dynamodb =
            Dynamodb { dynamodb_endpoint: Some(self.dynamodb_endpoint.clone()), table_prefix: prefix };
        // Not shown in the error: it may hold a password.
        let mysql_url = self.mysql_url.parse().context("the URL of MySQL cannot be understood")?;
        Ok((Tables::connect(&dynamodb).await, Database::connect(&Mysql { mysql_url })))
    }
}

#[cfg(test)]
mod tests;
