//! The whole service as real processes, on a database and tables of its own.

use std::time::{Duration, Instant};

use devstack::compare::{self, Target};
use devstack::process::Group;
use devstack::service::{Service, Spec};
use platform::auth::Role;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Api, Database, Tables, tokens};

/// How long a test waits for what must come true.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Engines, and the processes that a test starts on them.
pub struct System {
    /// The projection.
    pub database: Database,
    /// The write side.
    pub tables: Tables,
    dir: TempDir,
    started: std::cell::Cell<u32>,
}

impl System {
    /// Migrated engines, and no process yet.
    pub async fn new() -> Self {
        let (tables, database) = tokio::join!(Tables::new(), Database::new());
        Self::on(tables, database)
    }

    /// Engines on which `migrate` has still to run.
    pub async fn without_tables() -> Self {
        Self::on(Tables::unmigrated().await, Database::unmigrated())
    }

    /// These engines, and no process yet.
    #[must_use]
    pub fn on(tables: Tables, database: Database) -> Self {
        Self { database, tables, dir: tempfile::tempdir().unwrap(), started: std::cell::Cell::new(0) }
    }

    /// Migrated engines whose projection has one count.
    pub async fn counted(store_id: &str, sku: &str) -> Self {
        let system = Self::new().await;
        for sql in [
            format!(
                "INSERT INTO stores (store_id, brand, version, name_en, time_zone, updated_at) VALUES \
                 ('{store_id}', 'hinata', 1, 'Shibuya', 'Asia/Tokyo', NOW(6))"
            ),
            format!(
                "INSERT INTO stock (store_id, sku, brand, version, on_hand, held, safety, updated_at) VALUES \
                 ('{store_id}', '{sku}', 'hinata', 1, 9, 0, 0, NOW(6))"
            ),
        ] {
            system.database.run(sql).await;
        }
        system
    }

    async fn start(&self, program: &str, command: &str, dynamodb: &str, mysql: &str) -> Service {
        self.start_with(program, command, dynamodb, mysql, &[]).await
    }

    async fn start_with(
        &self,
        program: &str,
        command: &str,
        dynamodb: &str,
        mysql: &str,
        more: &[(&str, &str)],
    ) -> Service {
        let n = self.started.replace(self.started.get() + 1);
        let prefix = self.tables.prefix.to_string();
        let (limits, file) = devstack::limits::environment(self.dir.path()).unwrap();
        let engines = [
            ("DYNAMODB_ENDPOINT", dynamodb),
            ("TABLE_PREFIX", &prefix),
            ("MYSQL_URL", mysql),
            (limits, file.to_str().unwrap()),
        ];
        let engines =
            engines.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let spec = Spec {
            name: format!("{program}-{n}"),
            program: std::path::Path::new(&crate::variable("TORIOKI_BIN_DIR")).join(program),
            arguments: [command, "--listen", "127.0.0.1:0"].map(str::to_owned).to_vec(),
            environment: engines.chain(tokens::environment()).collect(),
            dir: self.dir.path().to_owned(),
            group: Group::Shared,
        };
        Service::start(spec).await.unwrap()
    }

    /// A token that every service here takes, of a user with this role.
    #[must_use]
    pub fn token(&self, role: Role, brand: &str, stores: &[&str], subject: &str) -> String {
        tokens::token(role, brand, stores, subject)
    }

    /// A command API, ready.
    pub async fn command_api(&self) -> Service {
        let mut service = self.command_api_at(&self.tables.endpoint).await;
        service.wait_ready(DEADLINE).await.unwrap();
        service
    }

    /// A command API with more in its environment, ready.
    pub async fn command_api_with(&self, more: &[(&str, &str)]) -> Service {
        let mut service = self.start_with("command-api", "serve", &self.tables.endpoint, "", more).await;
        service.wait_ready(DEADLINE).await.unwrap();
        service
    }

