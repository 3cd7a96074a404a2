//! Replays real sales as holds, through the front door, and has the outcome judged.
//!
//! Owns the order (that of the sales, store by store) and the counting. What may be sold is for the service to
//! decide: it must never look at stock itself.

mod tally;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use contracts::{Quantity, StoreId, problem};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::compare::{self, Counter};
use crate::console::{say, tell};
use crate::dataset::{self, Dataset, Sale};
use crate::fill::{self, Answer, Api, Command, Progress, fill};
use tally::{End, Tally};

/// Stores that sell at the same time: enough to keep the service busy, few enough for an engine on a laptop.
const LANES: usize = 16;
/// Of so many sales one is cancelled instead of collected.
const CANCELLED_EVERY: usize = 10;
/// Differences that are printed: more than anybody reads, and where one rule is broken, often all of its rows are.
const SHOWN: usize = 50;

/// The stack to replay on.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its APIs, and whose tokens they take.
    pub apis: fill::Target,
    /// Endpoint of DynamoDB.
    pub dynamodb_endpoint: String,
    /// What stands before every table name.
    pub table_prefix: String,
    /// URL of the projection's database.
    pub mysql_url: String,
}

/// A sale, and whether it is cancelled.
struct Task {
    sale: Sale,
    cancelled: bool,
}

/// Loads the data set in `data_dir`, replays its first `sales` sales, prints the outcome, and returns whether command
/// state and projection agree. Run again on the same stack, it sends the same commands: nothing moves twice.
///
/// # Errors
/// When the data set cannot be read, the stack does not answer, or it answers something that a sale cannot lead to.
pub async fn run(target: &Target, data_dir: &Path, sales: usize) -> Result<bool> {
    let dataset = Dataset::open(data_dir)?;
    let (lanes, total) = lanes(dataset::sales(data_dir)?.take(sales))?;
    if total < sales {
        say(format_args!("the data set has {total} sales only"));
    }
    fill(&dataset, &target.apis).await?;

    let judged = compare::Target {
        dynamodb_endpoint: target.dynamodb_endpoint.clone(),
        table_prefix: target.table_prefix.clone(),
        mysql_url: target.mysql_url.clone(),
    };
    let counter = Counter::connect(&judged).await?;
    let before = counter.published().await?;

    let start = Instant::now();
    let tally = sell(&target.apis, lanes, total).await?;
    let sold = start.elapsed();
    let published = counter.published().await?;
    counter.catch_up(published).await?;
    tell(tally.report(published.saturating_sub(before), sold, start.elapsed()));

    say("comparing command state and projection ...");
    let differences = compare::differences(&judged).await?;
    for difference in differences.iter().take(SHOWN) {
        tell(difference);
    }
    if differences.len() > SHOWN {
        tell(format_args!("... and {} more", differences.len() - SHOWN));
    }
    tell(format_args!("{} differences", differences.len()));
    Ok(differences.is_empty())
}

/// The sales of each store, in their order, and how many there are.
fn lanes(sales: impl Iterator<Item = Result<Sale>>) -> Result<(Vec<Vec<Task>>, usize)> {
    let mut places: HashMap<StoreId, usize> = HashMap::new();
    let mut lanes: Vec<Vec<Task>> = Vec::new();
    let mut total = 0;
    for sale in sales {
        let sale = sale?;
        total += 1;
        let place = *places.entry(sale.store_id.clone()).or_insert(lanes.len());
        if place == lanes.len() {
            lanes.push(Vec::new());
        }
        if let Some(lane) = lanes.get_mut(place) {
            lane.push(Task { sale, cancelled: total % CANCELLED_EVERY == 0 });
        }
    }
    Ok((lanes, total))
}

async fn sell(apis: &fill::Target, lanes: Vec<Vec<Task>>, total: usize) -> Result<Tally> {
    let api = Api::new(&apis.issuer_url)?;
    let progress = Progress::new("replaying", total);
    let tally = stream::iter(lanes)
        .map(|lane| async {
            let mut tally = Tally::default();
            for task in lane {
                tally.add(replayed(&api, &apis.command_url, &task).await?);
                progress.advance();
            }
            anyhow::Ok(tally)
        })
        .buffer_unordered(LANES)
        .try_fold(Tally::default(), |sum, tally| async { Ok(sum.plus(tally)) })
        .await?;
    progress.finish();
    Ok(tally)
}

