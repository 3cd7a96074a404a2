//! A MySQL database of a test's own.

use futures::future::join_all;
use migrations::access::{self, Credential, Password};
use platform::mysql::Mysql;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlPool};

/// The roles of a database, each with a user of this harness.
const ROLES: [&str; 5] = ["app_projection", "app_query", "operator", "support", "analyst"];
/// Those that programs run as.
const PROGRAMS: [&str; 3] = ["app_projection", "app_query", "operator"];
/// The password of every user of this harness.
const PASSWORD: &str = "known-to-all-tests";

/// A database that is gone when the test is, however it ends.
pub struct Database {
    /// How to reach it as an administrator.
    pub options: MySqlConnectOptions,
    /// For what the test itself does: a service has a pool of its own.
    pub pool: MySqlPool,
}

impl Database {
    /// Migrated and empty, and open for our programs.
    pub async fn new() -> Self {
        let database = Self::unmigrated();
        database.migrate().await;
        database.let_in().await;
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
        // As long as it may be for the names of its users, who are the server's.
        let name = format!("t_{:015x}", rand::random::<u64>() >> 4);
        let options = server.database(&name).disable_statement_logging();
        let pool = MySqlPoolOptions::new().max_connections(2).connect_lazy_with(options.clone());
        Self { options, pool }
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) {
        migrations::mysql::migrate(&self.options).await.unwrap();
    }

    /// Makes the users that our programs sign in as.
    pub async fn let_in(&self) {
        join_all(PROGRAMS.map(|role| self.add_user(role))).await;
    }

    /// Makes the user of a role.
    pub async fn add_user(&self, role: &str) {
        let user = self.user_name(role).parse().unwrap();
        let password = Credential::Password(Password::given(PASSWORD).unwrap());
        access::add(&self.options, &user, role, &password).await.unwrap();
    }

    fn user_name(&self, role: &str) -> String {
        format!("{}_{role}", self.options.get_database().unwrap())
    }

    /// How the user of a role reaches it.
    #[must_use]
    pub fn user(&self, role: &str) -> MySqlConnectOptions {
        self.options.clone().username(&self.user_name(role)).password(PASSWORD)
    }

    /// Its URL, for an administrator.
    #[must_use]
    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    /// Its URL, for a process that signs in as the user of a role.
    #[must_use]
    pub fn url_of(&self, role: &str) -> String {
        self.user(role).to_url_lossy().to_string()
    }

    /// A pool as the services make theirs.
    #[must_use]
    pub fn service_pool(&self, role: &str, max_connections: u32) -> MySqlPool {
        Mysql { mysql_url: self.user(role) }.pool(max_connections)
    }

    /// Runs a statement of the test.
    pub async fn run(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let ran = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&self.pool).await;
        ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Whether the server is MariaDB: some statements are its own.
    pub async fn is_mariadb(&self) -> bool {
        self.number("SELECT CAST(VERSION() LIKE '%MariaDB%' AS SIGNED)").await == 1
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
        let users = ROLES.map(|role| format!("'{name}_{role}'")).join(", ");
        let roles = ROLES.map(|role| format!("'{name}.{role}'")).join(", ");
        // A runtime of its own: the test's is busy dropping this.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let mut connection = options.database("").connect().await?;
                for drop in [
                    format!("DROP DATABASE IF EXISTS `{name}`"),
                    format!("DROP USER IF EXISTS {users}"),
                    format!("DROP ROLE IF EXISTS {roles}"),
                ] {
                    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await?;
                }
                connection.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("a test database was left behind: {error}");
        }
    }
}
