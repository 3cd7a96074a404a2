//! A brand's stock as Google Merchant Center takes it: local inventory, as tab-separated values.
//!
//! What the attributes mean is said in Google's "Local inventory data specification". Ids in it are the brand's own codes: in
//! Merchant Center and in Business Profiles, nobody knows of our slugs. Prices are not known here, and come from the
//! brand's product data.
//!
//! A feed is never whole in memory: pages are read as the reader takes them. One that cannot be read to its end has none, and
//! never looks like a shorter one, which would take stores from the map.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use futures::stream;
use platform::Problem;
use platform::extract::Query;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::names::own_code;
use super::params::FeedParams;
use super::supply::Supply;
use super::{answer, codes};
use crate::read::Source;
use crate::read::inventory::{Inventory, Stocked};

/// Most feeds that a process writes at once: each reads without a pause, and shoppers come first.
const MAX_FEEDS: usize = 2;
/// Pages that wait for a reader to take them: while one is sent, the next is read.
const MAX_PAGES: usize = 1;
/// Longest that a page waits for a reader, who otherwise keeps others from their feeds.
const SLOW_READER: Duration = Duration::from_secs(30);
/// What a cache may do with a feed: keep it for five minutes, as nobody fetches one more often than a few times a day.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=300");
const TSV: HeaderValue = HeaderValue::from_static("text/tab-separated-values; charset=utf-8");
const HEAD: &str = "store_code\tid\tquantity\tavailability\tpickup_method\tpickup_sla\n";

/// Who writes feeds.
#[derive(Clone)]
pub(super) struct Feeds {
    source: Source,
    running: Arc<Semaphore>,
}

impl Feeds {
    pub(super) fn new(source: Source) -> Self {
        Self { source, running: Arc::new(Semaphore::new(MAX_FEEDS)) }
    }
}

/// A brand's stock, as Google's local inventory feed
///
/// Tab-separated, a row for each SKU in each store that counted it, with the brand's own codes as `store_code` and `id`.
/// `quantity` and `availability` are of what is there for whoever comes; `pickup_method` is `reserve` where a hold can be
/// placed and the store's hours are known. At most two feeds are written at once; who comes then is 503. A feed that breaks
/// off has no end: its connection is reset.
#[utoipa::path(
    get, path = "/v1/feeds/google-local-inventory.tsv", tag = "stock", params(FeedParams),
    responses(
        (
            status = 200, description = "The feed.", body = String, content_type = "text/tab-separated-values",
            headers(
                ("As-Of" = String, description = "Up to when the feed holds every event, where that is known."),
                ("Stale" = String, description = "`true` where that is longer ago than it should be."),
                ("Cache-Control" = String, description = "Who may keep the feed, and how long."),
            ),
        ),
        codes::Feed,
    ),
    security(())
)]
pub(super) async fn local_inventory(
    State(feeds): State<Feeds>,
    Query(params): Query<FeedParams>,
) -> Result<Response, Problem> {
    let running = Arc::clone(&feeds.running).try_acquire_owned().map_err(|_| Problem::unavailable())?;
    let mut inventory = Inventory::new(feeds.source, &params.brand);
    // Read before the answer begins, so that a database that is away is told as such.
    let (first, as_of) = inventory.next().await?;
    let first = HEAD.to_owned() + &first.map_or_else(String::new, |page| rows(&page));
    let (pages, taken) = mpsc::channel(MAX_PAGES);
    tokio::spawn(read_on(inventory, first, pages, running));
    let mut headers = answer::date(as_of);
    headers.insert(header::CONTENT_TYPE, TSV);
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    Ok((headers, body(taken)).into_response())
}

/// Reads one page after the other, and in the end says that this is all: `None`.
async fn read_on(
    mut inventory: Inventory,
    first: String,
    pages: Sender<Option<Bytes>>,
    _running: OwnedSemaphorePermit,
) {
    let mut next = Some(first);
    while let Some(page) = next {
        // No frame of a body may be empty.
        let taken = page.is_empty() || hand_on(&pages, Some(page.into())).await;
        if !taken {
            return;
        }
        next = match inventory.next().await {
            Ok((page, _)) => page.map(|page| rows(&page)),
            Err(error) => {
                tracing::warn!(cause = error.cause(), "a feed breaks off");
                return;
            }
        };
    }
    hand_on(&pages, None).await;
}

/// Whether it was taken.
async fn hand_on(pages: &Sender<Option<Bytes>>, page: Option<Bytes>) -> bool {
    matches!(timeout(SLOW_READER, pages.send(page)).await, Ok(Ok(())))
}

/// What is handed on, to its end; broken where there is none.
fn body(taken: Receiver<Option<Bytes>>) -> Body {
    Body::from_stream(stream::unfold(Some(taken), |taken| async {
        let mut taken = taken?;
        match taken.recv().await {
            Some(Some(page)) => Some((Ok(page), Some(taken))),
            Some(None) => None,
            None => Some((Err(io::Error::other("the feed breaks off")), None)),
        }
    }))
}

fn rows(page: &Stocked<'_>) -> String {
    let store_code = own_code(&page.store.store_id);
    let ready = match page.store.days_to_closing(Utc::now()) {
        Some(0) => Some("same_day"),
        Some(1) => Some("next_day"),
        _ => None,
    };
    let mut rows = String::new();
    for (sku, in_store) in &page.counts {
        let availability = match Supply::of(*in_store) {
            Supply::Nothing => "out_of_stock",
            Supply::Few => "limited_availability",
            Supply::Enough => "in_stock",
        };
        let can_be_held = page.takes.of_left(*in_store) > 0;
        let pickup = match ready.filter(|_| can_be_held) {
            Some(ready) => ["reserve", ready],
            None => ["not_supported", ""],
        };
        let id = own_code(sku);
        let quantity = in_store.to_string();
        row(&mut rows, &[store_code, id, &quantity, availability, pickup[0], pickup[1]]);
    }
    rows
}

/// Adds a row. Ids have no character that could end a cell; should one, it ends none here.
fn row(rows: &mut String, cells: &[&str]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            rows.push('\t');
        }
        rows.extend(cell.chars().map(|c| if c.is_control() { ' ' } else { c }));
    }
    rows.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_ends_it() {
        let mut rows = String::new();
        row(&mut rows, &["a\tb", "c\r\nd", "\u{85}", "e\"f", ""]);
        assert_eq!(rows, "a b\tc  d\t \te\"f\t\n");
    }
}
