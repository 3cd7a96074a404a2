//! `cargo dev up`: the whole service on one machine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use contracts::{Sku, StoreId};

use super::build;
use super::lock::Lock;
use crate::console::{say, tell};
use crate::load::load;
use crate::process::Group;
use crate::stack::{Options, Stack};

/// How often it is looked whether all parts still run.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(super) struct Up {
    /// Port of the command API.
    #[arg(long, default_value_t = 8080)]
    command_port: u16,
    /// Port of the query API.
    #[arg(long, default_value_t = 8081)]
    query_port: u16,
    #[command(flatten)]
    engines: Engines,
    /// Start without demo data.
    #[arg(long, conflicts_with = "data")]
    empty: bool,
    /// Load the data set in this directory instead of the demo data.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Engines that run already, instead of embedded ones.
#[derive(Args)]
pub(super) struct Engines {
    /// A DynamoDB that runs already.
    #[arg(long, value_name = "URL")]
    pub dynamodb_endpoint: Option<String>,
    /// A MySQL that runs already: mysql://USER:PASSWORD@HOST:PORT, with or without /DATABASE.
    #[arg(long, value_name = "URL")]
    pub mysql_url: Option<String>,
}

impl Engines {
    /// A stack on these engines.
    pub(super) fn options(self, state: &str, name: &str, ports: (u16, u16)) -> Result<Options> {
        let prefix = format!("{name}-").parse().map_err(anyhow::Error::msg)?;
        Ok(Options {
            state_dir: build::state_dir(state)?,
            bin_dir: build::bin_dir()?,
            command_port: ports.0,
            query_port: ports.1,
            dynamodb_endpoint: self.dynamodb_endpoint,
            mysql_url: self.mysql_url,
            table_prefix: prefix,
            database: name.to_owned(),
            group: Group::Own,
        })
    }
}

impl Up {
    pub(super) async fn run(self) -> Result<bool> {
        let dataset = if self.empty { None } else { Some(super::dataset(self.data.as_ref())?) };
        let options = self.engines.options("up", "torioki", (self.command_port, self.query_port))?;
        let _lock = Lock::take(&options.state_dir)?;

        let starting = async {
            // Before the build: whoever has to choose another port should not wait for it.
            options.prepare().await?;
            build::services().await?;
            let mut stack = Stack::start(&options).await?;
            if let Some(dataset) = &dataset {
                let (command, query) = (stack.command_url().to_owned(), stack.query_url().to_owned());
                tokio::select! {
                    loaded = load(dataset, &command, &query) => drop(loaded?),
                    died = watch(&mut stack) => died?,
                }
            }
            anyhow::Ok(stack)
        };
        let mut stack = tokio::select! {
            started = starting => started?,
            stopped = super::stop_signal() => {
                stopped?;
                say("stopped");
                return Ok(true);
            }
        };

        describe(&stack, dataset.as_ref().and_then(crate::dataset::Dataset::example));
        let ended = tokio::select! {
            died = watch(&mut stack) => died,
            stopped = super::stop_signal() => stopped,
        };
        say("stopping ...");
        let stopped = stack.stop().await;
        ended.and(stopped).map(|()| true)
    }
}

/// Returns when a part of the stack has ended.
async fn watch(stack: &mut Stack) -> Result<()> {
    loop {
        stack.check()?;
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

fn describe(stack: &Stack, example: Option<(StoreId, Sku)>) {
    let (command, query) = (stack.command_url(), stack.query_url());
    tell("");
    tell("Torioki is up.");
    tell(format!("  command API   {command}"));
    tell(format!("  query API     {query}"));
    tell(format!("  relay health  {}/readyz", stack.relay_url()));
    tell(format!("  DynamoDB      {}", stack.dynamodb_endpoint()));
    tell(format!("  MySQL         {}", without_password(stack.mysql_url())));
    tell("");
    match example {
        Some((store_id, sku)) => {
            tell(format!("Try store {store_id} and SKU {sku}: place a hold, collect it, look the stock up."));
            tell("");
            for line in try_lines(command, query, &store_id, &sku) {
                tell(line);
            }
        }
        None => {
            tell("There is no data. Make a store, a product and a count with three PUTs (see README.md), or");
            tell(format!("load the demo data: cargo dev load --command-url {command} --query-url {query}"));
        }
    }
    tell("");
    tell("Ctrl-C stops everything; what is stored is there again the next time.");
}

/// Three lines for a shell, to be run one after the other. No line needs more than curl and sed.
fn try_lines(command: &str, query: &str, store_id: &StoreId, sku: &Sku) -> [String; 3] {
    let hold = format!(
        r#"{{"store_id":"{store_id}","lines":[{{"sku":"{sku}","quantity":1}}],"customer":{{"name":"山田 花子","phone":"090-0000-0000"}}}}"#
    );
    [
        format!(
            r#"id=$(curl -s {command}/v1/reservations -H 'Content-Type: application/json' -H "Idempotency-Key: hold-$(date +%s)-$RANDOM" -d '{hold}' | tee /dev/stderr | sed 's/.*"reservation_id":"\([^"]*\)".*/\1/'); echo"#
        ),
        format!(
            r#"curl -s -X POST {command}/v1/reservations/$id/collect -H "Idempotency-Key: collect-$id"; echo"#
        ),
        format!("curl -s {query}/v1/stores/{store_id}/stock/{sku}; echo"),
    ]
}

fn without_password(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else { return "(not a URL)".to_owned() };
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "(given)".to_owned();
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(without_password("mysql://u:secret@h/d"), "mysql://u:***@h/d");
        assert_eq!(without_password("mysql://root@h:1/d"), "mysql://root@h:1/d");
    }
}