async fn replayed(api: &Api, command_url: &str, task: &Task) -> Result<End> {
    let Task { sale: Sale { sale_id, store_id, sku, units }, cancelled } = task;
    // The sale's number in its data set makes the key: a replay that was interrupted goes on where it was.
    let command = |path: String, step: &str, body: Value| Command {
        brand: store_id.brand(),
        path,
        key: format!("replay-{}-{sale_id}-{step}", store_id.brand()),
        body: body.to_string(),
    };
    let hold = json!({
        "store_id": store_id,
        "lines": [{"sku": sku, "quantity": units}],
        // Nobody lives at `example.com`: it is kept free for this.
        "customer": {"name": format!("Sale {sale_id}"), "email": format!("sale-{sale_id}@example.com")},
    });
    let hold = command("/v1/reservations".to_owned(), "hold", hold);
    let placed = match api.post(command_url, &hold).await? {
        Answer::Done(placed) => placed,
        Answer::Refused(refusal) if may_refuse(&refusal.code, *units) => {
            return Ok(End::Refused(refusal.code));
        }
        Answer::Refused(refusal) => bail!("the hold of sale {sale_id} was refused: {refusal}"),
    };
    let id = placed.get("reservation_id").and_then(Value::as_str);
    let id = id.with_context(|| format!("the answer to a hold has no reservation_id: {placed}"))?;
    let (step, body, end) = if *cancelled {
        ("cancel", json!({"reason": "replayed as cancelled"}), End::Cancelled)
    } else {
        ("collect", json!({}), End::Collected)
    };
    match api.post(command_url, &command(format!("/v1/reservations/{id}/{step}"), step, body)).await? {
        Answer::Done(_) => Ok(end),
        Answer::Refused(refusal) => bail!("{step} of sale {sale_id}, hold {id}, was refused: {refusal}"),
    }
}

/// What the service may say to a real sale: there is too little, there never was any, or it is too much for one hold.
fn may_refuse(code: &str, units: u32) -> bool {
    let too_many = units > Quantity::MAX;
    code == problem::Code::InsufficientStock.as_str()
        || code == problem::Code::UnknownStock.as_str()
        || (too_many && code == problem::Code::InvalidField.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(sale_id: u64, store: &str) -> Result<Sale> {
        Ok(Sale { sale_id, store_id: store.parse()?, sku: "kumo.P1".parse()?, units: 1 })
    }

    #[test]
    fn each_store_keeps_its_order_and_every_tenth_sale_is_cancelled() {
        let sales = (1..=40).map(|id| sale(id, if id % 3 == 0 { "kumo.a" } else { "kumo.b" }));
        let (lanes, total) = lanes(sales).unwrap();
        assert_eq!((lanes.len(), total), (2, 40));
        for lane in &lanes {
            assert!(lane.iter().all(|task| task.sale.store_id == lane[0].sale.store_id));
            assert!(lane.is_sorted_by_key(|task| task.sale.sale_id));
        }
        let mut cancelled: Vec<u64> =
            lanes.iter().flatten().filter(|task| task.cancelled).map(|task| task.sale.sale_id).collect();
        cancelled.sort_unstable();
        assert_eq!(cancelled, [10, 20, 30, 40]);
    }

    #[test]
    fn a_sale_that_cannot_be_read_stops_the_replay_before_it_starts() {
        assert!(lanes([sale(1, "kumo.a"), sale(2, "no id")].into_iter()).is_err());
    }

    #[test]
    fn only_what_a_sale_can_lead_to_is_counted_as_a_refusal() {
        assert!(may_refuse("insufficient_stock", 1));
        assert!(may_refuse("unknown_stock", 1));
        assert!(may_refuse("invalid_field", Quantity::MAX + 1));
        assert!(!may_refuse("invalid_field", Quantity::MAX));
        for code in ["unknown_store", "unknown_sku", "idempotency_key_reused", "stock_shortfall"] {
            assert!(!may_refuse(code, 1), "{code}");
        }
    }
}
