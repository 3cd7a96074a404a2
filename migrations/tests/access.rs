//! Roles and secret columns on a real server, each asked for by a user of the role over a connection of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use harness::Database;
use migrations::access::{self, Kind};
use sqlx::mysql::{MySqlDatabaseError, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, MySqlPool};

const ROLES: [&str; 5] = ["app_projection", "app_query", "operator", "support", "analyst"];
/// The tables with secrets, and those.
const SECRETS: [(&str, &[&str]); 4] = [
    (
        "reservations",
        &[
            "customer_name",
            "customer_phone",
            "customer_email",
            "customer_id",
            "phone_reversed",
            "pickup_code",
            "capability_hash",
        ],
    ),
    ("history", &["reason", "actor_id"]),
    ("quarantine", &["record", "reason"]),
    ("undelivered", &["event", "record", "reason"]),
];

/// A connection of the role's user.
async fn sign_in(database: &Database, role: &str) -> MySqlPool {
    MySqlPoolOptions::new().max_connections(1).connect_with(database.user(role)).await.unwrap()
}

/// The number of the error with which a statement ends.
async fn outcome(pool: &MySqlPool, sql: &str) -> Option<u16> {
    let error = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(pool).await.err()?;
    Some(error.into_database_error().unwrap().downcast_ref::<MySqlDatabaseError>().number())
}

async fn allowed(pool: &MySqlPool, sql: &str) {
    assert_eq!(outcome(pool, sql).await, None, "{sql}");
}

/// Refused for want of a right: on the database, the table, the column, or at all.
async fn refused(pool: &MySqlPool, sql: &str) {
    let outcome = outcome(pool, sql).await;
    assert!(matches!(outcome, Some(1044 | 1142 | 1143 | 1227)), "{sql}: {outcome:?}");
}

