//! How fast the query API is on a small projection and on a large one, the command API where many want the same, and the
//! relay on a backlog, each in one run on one machine.
//!
//! Numbers of a run are of its machine. What counts are ratios: of the large projection to the small one, of both to a
//! handler that answers at once and to a statement that is prepared and reads one row, of holds that go together to holds
//! that go alone, of holds to bare transactions of their items, and of the relay to each half of its work.

mod audience;
mod bare;
pub mod cost;
mod fill;
mod hold;
mod measure;
mod path;
mod placed;
mod questions;
mod relay;
mod report;
pub(crate) mod shape;
mod wire;
mod yardsticks;

use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::{Client, Response};

pub use audience::{Audience, Telling};
pub use bare::{Sent, bare};
pub use fill::fill;
pub use hold::{Api, CASES, Case, holds, holds_at, one_hold};
use measure::{Connections, Times, measure};
pub use path::{Beside, Path};
pub use placed::{Cost, Holds, Placed};
use questions::NEAREST;
pub use questions::{QUESTIONS, Question};
pub use relay::{Drained, Lag, Ours, Outbox, Relay, drain, lag, upsert};
use report::Report;
pub use shape::{BRAND, LARGE, SMALL, Shape};
use wire::Wire;

use crate::console::say;

/// A query API on a projection, and what is in it.
pub struct Target {
    /// Base URL of the API.
    pub query_url: String,
    /// Its database.
    pub mysql_url: String,
    /// What is sent as `Authorization`: a manager's, of the brand.
    pub caller: String,
    /// How much there is.
    pub shape: Shape,
}

/// Asks everything of each, and says how long it took: a table, with a column for each target.
///
/// # Errors
/// When anything is answered but 200.
pub async fn query(targets: &[Target]) -> Result<String> {
    let mut report = Report::new(targets.iter().map(|target| target.shape));
    report.add(HANDLER, of_each(targets, HANDLER, yardsticks::handler).await?);
    report.add(STATEMENT, of_each(targets, STATEMENT, yardsticks::statement).await?);
    let kept = (WARM, &QUESTIONS[0], Freshness::Kept);
    let anew = QUESTIONS.iter().map(|question| (question.name, question, Freshness::Anew));
    for (name, question, freshness) in [kept].into_iter().chain(anew) {
        let asked = async |target: &Target| asked(target, question, freshness).await;
        report.add(name, of_each(targets, name, asked).await?);
    }
    report.compare(WARM, HANDLER, 0.7);
    report.compare(QUESTIONS[0].name, STATEMENT, 0.7);
    report.growth(NEAREST, 1.3);
    Ok(report.to_string())
}

/// What one lookup is measured against.
const HANDLER: &str = "a handler that answers the same bytes";
const STATEMENT: &str = "a prepared statement";
/// A lookup whose answer others had just now.
const WARM: &str = "one SKU in one store, kept";

async fn of_each(
    targets: &[Target],
    name: &str,
    measured: impl AsyncFn(&Target) -> Result<Times>,
) -> Result<Vec<Times>> {
    say(format_args!("asking for: {name} ..."));
    let mut times = Vec::new();
    for target in targets {
        times.push(measured(target).await?);
    }
    Ok(times)
}

/// Whether what others had just now will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Kept,
    Anew,
}

impl Freshness {
    /// What has to be sent for it.
    fn headers(self, caller: &str) -> Vec<(&str, &str)> {
        let mut headers = vec![("authorization", caller)];
        if self == Self::Anew {
            headers.push(("cache-control", "no-cache"));
        }
        headers
    }
}

async fn asked(target: &Target, question: &Question, freshness: Freshness) -> Result<Times> {
    let headers = freshness.headers(&target.caller);
    let wires = Connections::open(async || Wire::connect(&target.query_url, &headers).await).await?;
    let wires = &wires;
    let ask = |n| async move {
        let about = if freshness == Freshness::Kept { 0 } else { n };
        wires.of(n).await?.get(&question.path(target.shape, about)).await
    };
    measure(ask).await
}

/// Asks, and reads the answer whole.
async fn ask(client: &Client, url: &str, caller: &str, freshness: Freshness) -> Result<Response> {
    let mut request = client.get(url);
    for (name, value) in freshness.headers(caller) {
        request = request.header(name, value);
    }
    let response = request.send().await?;
    ensure!(response.status() == 200, "{url}: {} {}", response.status(), response.text().await?);
    Ok(response)
}

/// Microseconds that each took of what all took.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn micros_each(all: Duration, many: usize) -> f64 {
    all.as_secs_f64() * 1e6 / many.max(1) as f64
}

/// How long a token has to last: longer than any run.
pub const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
