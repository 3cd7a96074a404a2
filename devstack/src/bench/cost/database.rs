//! What the database has done, by its own counters.

use std::time::Duration;

use anyhow::Result;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Row};

/// What one lookup took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Work {
    /// `SELECT`s.
    pub(super) statements: f64,
    /// Rows and index entries that the engine was asked for (`Handler_read_…`).
    pub(super) rows: f64,
    /// Time on processors, of the query API and of the database.
    pub(super) service: Duration,
    pub(super) database: Duration,
}

/// What was done until now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Done {
    pub(super) statements: f64,
    pub(super) rows: f64,
}

/// A database's counters.
pub(super) struct Status {
    connection: MySqlConnection,
    /// What looking at them adds to them.
    looking: Done,
    looked: u32,
}

impl Status {
    pub(super) async fn connect(mysql_url: &str) -> Result<Self> {
        let options: MySqlConnectOptions = mysql_url.parse()?;
        let connection = options.disable_statement_logging().connect().await?;
        let mut status = Self { connection, looking: Done::default(), looked: 0 };
        // The first look may read what others find in memory.
        status.counters().await?;
        let (first, second) = (status.counters().await?, status.counters().await?);
        status.looking =
            Done { statements: second.statements - first.statements, rows: second.rows - first.rows };
        Ok(status)
    }

    /// What was done until now, but by looking.
    pub(super) async fn read(&mut self) -> Result<Done> {
        let is = self.counters().await?;
        let looked = f64::from(self.looked);
        self.looked += 1;
        Ok(Done {
            statements: is.statements - looked * self.looking.statements,
            rows: is.rows - looked * self.looking.rows,
        })
    }

    async fn counters(&mut self) -> Result<Done> {
        let counters = "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Handler\\_read\\_%' OR Variable_name = 'Com_select'";
        let mut done = Done::default();
        for row in sqlx::query(counters).fetch_all(&mut self.connection).await? {
            let (name, value): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let value: f64 = value.parse()?;
            if name == "Com_select" { done.statements = value } else { done.rows += value }
        }
        Ok(done)
    }
}
