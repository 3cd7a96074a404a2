//! The projection's schema on a real server.

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection, MySqlConnection};

struct Database {
    options: MySqlConnectOptions,
    name: String,
}

impl Database {
    fn new() -> Self {
        let url =
            std::env::var("MYSQL_URL").expect("MYSQL_URL is not set: run the tests with `cargo dev test`");
        let name = format!("t_{}", uuid::Uuid::now_v7().simple());
        Self { options: url.parse::<MySqlConnectOptions>().unwrap().database(&name), name }
    }

    async fn connect(&self) -> MySqlConnection {
        self.options.connect().await.unwrap()
    }

    async fn tables(&self) -> Vec<String> {
        let mut connection = self.connect().await;
        let names = "SELECT CAST(TABLE_NAME AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?";
        let mut names: Vec<String> =
            sqlx::query_scalar(names).bind(&self.name).fetch_all(&mut connection).await.unwrap();
        // Servers sort by collations of their own.
        names.sort();
        names
    }

    async fn drop(self) {
        let mut connection = self.connect().await;
        let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {}", self.name));
        sqlx::raw_sql(drop).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

const TABLES: [&str; 10] = [
    "_sqlx_migrations",
    "checkpoints",
    "history",
    "products",
    "quarantine",
    "reservation_lines",
    "reservations",
    "skus",
    "stock",
    "stores",
];

#[tokio::test]
async fn migrates_twice_and_by_two_at_once() {
    let database = Database::new();
    let (one, other) = tokio::join!(
        migrations::mysql::migrate(&database.options),
        migrations::mysql::migrate(&database.options)
    );
    one.unwrap();
    other.unwrap();
    migrations::mysql::migrate(&database.options).await.unwrap();
    assert_eq!(database.tables().await, TABLES);
    database.drop().await;
}

#[tokio::test]
async fn a_migration_that_was_cut_off_runs_again() {
    let database = Database::new();
    migrations::mysql::migrate(&database.options).await.unwrap();
    // As a process leaves it that dies after its statement, before it notes so; and one that dies before it.
    for cut in [
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 9",
        "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 9; DROP TABLE quarantine",
    ] {
        sqlx::raw_sql(cut).execute(&mut database.connect().await).await.unwrap();
        migrations::mysql::migrate(&database.options).await.unwrap();
        assert_eq!(database.tables().await, TABLES);
    }
    database.drop().await;
}
