//! Filled projections of a server, each with a query API that signs in as its role.

use std::path::Path;

use anyhow::Result;
use platform::auth::{Role, User};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::{migrate, run_migrate, start};
use crate::bench::{self, BRAND, Shape, TOKEN_LIFE, Target};
use crate::console::say;
use crate::issuer::Issuer;
use crate::secret;
use crate::service::Service;

/// What is run for them.
pub(super) const PROGRAMS: [&str; 2] = ["query-api", "migrate"];
/// What the query API signs in as, and the file that its password is in.
const ROLE: &str = "app_query";
const PASSWORD: &str = "app_query-password";

/// Where projections are made, and whose tokens their query APIs take.
pub(super) struct Projections<'p> {
    state_dir: &'p Path,
    server: MySqlConnectOptions,
    issuer: Issuer,
    caller: String,
}

impl<'p> Projections<'p> {
    /// On the server at this URL, as one who may make databases, roles and users there.
    pub(super) fn on(state_dir: &'p Path, server: &str) -> Result<Self> {
        let issuer = Issuer::start(&state_dir.join("issuer"), 0)?;
        let user = User::new("bench", BRAND.parse()?, [Role::Manager], [])?;
        let caller = format!("Bearer {}", issuer.mint(&user, TOKEN_LIFE)?);
        Ok(Self { state_dir, server: server.parse()?, issuer, caller })
    }

    /// Makes the projection with so many rows of stock anew, and starts its query API.
    pub(super) async fn make(&self, rows: u64) -> Result<(Service, Target)> {
        self.remove(rows).await?;
        let (shape, name) = (Shape::of(rows), database(rows));
        let options = self.server.clone().database(&name);
        let mysql_url = options.to_url_lossy().to_string();
        migrate("mysql", ("MYSQL_URL", &mysql_url)).await?;
        say(format_args!("filling a projection with {} rows of stock ...", shape.rows()));
        bench::fill(&mysql_url, shape).await?;
        let service = self.query_api(rows).await?;
        let query_url = service.base_url().to_owned();
        Ok((service, Target { query_url, mysql_url, caller: self.caller.clone(), shape }))
    }

    /// Starts the query API of a projection that was made.
    async fn query_api(&self, rows: u64) -> Result<Service> {
        let (name, user) = (database(rows), user(rows));
        let options = self.server.clone().database(&name);
        let password = secret::key(self.state_dir, PASSWORD)?;
        let file = self.state_dir.join(PASSWORD).display().to_string();
        let add = ["access", "user", "add", &user, "--role", ROLE, "--password-file", &file];
        run_migrate(&add, ("MYSQL_URL", options.to_url_lossy().as_str())).await?;
        let own = options.username(&user).password(&password).to_url_lossy().to_string();
        let cursor_key = secret::key(self.state_dir, secret::CURSORS)?;
        let environment = [("CURSOR_KEY", cursor_key), ("MYSQL_URL", own)];
        let environment = self.issuer.environment().into_iter().chain(environment);
        start(self.state_dir, (&name, "query-api"), "serve", &[], environment).await
    }

    /// Removes one, with its user and its roles, wherever it came from.
    pub(super) async fn remove(&self, rows: u64) -> Result<()> {
        let name = database(rows);
        let mut connection = self.server.clone().connect().await?;
        let roles = "SELECT CAST(user AS CHAR) FROM mysql.user WHERE LOCATE(?, user) = 1";
        let roles: Vec<String> =
            sqlx::query_scalar(roles).bind(format!("{name}.")).fetch_all(&mut connection).await?;
        let mut drops = vec![format!("DROP DATABASE IF EXISTS {name}")];
        drops.push(format!("DROP USER IF EXISTS '{}'", user(rows)));
        drops.extend(roles.iter().map(|role| format!("DROP ROLE IF EXISTS '{role}'")));
        for drop in drops {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(drop))).await?;
        }
        Ok(connection.close().await?)
    }
}

fn database(rows: u64) -> String {
    format!("bench_{rows}")
}

fn user(rows: u64) -> String {
    format!("{}_{ROLE}", database(rows))
}
