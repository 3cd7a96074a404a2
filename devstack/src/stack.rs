//! A whole stack: the engines, the migrated databases, the issuer of tokens, and the three services, each a process of
//! its own.
//!
//! Owns the order in which they start and stop. It must never load data, and never stop an engine that it was given.

mod engines;
mod options;
mod users;

use std::time::Duration;

use anyhow::Context;

use crate::console::say;
use crate::fill;
use crate::issuer::{self, Issuer, Persona, SignIn};
use crate::limits;
use crate::secret;
use crate::service::Service;
use engines::Engines;

pub use engines::{forget, with_database};
pub use options::{Options, Ports, nudge_address};

/// How long a service may take until it is ready: it has to reach engines that already answer.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A running stack. Dropping it kills the services, then the engines that it started.
#[derive(Debug)]
pub struct Stack {
    // The order of the fields is the order in which they are dropped.
    /// The command API.
    pub command_api: Service,
    /// The query API.
    pub query_api: Service,
    /// The relay.
    pub outbox_relay: Service,
    issuer: Issuer,
    pages: Vec<String>,
    engines: Engines,
}

impl Stack {
    /// Starts everything and returns when all three services are ready.
    ///
    /// # Errors
    /// When a port is taken, or a part does not start; what was started by then is stopped.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let options = &options.settled()?;
        options.prepare().await?;
        std::fs::create_dir_all(&options.state_dir)
            .with_context(|| format!("cannot make {}", options.state_dir.display()))?;
        let engines = Engines::start(options).await?;
        let issuer = Issuer::start(&options.state_dir.join("issuer"), options.ports.issuer)?;
        let mut auth = issuer.environment().to_vec();
        auth.push(("SECRET_KEY", secret::key(&options.state_dir, secret::SERVICES)?));
        auth.push(("CURSOR_KEY", secret::key(&options.state_dir, secret::CURSORS)?));
        let (name, file) = limits::environment(&options.state_dir)?;
        auth.push((name, file.to_string_lossy().into_owned()));
        let (dynamodb, mysql) = (engines.dynamodb_endpoint.as_str(), engines.mysql_url.as_str());
        say("bringing tables and schema up to date ...");
        options.migrate(vec!["all".to_owned()], dynamodb, mysql).await?;
        let relay_mysql = users::user(options, mysql, "app_projection").await?;
        let query_mysql = users::user(options, mysql, "app_query").await?;
        say("starting the services ...");
        let nudge = options::nudge_address()?;
        let outbox_relay = Service::start(options.outbox_relay(dynamodb, &relay_mysql, &nudge)).await?;
        let command_api = Service::start(options.command_api(dynamodb, &nudge, &auth)).await?;
        // Its port may be known only now, and the pages have to tell it to browsers.
        auth.push(("COMMAND_URL", command_api.base_url().to_owned()));
        auth.push(("OIDC_ISSUER", issuer.url().to_owned()));
        auth.push(("OIDC_CLIENT_ID", issuer::CLIENT_ID.to_owned()));
        let query_api = Service::start(options.query_api(&query_mysql, &auth)).await?;
        let mut stack =
            Self { command_api, query_api, outbox_relay, issuer, pages: options.pages().to_vec(), engines };
        for service in stack.services() {
            service.wait_ready(READY_TIMEOUT).await?;
        }
        Ok(stack)
    }

    /// Base URL of the command API.
    #[must_use]
    pub fn command_url(&self) -> &str {
        self.command_api.base_url()
    }

    /// Base URL of the query API.
    #[must_use]
    pub fn query_url(&self) -> &str {
        self.query_api.base_url()
    }

    /// Base URL of the relay, which serves its health only.
    #[must_use]
    pub fn relay_url(&self) -> &str {
        self.outbox_relay.base_url()
    }

    /// Base URL of the issuer whose tokens both APIs take.
    #[must_use]
    pub fn issuer_url(&self) -> &str {
        self.issuer.url()
    }

    /// Lets visitors of its pages sign in as these.
    pub fn let_in(&self, personas: Vec<Persona>) {
        self.issuer.offer(SignIn { pages: self.pages.clone(), personas });
    }

    /// Where it is filled.
    #[must_use]
    pub fn apis(&self) -> fill::Target {
        fill::Target {
            command_url: self.command_url().to_owned(),
            query_url: self.query_url().to_owned(),
            issuer_url: self.issuer_url().to_owned(),
        }
    }

    /// Where DynamoDB is.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.engines.dynamodb_endpoint
    }

    /// Where the projection is, with its database, for whoever migrates.
    #[must_use]
    pub fn mysql_url(&self) -> &str {
        &self.engines.mysql_url
    }

    /// The processes that it is made of, by what they are called, to see what they use. An engine that is not a process of
    /// ours is not among them.
    #[must_use]
    pub fn processes(&self) -> Vec<(String, u32)> {
        let services = [&self.command_api, &self.query_api, &self.outbox_relay];
        let named = services.into_iter().map(|service| (service.spec().name.clone(), service.pid()));
        named.chain(self.engines.mysql_pid().map(|pid| ("MySQL".to_owned(), pid))).collect()
    }

    fn services(&mut self) -> [&mut Service; 3] {
        [&mut self.command_api, &mut self.query_api, &mut self.outbox_relay]
    }

    /// # Errors
    /// When a part of the stack has ended; the error names it and shows the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for service in self.services() {
            service.check()?;
        }
        self.issuer.check()?;
        self.engines.check()
    }

    /// Stops the services in the order in which work flows through them, then the engines that were started here.
    ///
    /// # Errors
    /// When a part cannot be stopped; the rest is stopped all the same.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let mut stopped = Ok(());
        for service in self.services() {
            stopped = stopped.and(service.stop().await);
        }
        stopped.and(self.engines.stop().await)
    }
}
