//! The projection's schema: `mysql/*.sql`, in order.
//!
//! Every file is one DDL statement: DDL commits by itself in MySQL, so a process that dies in the middle of a file leaves
//! either nothing or all of it. The file is run again; where all of it was there, it does nothing or says so.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sqlx::{ConnectOptions, Connection, MySqlConnection, SqlStr};

use crate::{access, lock};

macro_rules! files {
    ($($version:literal $name:literal,)+) => {
        &[$(($version, $name, include_str!(concat!("../mysql/", $version, "_", $name, ".sql"))),)+]
    };
}

/// The files, built into the binary: version, name, statement.
const FILES: &[(&str, &str, &str)] = files! {
    "0001" "stores",
    "0002" "products",
    "0003" "skus",
    "0004" "stock",
    "0005" "reservations",
    "0006" "reservation_lines",
    "0007" "history",
    "0008" "checkpoints",
    "0009" "quarantine",
    "0010" "store_policies",
    "0011" "reservation_customers",
    "0012" "history_actors",
    "0013" "checkpoint_times",
    "0014" "leases",
    "0015" "quarantine_ids",
    "0016" "next_projection",
    "0017" "publications",
    "0018" "undelivered",
    "0019" "quarantine_digests",
    "0020" "stores_by_place",
    "0021" "product_terms",
    "0022" "skus_by_gtin",
    "0023" "undelivered_digests",
    "0024" "quarantine_emptied",
    "0025" "lease_names",
    "0030" "positions",
    "0031" "stock_changes",
    "0040" "reservation_search",
    "0041" "reservation_lines_store",
    "0042" "stock_of_store",
    "0050" "unfinished_work",
};

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused or did not answer.
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
    /// A migration failed, or the database was migrated by a newer version of this binary.
    #[error("a migration cannot be applied")]
    Migrate(#[from] MigrateError),
    /// The URL names no database.
    #[error("the MySQL URL must name a database, as in mysql://USER@HOST/torioki")]
    NoDatabase,
    /// The database's name would have to be quoted.
    #[error("a database name has 1 to 64 of A-Z, a-z, 0-9 and _, not `{0}`")]
    DatabaseName(String),
    /// Another process has been migrating for too long.
    #[error("another process holds the migration lock for more than {} s", lock::LOCK_WAIT_SECS)]
    Locked,
    /// The schema is up to date, and the roles are not.
    #[error("the schema is up to date, but the roles and their rights are not")]
    Access(#[from] access::Error),
}

/// Brings the database up to date with its roles and their rights, and makes it if it is missing.
///
/// # Errors
/// See [`Error`]. After any of them, running it again is safe.
pub async fn migrate(options: &MySqlConnectOptions) -> Result<(), Error> {
    let database = database_name(options)?;
    create_database(options, &database).await?;
    let mut connection = options.clone().connect().await?;
    if !lock::take(&mut connection).await? {
        return Err(Error::Locked);
    }
    let migrated = migrate_locked(&mut connection).await;
    // Closing the connection frees the lock, whatever happened.
    connection.close().await?;
    migrated
}

async fn migrate_locked(connection: &mut MySqlConnection) -> Result<(), Error> {
    abandon_rebuild(connection).await?;
    apply(connection).await?;
    Ok(access::after_migration(connection).await?)
}

/// A rebuild that was killed leaves tables of the schema as it was, and the mark that every event is to be written to them
/// too. Under the lock none is under way.
async fn abandon_rebuild(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let there = "SELECT 1 FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'next_projection'";
    if sqlx::query(there).fetch_optional(&mut *connection).await?.is_some() {
        // Unlike DELETE it also waits for the transactions that still write to them.
        sqlx::query("TRUNCATE TABLE next_projection").execute(connection).await?;
    }
    Ok(())
}

async fn apply(connection: &mut MySqlConnection) -> Result<(), Error> {
    match run(connection).await {
        // A process died between a statement and the note that it ran. Under the lock nobody else is at it.
        Err(MigrateError::Dirty(version)) => {
            tracing::warn!(version, "a migration was cut off; running it again");
            let note = "DELETE FROM _sqlx_migrations WHERE version = ? AND success = FALSE";
            sqlx::query(note).bind(version).execute(&mut *connection).await?;
            match run(connection).await {
                Err(MigrateError::ExecuteMigration(error, failed))
                    if failed == version && is_done(&error) =>
                {
                    let note = "UPDATE _sqlx_migrations SET success = TRUE WHERE version = ?";
                    sqlx::query(note).bind(version).execute(&mut *connection).await?;
                    Ok(run(connection).await?)
                }
                other => Ok(other?),
            }
        }
        other => Ok(other?),
    }
}

async fn run(connection: &mut MySqlConnection) -> Result<(), MigrateError> {
    let migrations = FILES.iter().filter_map(|(version, name, statement)| {
        let statement = SqlStr::from_static(statement);
        let version = version.parse().ok()?;
        Some(Migration::new(version, (*name).into(), MigrationType::Simple, statement, false))
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // sqlx's own lock would be let go between the two tries above; ours is held around both.
    migrator.set_locking(false);
    migrator.run(connection).await
}

/// Whether a statement failed because its work is done: the column or index is there already, or gone already (MySQL error
/// reference, 1060 `ER_DUP_FIELDNAME`, 1061 `ER_DUP_KEYNAME`, 1091 `ER_CANT_DROP_FIELD_OR_KEY`). `IF NOT EXISTS` for columns is MariaDB's only.
fn is_done(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    matches!(number, Some(1060 | 1061 | 1091))
}

fn database_name(options: &MySqlConnectOptions) -> Result<String, Error> {
    let name = options.get_database().ok_or(Error::NoDatabase)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name.to_owned())
    } else {
        Err(Error::DatabaseName(name.to_owned()))
    }
}

/// Not `CREATE DATABASE IF NOT EXISTS` at once: a user who may not create databases may still migrate one.
async fn create_database(options: &MySqlConnectOptions, database: &str) -> Result<(), Error> {
    let mut server = options.clone().database("").connect().await?;
    let exists: Option<String> =
        sqlx::query_scalar("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?")
            .bind(database)
            .fetch_optional(&mut server)
            .await?;
    if exists.is_none() {
        let create = format!("CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut server).await?;
    }
    server.close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_once_and_is_one_statement() {
        let mut there: Vec<String> = std::fs::read_dir("mysql")
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let listed: Vec<String> =
            FILES.iter().map(|(version, name, _)| format!("{version}_{name}.sql")).collect();
        assert_eq!(listed, there);
        for (version, name, statement) in FILES {
            assert!(version.parse::<i64>().is_ok(), "{version}");
            let bare: String = statement.lines().filter(|line| !line.starts_with("--")).collect();
            let again = bare.contains(" IF NOT EXISTS ") || bare.starts_with("ALTER TABLE ");
            assert!(!bare.contains(';') && again, "{name}");
        }
    }

    #[test]
    fn a_database_needs_a_plain_name() {
        let name = |url: &str| database_name(&url.parse().unwrap());
        assert_eq!(name("mysql://root@h/torioki").unwrap(), "torioki");
        assert!(matches!(name("mysql://root@h"), Err(Error::NoDatabase)));
        assert!(matches!(name("mysql://root@h/a%60b"), Err(Error::DatabaseName(_))));
    }
}
