//! The projection's schema on a real server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use harness::Database;

const TABLES: [&str; 18] = [
    "_sqlx_migrations",
    "checkpoints",
    "history",
    "leases",
    "next_projection",
    "positions",
    "product_terms",
    "products",
    "publications",
    "quarantine",
    "reservation_lines",
    "reservations",
    "skus",
    "stock",
    "stock_changes",
    "stores",
    "undelivered",
    "unfinished_work",
];

async fn tables(database: &Database) -> Vec<String> {
    let names = "SELECT CAST(TABLE_NAME AS CHAR) FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'";
    let mut names: Vec<String> = sqlx::query_scalar(names).fetch_all(&database.pool).await.unwrap();
    // Servers sort by collations of their own.
    names.sort();
    names
}

#[tokio::test]
async fn migrates_twice_and_by_two_at_once() {
    let database = Database::unmigrated();
    tokio::join!(database.migrate(), database.migrate());
    database.migrate().await;
    assert_eq!(tables(&database).await, TABLES);
}

/// Its tables lack what a migration adds, and every event would have to be written to them.
#[tokio::test]
async fn a_rebuild_that_was_killed_is_given_up() {
    let database = Database::new().await;
    database.run("INSERT INTO next_projection VALUES (UTC_TIMESTAMP(6))").await;
    database.migrate().await;
    assert_eq!(database.number("SELECT COUNT(*) FROM next_projection").await, 0);
}

#[tokio::test]
async fn a_migration_that_was_cut_off_runs_again() {
    let database = Database::new().await;
    // As a process leaves it that dies after its statement, before it notes so; and one that dies before it.
    for cut in [
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 9",
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 9; DROP TABLE quarantine",
    ] {
        database.run(cut).await;
        database.migrate().await;
        assert_eq!(tables(&database).await, TABLES);
    }
}
