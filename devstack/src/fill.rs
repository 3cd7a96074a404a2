//! Fills a running stack with a data set, through its front door: the command API.
//!
//! Owns the order and the keys of the commands, so that filling again, whole or after an interruption, changes
//! nothing that is there. It must never write to a database.

mod api;
mod progress;
mod tokens;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use contracts::Brand;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

pub(crate) use api::{Answer, Api, Command};
pub(crate) use progress::Progress;

use crate::console::say;
use crate::dataset::{Dataset, Product, Stock};

/// Commands under way at once: enough to keep the service busy, few enough for an engine on a laptop.
const CONCURRENCY: usize = 16;
/// SKUs that a product gains with one command: with the product, its event and its idempotency record they are 10
/// items, the most that older releases of DynamoDB Local take in a transaction (DynamoDB itself takes 100).
const NEW_SKUS: usize = 7;
/// How long the projection may take to show the last row, with everything before it still in its backlog.
const VISIBLE_WAIT: Duration = Duration::from_secs(120);
/// How often it is asked.
const VISIBLE_POLL: Duration = Duration::from_millis(200);

/// The stack to fill.
#[derive(Debug, Clone)]
pub struct Target {
    /// Base URL of its command API.
    pub command_url: String,
    /// Base URL of its query API.
    pub query_url: String,
    /// Base URL of the issuer whose tokens it takes.
    pub issuer_url: String,
}

/// What filling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Everything was there.
    Before,
    /// This many stores, products and counts were sent.
    Now(usize),
}

/// Sends a data set, unless it is there, and returns when the query API shows it.
///
/// The last count is sent by itself, after all else was answered: where it is, everything is. That keeps a stack that
/// was started again from going back to the counts of its first day.
///
/// # Errors
/// When a row is refused, the services do not answer, or the projection does not follow in time. Running it again
/// goes on with what is missing.
pub async fn fill(dataset: &Dataset, target: &Target) -> Result<Filled> {
    let Target { command_url, query_url, issuer_url } = target;
    let api = Api::new(issuer_url)?;
    let last = dataset.stock.last();
    let last_url = last.map(|row| format!("{query_url}{}", stock_path(row)));
    if let Some(url) = &last_url
        && api.exists(url).await?
    {
        say(format_args!("the data set is there already ({} counts)", dataset.stock.len()));
        return Ok(Filled::Before);
    }

    let phases = phases(dataset)?;
    let total = phases.iter().map(Vec::len).sum();
    let progress = Progress::new("filling", total);
    for phase in phases {
        stream::iter(phase)
            .map(|command| async { put(&api, command_url, command).await })
            .buffer_unordered(CONCURRENCY)
            .try_for_each(|()| async {
                progress.advance();
                Ok(())
            })
            .await?;
    }
    progress.finish();
    if let Some(url) = &last_url {
        wait_until_visible(&api, url).await?;
    }
    Ok(Filled::Now(total))
}

/// What is sent, in groups: each needs the ones before it.
fn phases(dataset: &Dataset) -> Result<Vec<Vec<Command>>> {
    let stores = dataset
        .stores
        .iter()
        .map(|store| command(store.id.brand(), format!("/v1/stores/{}", store.id), store));
    let mut phases = vec![stores.collect::<Result<_>>()?];
    for known in (0..).step_by(NEW_SKUS) {
        let grown = dataset.products.iter().filter(|product| known == 0 || product.skus.len() > known);
        let commands: Vec<Command> = grown
            .map(|product| {
                let skus = product.skus.iter().take(known + NEW_SKUS).cloned().collect();
                let grown = Product { skus, ..product.clone() };
                command(product.code.brand(), format!("/v1/products/{}", product.code), &grown)
            })
            .collect::<Result<_>>()?;
        if commands.is_empty() {
            break;
        }
        phases.push(commands);
    }
    let counts = dataset.stock.iter().map(|row| command(row.store_id.brand(), stock_path(row), row));
    let mut counts: Vec<Command> = counts.collect::<Result<_>>()?;
    let last = counts.pop().into_iter().collect();
    phases.extend([counts, last]);
    Ok(phases)
}

fn stock_path(row: &Stock) -> String {
    format!("/v1/stores/{}/stock/{}", row.store_id, row.sku)
}

/// The key is made of what is sent and where to: the same row again is the same command, another count is another.
fn command(brand: Brand, path: String, body: &impl Serialize) -> Result<Command> {
    let body = serde_json::to_string(body).with_context(|| path.clone())?;
    let digest = Sha256::new().chain_update(&path).chain_update([0]).chain_update(&body).finalize();
    Ok(Command { brand, key: format!("fill-{}", hex::encode(digest)), path, body })
}

async fn put(api: &Api, command_url: &str, command: Command) -> Result<()> {
    match api.put(command_url, &command).await? {
        Answer::Done(_) => Ok(()),
        Answer::Refused(refusal) => {
            bail!("PUT {} with {} was refused: {refusal}", command.path, command.body)
        }
    }
}

async fn wait_until_visible(api: &Api, url: &str) -> Result<()> {
    say("waiting until the query API shows it ...");
    let deadline = Instant::now() + VISIBLE_WAIT;
    while !api.exists(url).await? {
        if Instant::now() >= deadline {
            bail!(
                "everything was sent, but after {VISIBLE_WAIT:?} {url} still shows nothing: is the relay running?"
            );
        }
        sleep(VISIBLE_POLL).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_count_goes_last_and_alone() {
        let demo = Dataset::demo().unwrap();
        let mut phases = phases(&demo).unwrap();
        let (last, counts) = (phases.pop().unwrap(), phases.pop().unwrap());
        assert_eq!(phases[0].len(), demo.stores.len());
        assert_eq!(phases[1].len(), demo.products.len());
        assert_eq!(counts.len() + 1, demo.stock.len());
        assert_eq!(last.len(), 1);
        assert_eq!(last[0].path, stock_path(demo.stock.last().unwrap()));
    }

    #[test]
    fn a_product_grows_to_all_of_its_skus() {
        let demo = Dataset::demo().unwrap();
        let phases = phases(&demo).unwrap();
        for product in &demo.products {
            let path = format!("/v1/products/{}", product.code);
            let sent: Vec<&Command> =
                phases.iter().flatten().filter(|command| command.path == path).collect();
            assert_eq!(sent.len(), product.skus.len().div_ceil(NEW_SKUS));
            let whole = serde_json::to_string(product).unwrap();
            assert_eq!(sent.last().unwrap().body, whole);
        }
    }

    #[test]
    fn a_data_set_without_counts_has_no_last_one() {
        let demo = Dataset { stock: Vec::new(), ..Dataset::demo().unwrap() };
        let phases = phases(&demo).unwrap();
        assert!(phases[phases.len() - 2..].iter().all(Vec::is_empty));
    }

    #[test]
    fn a_key_stands_for_row_and_content() {
        let brand: Brand = "hinata".parse().unwrap();
        let key = |path: &str, body: u32| command(brand.clone(), path.to_owned(), &body).unwrap().key;
        assert_eq!(key("/a", 1), key("/a", 1));
        assert_ne!(key("/a", 1), key("/a", 2));
        assert_ne!(key("/a", 1), key("/b", 1));
        assert_ne!(key("/a", 11), key("/a1", 1));
        assert!(key("/a", 1).len() < 100);
    }
}
