//! A MySQL database of a test's own.

use platform::mysql::Mysql;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlPool};
use uuid::Uuid;

/// A database that is gone when the test is, however it ends.
pub struct Database {
    /// How to reach it.
    pub options: MySqlConnectOptions,
    /// For what the test itself does: a service has a pool of its own.
    pub pool: MySqlPool,
}

impl Database {
    /// Migrated and empty.
    pub async fn new() -> Self {
        let database = Self::unmigrated();
        database.migrate().await;
        database
    }

    /// Not even made yet.
    #[must_use]
    pub fn unmigrated() -> Self {
        Self::on(&crate::variable("MYSQL_URL"))
    }

    /// Not even made yet, on the server at this URL.
    #[must_use]
    pub fn on(server: &str) -> Self {
        let server: MySqlConnectOptions = server.parse().unwrap();
        let options = server.database(&format!("t_{}", Uuid::now_v7().simple())).disable_statement_logging();
        let pool = MySqlPoolOptions::new().max_connections(2).connect_lazy_with(options.clone());
        Self { options, pool }
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) {
        migrations::mysql::migrate(&self.options).await.unwrap();
    }

    /// Its URL, for a process.
    #[must_use]
    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    /// Its URL for a user without any right but to read and write its rows, and no password.
    pub async fn url_of(&self, user: &str) -> String {
        let database = self.options.get_database().unwrap();
        // A server knows a local client by either.
        for host in ["localhost", "127.0.0.1"] {
            self.run(format!("CREATE USER '{user}'@'{host}'")).await;
            let grant =
                format!("GRANT SELECT, INSERT, UPDATE, DELETE ON `{database}`.* TO '{user}'@'{host}'");
            self.run(grant).await;
        }
        self.options.clone().username(user).to_url_lossy().to_string()
    }

    /// A pool as the services make theirs.
    #[must_use]
    pub fn service_pool(&self, max_connections: u32) -> MySqlPool {
        Mysql { mysql_url: self.options.clone() }.pool(max_connections)
    }

    /// Runs a statement of the test.
    pub async fn run(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let ran = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&self.pool).await;
        ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// One number that a query finds.
    pub async fn number(&self, sql: &str) -> i64 {
        let found = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&self.pool).await;
        found.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let options = self.options.clone();
        let name = options.get_database().unwrap_or_default().to_owned();
        // A runtime of its own: the test's is busy dropping this.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let mut connection = options.database("").connect().await?;
                let drop = AssertSqlSafe(format!("DROP DATABASE IF EXISTS `{name}`"));
                sqlx::raw_sql(drop).execute(&mut connection).await?;
                connection.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("a test database was left behind: {error}");
        }
    }
}
