//! Stock as it changes, as server-sent events.
//!
//! Every event is the whole count, so what a subscriber has is right after each, and one that it has twice harms nothing.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use contracts::{Sku, StoreId};
use futures::stream;
use platform::extract::Query;
use platform::{Problem, lambda};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

use super::answer::Dated;
use super::codes;
use super::stock::StockOut;
use crate::live::{Followed, Live, News, Subscription};
use crate::read::AsOf;
use crate::read::changes::Changed;

/// Most counts that one stream follows, stores times SKUs: a product's sizes in the stores near by, read anew in one
/// statement of keys.
const MAX_FOLLOWED: usize = 100;
/// Longest silence of a stream: below the 60 seconds after which common load balancers and proxies close it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// What a client is told to wait before it connects again.
const RETRY: Duration = Duration::from_secs(1);
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// `?store_id=&sku=`, each as often as needed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "what is documented; it is read as pairs")]
pub(super) struct StreamParams {
    /// The stores; stores times SKUs are at most 100.
    #[param(min_items = 1, max_items = 100)]
    store_id: Vec<StoreId>,
    /// The SKUs, of the brand that the stores belong to.
    #[param(min_items = 1, max_items = 100)]
    sku: Vec<Sku>,
}

/// The fields of one server-sent event.
#[derive(ToSchema)]
#[allow(dead_code, reason = "what is documented; axum writes it")]
struct EventOut {
    /// `stock`, where there is `data`.
    #[schema(nullable = false)]
    event: Option<String>,
    /// In JSON: what a lookup of the count would answer.
    #[schema(nullable = false)]
    data: Option<String>,
    /// Everything up to here was sent.
    #[schema(nullable = false)]
    id: Option<String>,
}

/// Stock as it changes
///
/// Server-sent events. First come the counts as they are, each as `event: stock` with what a lookup of it would answer; then
/// every change of one, as it happens. A stream that ends is opened again with the last `id` as `Last-Event-ID`, as browsers
/// do by themselves: what changed meanwhile comes first. A reader that does not keep up is cut off. What a store
/// says of holds counts from the next change of a count on.
#[utoipa::path(
    get, path = "/v1/stock/stream", tag = "stock",
    params(StreamParams),
    responses(
        (
            status = 200, description = "The counts, and each change: a stream of such events.", body = inline(EventOut),
            content_type = "text/event-stream",
        ),
        codes::Stream,
    ),
    security(())
)]
pub(super) async fn changes(
    State(live): State<Live>,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let followed = followed(&pairs)?;
    let after = last_event_id(&headers)?;
    let mut subscription = live.subscribe(followed).ok_or_else(Problem::unavailable)?;
    let (rows, as_of, position) = subscription.now(after).await?;
    let mut feed = Feed::new(subscription);
    feed.add(rows.iter(), as_of, position);
    let events = stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let mut response = Sse::new(events).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One stream.
struct Feed {
    subscription: Subscription,
    /// Highest version of each count that was sent.
    sent: HashMap<(String, String), u64>,
    ready: VecDeque<Event>,
}

impl Feed {
    fn new(subscription: Subscription) -> Self {
        let first = Event::default().retry(RETRY);
        Self { subscription, sent: HashMap::new(), ready: VecDeque::from([first]) }
    }

    /// What is newer than what was sent. Only the last event has the position, for only then all up to it was sent.
    fn add<'c>(&mut self, rows: impl Iterator<Item = &'c Changed>, as_of: AsOf, position: u64) {
        let mut last: Option<Event> = None;
        for row in rows {
            let sent = self.sent.entry((row.store_id.clone(), row.sku.clone())).or_default();
            if *sent >= row.level.version {
                continue;
            }
            let Some(answer) = StockOut::of(row) else { continue };
            *sent = row.level.version;
            match Event::default().event("stock").json_data(Dated { answer, as_of }) {
                Ok(event) => self.ready.extend(last.replace(event)),
                Err(error) => tracing::error!(%error, "a change cannot be written"),
            }
        }
        self.ready.push_back(last.unwrap_or_default().id(position.to_string()));
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // A function's answer leaves it whole: it ends, and the client asks again.
            if lambda::is_here() {
                return None;
            }
            match timeout(HEARTBEAT, self.subscription.next()).await {
                Err(_) => return Some(Event::default().comment("")),
                Ok(None) => return None,
                Ok(Some(News::Changed { rows, as_of, position })) => {
                    self.add(rows.iter().map(AsRef::as_ref), as_of, position);
                }
                Ok(Some(News::Anew)) => {
                    // A count that was mended, or restored, may have a lower version than before.
                    self.sent.clear();
                    // Logged where it happened. The client comes again.
                    let (rows, as_of, position) = self.subscription.now(None).await.ok()?;
                    self.add(rows.iter(), as_of, position);
                }
            }
        }
    }
}