/// What the server differs in, as it is printed.
async fn plan(database: &Database) -> Vec<String> {
    access::plan(&database.options).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_column_is_open_or_secret() {
    let database = Database::new().await;
    assert_eq!(plan(&database).await, [""; 0], "what a migration adds has to be in access.toml");
    database.run("ALTER TABLE stores ADD COLUMN manager VARCHAR(9), DROP COLUMN address_en").await;
    database.run("CREATE TABLE notes (note VARCHAR(9))").await;
    let told = plan(&database).await.join("\n");
    for named in [
        "! column stores.manager is not in access.toml",
        "! access.toml has column stores.address_en, and no table has it",
        "! table notes is not in access.toml",
    ] {
        assert!(told.contains(named), "{told}");
    }
    let _ = access::apply(&database.options).await.unwrap();
    let queries = sign_in(&database, "app_query").await;
    refused(&queries, "SELECT manager FROM stores").await;
    refused(&queries, "SELECT note FROM notes").await;
    allowed(&queries, "SELECT name_ja FROM stores").await;
}

#[tokio::test]
async fn readers_see_no_secret_and_change_nothing() {
    let database = Database::new().await;
    for role in ["support", "analyst"] {
        database.add_user(role).await;
        let pool = sign_in(&database, role).await;
        for (table, secrets) in SECRETS {
            let open = format!("{table}_open");
            if role == "analyst" && matches!(table, "quarantine" | "undelivered") {
                refused(&pool, &format!("SELECT id FROM {table}")).await;
                continue;
            }
            refused(&pool, &format!("SELECT * FROM {table}")).await;
            for secret in secrets {
                refused(&pool, &format!("SELECT {secret} FROM {table}")).await;
                refused(&pool, &format!("SELECT COUNT(*) FROM {table} WHERE {secret} LIKE 'a%'")).await;
            }
            allowed(&pool, &format!("SELECT * FROM {open}")).await;
            allowed(&pool, &format!("SELECT COUNT(*) FROM {table}")).await;
            refused(&pool, &format!("DELETE FROM {open}")).await;
        }
    }
    for role in ["app_query", "support", "analyst"] {
        let pool = sign_in(&database, role).await;
        allowed(&pool, "SELECT * FROM stock").await;
        for change in [
            "DELETE FROM stock",
            "UPDATE stock SET on_hand = 9",
            "INSERT INTO reservation_lines (reservation_id, sku, brand, version, quantity) VALUES ('', '', '', 1, 1)",
            "TRUNCATE TABLE stock",
            "DROP VIEW reservations_open",
            "CREATE TABLE mine (x INT)",
            "CREATE TEMPORARY TABLE mine (x INT)",
            "GRANT SELECT ON reservations TO CURRENT_USER",
            "SELECT * FROM mysql.user",
        ] {
            refused(&pool, change).await;
        }
    }
}

#[tokio::test]
async fn each_program_may_do_its_work_and_no_more() {
    let database = Database::new().await;
    let queries = sign_in(&database, "app_query").await;
    allowed(&queries, "SELECT customer_name, phone_reversed, pickup_code FROM reservations").await;
    for sql in [
        "SELECT * FROM reservations",
        "SELECT customer_phone FROM reservations",
        "SELECT customer_email FROM reservations",
        "SELECT id FROM quarantine",
        "SELECT id FROM undelivered",
        "SELECT name FROM leases",
        "SELECT work FROM unfinished_work",
    ] {
        refused(&queries, sql).await;
    }

    let projection = sign_in(&database, "app_projection").await;
    allowed(&projection, "SELECT * FROM reservations").await;
    allowed(&projection, "DELETE FROM leases").await;
    for sql in [
        "SELECT record FROM quarantine",
        "SELECT event FROM undelivered",
        "DROP TABLE stock",
        "ALTER TABLE stock ADD COLUMN mine INT",
        "TRUNCATE TABLE next_projection",
        "CREATE VIEW mine AS SELECT customer_name FROM reservations",
        "DELETE FROM _sqlx_migrations",
    ] {
        refused(&projection, sql).await;
    }

    let operator = sign_in(&database, "operator").await;
    for sql in ["SELECT * FROM quarantine", "SELECT * FROM undelivered", "DELETE FROM unfinished_work"] {
        allowed(&operator, sql).await;
    }
    for sql in [
        "DROP TABLE history",
        "TRUNCATE TABLE quarantine",
        "CREATE TABLE mine (x INT)",
        "CREATE USER mine",
        "DELETE FROM _sqlx_migrations",
    ] {
        refused(&operator, sql).await;
    }
}

/// Rights and views go by the name of a table.
#[tokio::test]
async fn a_rebuild_changes_no_right() {
    let database = Database::new().await;
    let operator = sign_in(&database, "operator").await;
    let tables = ["reservations", "next_projection"];
    for table in tables {
        allowed(&operator, &format!("CREATE TABLE {table}_next LIKE {table}")).await;
    }
    let projection = sign_in(&database, "app_projection").await;
    allowed(&projection, "UPDATE reservations_next SET version = version + 1").await;
    refused(&projection, "DROP TABLE reservations_next").await;
    refused(&sign_in(&database, "app_query").await, "SELECT reservation_id FROM reservations_next").await;
    for _ in 0..2 {
        let swaps = tables.map(|table| format!("{table} TO {table}_old, {table}_next TO {table}"));
        allowed(&operator, &format!("RENAME TABLE {}", swaps.join(", "))).await;
        for table in tables {
            allowed(&operator, &format!("DROP TABLE {table}_old")).await;
            allowed(&operator, &format!("CREATE TABLE {table}_next LIKE {table}")).await;
        }
    }
    let queries = sign_in(&database, "app_query").await;
    allowed(&queries, "SELECT customer_name FROM reservations").await;
    allowed(&queries, "SELECT * FROM reservations_open").await;
    refused(&queries, "SELECT customer_phone FROM reservations").await;
    assert_eq!(plan(&database).await, [""; 0]);
}

#[tokio::test]
async fn what_was_done_by_hand_is_told_and_taken_back() {
    let database = Database::new().await;
    database.add_user("analyst").await;
    let name = database.options.get_database().unwrap();
    let [query, support, analyst] =
        ["app_query", "support", "analyst"].map(|role| format!("'{name}.{role}'"));
    let user = format!("'{name}_support'@'%'");
    let begins = if database.is_mariadb().await {
        format!("SET DEFAULT ROLE NONE FOR '{name}_analyst'@'%'")
    } else {
        database.run(format!("ALTER USER {support} ACCOUNT UNLOCK")).await;
        format!("ALTER USER '{name}_analyst'@'%' DEFAULT ROLE NONE")
    };
    for (by_hand, told) in [
        (format!("GRANT INSERT ON stock TO {query}"), "- REVOKE INSERT ON"),
        (format!("GRANT SELECT ON reservations TO {support}"), "- REVOKE SELECT ON"),
        (format!("GRANT SELECT (customer_name) ON reservations TO {support}"), "- REVOKE SELECT ON"),
        (format!("GRANT SELECT (reason) ON history TO {analyst}"), "- REVOKE SELECT (`reason`) ON"),
        (format!("GRANT UPDATE ON *.* TO {support}"), "ON *.* FROM"),
        (format!("REVOKE SELECT ON stores FROM {query}"), "+ GRANT SELECT ON"),
        (format!("REVOKE SELECT (status) ON reservations FROM {analyst}"), "+ GRANT SELECT (`status`) ON"),
        (format!("REVOKE UPDATE ON stock_next FROM '{name}.app_projection'"), "+ GRANT CREATE, UPDATE ON"),
        (begins, "sessions begin without the role"),
        (
            "CREATE OR REPLACE VIEW history_open AS SELECT * FROM history".to_owned(),
            "the view without secrets is stale",
        ),
        ("DROP VIEW undelivered_open".to_owned(), "the view without secrets is missing"),
        ("CREATE VIEW stock_open AS SELECT sku FROM stock".to_owned(), "- DROP VIEW"),
        (format!("CREATE ROLE '{name}.gone'"), "- DROP ROLE"),
        (format!("CREATE USER {user}"), ""),
        (
            format!("GRANT ALL ON {name}.* TO {user} WITH GRANT OPTION"),
            "has rights of its own, and not by a role",
        ),
        (
            format!("GRANT SELECT (customer_name), INSERT ON reservations TO {user}"),
            "- REVOKE SELECT (`customer_name`)",
        ),
    ] {
        database.run(by_hand.clone()).await;
        let plan = plan(&database).await.join("\n");
        assert!(plan.contains(told), "{by_hand}: {plan}");
    }
    database.run(format!("GRANT '{name}.operator' TO {analyst}")).await;
    assert!(plan(&database).await.iter().any(|line| line.contains(&format!("- REVOKE '{name}.operator'"))));

    // A migration leaves alone what services of an older release may be at work with.
    database.migrate().await;
    let left = access::plan(&database.options).await.unwrap();
    assert!(!left.is_empty() && left.iter().all(|change| change.kind == Kind::RemoveDirect), "{left:?}");
    assert!(!access::apply(&database.options).await.unwrap().is_empty());
    assert_eq!(plan(&database).await, [""; 0]);
    assert_eq!(access::apply(&database.options).await.unwrap(), [], "a second one does nothing");
    refused(&sign_in(&database, "analyst").await, "SELECT reason FROM history").await;

    // What nobody but a person can decide stays told.
    database.run("CREATE VIEW leak AS SELECT customer_name FROM reservations").await;
    database.run("CREATE PROCEDURE peek() SELECT customer_name FROM reservations").await;
    database.run(format!("GRANT {support} TO '{name}_analyst'@'%' WITH ADMIN OPTION")).await;
    let told = plan(&database).await;
    let [view, passes_on, routine] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(view, "! view leak is not in access.toml");
    assert!(passes_on.starts_with(&format!("! '{name}_analyst'@'%' may give {support}")), "{told:?}");
    assert!(routine.starts_with("! routine peek is not in access.toml"), "{told:?}");
}

#[tokio::test]
async fn two_at_once_do_it_once() {
    let database = Database::new().await;
    let name = database.options.get_database().unwrap();
    database.run(format!("DROP ROLE {}", ROLES.map(|role| format!("'{name}.{role}'")).join(", "))).await;
    let [one, other] =
        tokio::join!(access::apply(&database.options), access::apply(&database.options)).into();
    let done = [one.unwrap().len(), other.unwrap().len()];
    assert!(done.contains(&0) && done.iter().sum::<usize>() > 20, "{done:?}");
    assert_eq!(plan(&database).await, [""; 0]);
}
