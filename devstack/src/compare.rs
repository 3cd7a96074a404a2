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

use anyhow::{Context, Result, anyhow};
use contracts::Table;
use platform::dynamodb::Dynamodb;
use platform::mysql::Mysql;

use command::Tables;
use projection::Database;
use state::{Command, Projection};

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
    let (tables, database) = target.connect().await?;
    let command = tables.read().await.context("reading the write side")?;
    let projection = database.read().await.context("reading the projection")?;
    Ok(judge(&command, &projection))
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