fn followed(pairs: &[(String, String)]) -> Result<Followed, Problem> {
    let (mut stores, mut skus) = (BTreeSet::new(), BTreeSet::new());
    for (name, value) in pairs {
        match name.as_str() {
            "store_id" => drop(stores.insert(parsed::<StoreId>(name, value)?)),
            "sku" => drop(skus.insert(parsed::<Sku>(name, value)?)),
            _ => return Err(refused(name, format!("unknown field `{}`", shown(name)))),
        }
        if stores.len() * skus.len() > MAX_FOLLOWED || stores.len() + skus.len() > MAX_FOLLOWED + 1 {
            return Err(refused(name, format!("Stores times SKUs are at most {MAX_FOLLOWED}.")));
        }
    }
    let (Some(store), false) = (stores.first(), skus.is_empty()) else {
        let missing = if stores.is_empty() { "store_id" } else { "sku" };
        return Err(refused(missing, "Name one at least.".to_owned()));
    };
    let brand = store.brand();
    if stores.iter().any(|other| other.brand() != brand) || skus.iter().any(|sku| sku.brand() != brand) {
        let detail = "Ask for stores and SKUs of one brand.";
        return Err(Problem::new(Code::BrandMismatch, detail).at("sku"));
    }
    Ok(Followed { stores: stores.into_iter().collect(), skus: skus.into_iter().collect() })
}

fn parsed<T: FromStr<Err = contracts::IdError>>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|error: contracts::IdError| refused(name, error.to_string()))
}

fn refused(name: &str, detail: String) -> Problem {
    Problem::new(Code::InvalidQuery, detail).at(shown(name))
}

/// What a caller sent, cut to what is worth repeating to them.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(id) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let id = id.to_str().ok().and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| {
        Problem::new(Code::InvalidHeader, "Send the last id of a stream of ours, or none.").at(LAST_EVENT_ID)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &[(&str, &str)]) -> Result<Followed, Problem> {
        let pairs: Vec<_> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        followed(&pairs)
    }

    #[test]
    fn a_set_is_of_one_brand_and_bounded() {
        let both = [("store_id", "hinata.a"), ("sku", "hinata.b"), ("sku", "hinata.b"), ("sku", "hinata.c")];
        let set = asked(&both).unwrap();
        assert_eq!((set.stores.len(), set.skus.len()), (1, 2));
        let ids: Vec<String> = (0..101).map(|n| format!("hinata.{n}")).collect();
        let many = |name, count| ids.iter().take(count).map(move |id| (name, id.as_str()));
        let hundred: Vec<_> = many("store_id", 10).chain(many("sku", 10)).collect();
        assert!(asked(&hundred).is_ok());
        let too_many: Vec<_> = many("store_id", 101).chain(many("sku", 1)).collect();
        for (query, field, code) in [
            (&[][..], "store_id", Code::InvalidQuery),
            (&both[..1], "sku", Code::InvalidQuery),
            (&both[1..], "store_id", Code::InvalidQuery),
            (&[("store_id", "nobrand")], "store_id", Code::InvalidQuery),
            (&[("q", "x")], "q", Code::InvalidQuery),
            (&too_many, "sku", Code::InvalidQuery),
            (&[("store_id", "hinata.a"), ("sku", "aoi.b")], "sku", Code::BrandMismatch),
            (
                &[("store_id", "hinata.a"), ("store_id", "aoi.a"), ("sku", "aoi.b")],
                "sku",
                Code::BrandMismatch,
            ),
        ] {
            let problem = asked(query).unwrap_err();
            assert_eq!((problem.code(), problem.member("field").unwrap().as_str()), (code, Some(field)));
        }
    }
}