    /// A command API of tables by another way.
    pub async fn command_api_at(&self, dynamodb: &str) -> Service {
        self.start("command-api", "serve", dynamodb, "").await
    }

    /// A query API, ready.
    pub async fn query_api(&self) -> Service {
        let mut service = self.query_api_at(&self.database.url_of("app_query")).await;
        service.wait_ready(DEADLINE).await.unwrap();
        service
    }

    /// A query API with more in its environment, ready.
    pub async fn query_api_with(&self, more: &[(&str, &str)]) -> Service {
        let mysql = self.database.url_of("app_query");
        let mut service = self.start_with("query-api", "serve", "", &mysql, more).await;
        service.wait_ready(DEADLINE).await.unwrap();
        service
    }

    /// A query API of a projection by another way.
    pub async fn query_api_at(&self, mysql: &str) -> Service {
        self.start("query-api", "serve", "", mysql).await
    }

    /// A relay, ready.
    pub async fn relay(&self) -> Service {
        let mut service = self.relay_at(&self.tables.endpoint, &self.database.url_of("app_projection")).await;
        service.wait_ready(DEADLINE).await.unwrap();
        service
    }

    /// A relay with more in its environment, ready.
    pub async fn relay_with(&self, more: &[(&str, &str)]) -> Service {
        let (dynamodb, mysql) = (&self.tables.endpoint, self.database.url());
        let mut service = self.start_with("outbox-relay", "poll", dynamodb, &mysql, more).await;
        service.wait_ready(DEADLINE).await.unwrap();
        service
    }

    /// A relay of engines by another way.
    pub async fn relay_at(&self, dynamodb: &str, mysql: &str) -> Service {
        self.start("outbox-relay", "poll", dynamodb, mysql).await
    }

    /// A piece of work of the relay's program, which ends by itself, done by an operator. Dropping the running one kills it.
    #[must_use]
    pub fn relay_work(&self, arguments: &[&str]) -> Command {
        let program = std::path::Path::new(&crate::variable("TORIOKI_BIN_DIR")).join("outbox-relay");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("DYNAMODB_ENDPOINT", &self.tables.endpoint)
            .env("TABLE_PREFIX", self.tables.prefix.to_string())
            .env("MYSQL_URL", self.database.url_of("operator"))
            .kill_on_drop(true);
        command
    }

    /// A publisher to a target: its kind, where it is, and what else it needs in its environment.
    pub async fn publisher(&self, kind: &str, to: &str, more: &[(&str, &str)]) -> Service {
        let target = [("PUBLISH_TARGET", kind), ("PUBLISH_TO", to), ("PUBLISH_NAME", "test")];
        let environment = [&target, more].concat();
        let (dynamodb, mysql) = (&self.tables.endpoint, self.database.url_of("app_projection"));
        self.start_with("outbox-relay", "publish", dynamodb, &mysql, &environment).await
    }

    /// Everything in which command state and projection differ, or either breaks a rule.
    pub async fn differences(&self) -> Vec<String> {
        let target = Target {
            dynamodb_endpoint: self.tables.endpoint.clone(),
            table_prefix: self.tables.prefix.to_string(),
            mysql_url: self.database.url(),
        };
        compare::differences(&target).await.unwrap()
    }

    /// Waits until the projection equals command state, row by row.
    ///
    /// # Panics
    /// When it does not get there in time.
    pub async fn settled(&self) {
        let start = Instant::now();
        loop {
            let differences = self.differences().await;
            if differences.is_empty() {
                return;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "the projection stays different:\n{}",
                differences.join("\n")
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// The API of a process, asked by a manager of the brand that most tests are about.
impl From<&Service> for Api {
    fn from(service: &Service) -> Self {
        Self::new(service.base_url()).with_token(tokens::token(Role::Manager, "hinata", &[], "manager"))
    }
}

/// Waits until it is so.
///
/// # Panics
/// When it does not come true in time.
pub async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let start = Instant::now();
    while !check().await {
        assert!(start.elapsed() < DEADLINE, "waited in vain until {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
