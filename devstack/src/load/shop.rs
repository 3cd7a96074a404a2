//! What each arrival sends, and what it makes of the answer.

use anyhow::{Context, Result};
use contracts::consistency;
use form_urlencoded::byte_serialize;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::arrivals::Arrival;
use super::book::{Book, Hold, Status};
use super::chain::{near, product_of, sku, store, words_for};
use super::kind::Kind;
use super::people::{Caller, People};
use super::scenario::Chain;
use super::tally::{End, Tally};
use super::wire::{Answer, Done, Request, Wire};
use crate::bench::BRAND;

/// What a hold may be refused with on a sale day.
const SOLD_OUT: &str = "insufficient_stock";
/// How long a lookup of a hold may wait for what it knows of: as long as the page of a hold lets it.
const WAIT: &str = "wait=5";

/// Everything that an arrival meets.
pub(super) struct Shop {
    pub(super) command_url: String,
    pub(super) query_url: String,
    pub(super) chain: Chain,
    pub(super) people: People,
    pub(super) wire: Wire,
    /// For what is asked beside the load.
    pub(super) beside: Wire,
    pub(super) book: Book,
    pub(super) tally: Tally,
    /// What keys and customers of this run begin with: another run on the same engines is another day.
    pub(super) run: String,
}

/// What came of an arrival, and the hold that a command of it was acknowledged for.
pub(super) struct Served {
    pub(super) end: End,
    pub(super) acknowledged: Option<Hold>,
}

impl From<End> for Served {
    fn from(end: End) -> Self {
        Self { end, acknowledged: None }
    }
}

/// What the answer to a hold says.
#[derive(Deserialize)]
struct Placed {
    reservation_id: String,
    capability: Option<String>,
}

impl Shop {
    /// Does what this arrival came for.
    pub(super) async fn serve(&self, number: usize, arrival: &Arrival) -> Served {
        let served = match arrival.kind {
            Kind::Stock | Kind::Nearest | Kind::Availability | Kind::Search => {
                Ok(self.look_up(self.question(arrival)).await.into())
            }
            Kind::OwnHold => match self.book.any(arrival.luck) {
                Some(hold) => Ok(self.look_up(self.own_hold(&hold, WAIT)).await.into()),
                None => Ok(End::Idle.into()),
            },
            Kind::Place => self.place(number, arrival).await,
            Kind::Ready => self.step(number, Status::Held, "ready", Status::Ready).await,
            Kind::Collect => self.step(number, Status::Ready, "collect", Status::Collected).await,
            Kind::Cancel => self.step(number, Status::Ready, "cancel", Status::Cancelled).await,
            Kind::Count => self.count(number, arrival).await,
        };
        served.unwrap_or_else(|error| End::Failed(format!("{error:#}")).into())
    }

    /// A question that everybody may ask.
    fn question(&self, arrival: &Arrival) -> Request {
        let (at, of) = (store(arrival.store), sku(arrival.sku));
        let path = match arrival.kind {
            Kind::Nearest => format!("/v1/skus/{of}/stores?near={}", near(arrival.store)),
            Kind::Availability => {
                format!("/v1/products/{}/availability?near={}", product_of(arrival.sku), near(arrival.store))
            }
            Kind::Search => {
                let words: String = byte_serialize(words_for(arrival.sku).as_bytes()).collect();
                format!("/v1/products?brand={BRAND}&q={words}")
            }
            _ => format!("/v1/stores/{at}/stock/{of}"),
        };
        let url = format!("{}{path}", self.query_url);
        Request { method: Method::GET, url, caller: Caller::Guest, headers: Vec::new(), body: None }
    }

    /// What its owner knows of it has to be in the answer.
    pub(super) fn own_hold(&self, hold: &Hold, wait: &str) -> Request {
        Request {
            method: Method::GET,
            url: format!("{}/v1/reservations/{}", self.query_url, hold.id),
            caller: hold.owner.clone(),
            headers: vec![(consistency::HEADER, hold.token.clone()), ("prefer", wait.to_owned())],
            body: None,
        }
    }

    async fn look_up(&self, request: Request) -> End {
        match self.wire.send(&request).await {
            Answer::Done(_) => End::Done,
            Answer::Shed(code, _) => {
                self.tally.shed(&code);
                End::Shed
            }
            // All that is asked for is there.
            Answer::Refused(code) => End::Failed(format!("a lookup refused: {code}")),
            Answer::Wrong(what) | Answer::Nothing(what) => End::Failed(what),
        }
    }

    fn command(
        &self,
        method: Method,
        path: &str,
        caller: &Caller,
        number: usize,
        body: Option<String>,
    ) -> Request {
        Request {
            method,
            url: format!("{}{path}", self.command_url),
            caller: caller.clone(),
            headers: vec![("idempotency-key", format!("{}-{number}", self.run))],
            body,
        }
    }

    async fn place(&self, number: usize, arrival: &Arrival) -> Result<Served> {
        let placer = self.people.placer(arrival.store, arrival.luck)?;
        let body = json!({
            "store_id": store(arrival.store),
            "lines": [{"sku": sku(arrival.sku), "quantity": 1}],
            // Nobody lives at `example.com`: it is kept free for this.
            "customer": {"name": format!("客 {number}"), "email": self.customer(number)},
        });
        let request = self.command(Method::POST, "/v1/reservations", &placer, number, Some(body.to_string()));
        let Done { body, token } = match self.wire.insist(&request, &self.tally).await {
            Answer::Done(done) => done,
            Answer::Refused(code) if code == SOLD_OUT => return Ok(End::Refused(code).into()),
            answer => return Ok(not_done(answer).into()),
        };
        let Placed { reservation_id: id, capability } =
            serde_json::from_slice(&body).context("the answer to a hold")?;
        let owner = capability.map_or(placer, |secret| Caller::with_capability(&secret));
        let hold = Hold { id, store: arrival.store, owner, status: Status::Held, token, perhaps: None };
        self.book.placed(hold.clone());
        Ok(Served { end: End::Done, acknowledged: Some(hold) })
    }

    /// The mail address of whoever is the customer of that arrival's hold, and of no other.
    pub(super) fn customer(&self, number: usize) -> String {
        format!("{}-{number}@example.com", self.run)
    }

    /// Staff take the oldest hold that is so far, and bring it further.
    async fn step(&self, number: usize, from: Status, verb: &str, to: Status) -> Result<Served> {
        let Some((place, hold)) = self.book.take(from) else { return Ok(End::Idle.into()) };
        let path = format!("/v1/reservations/{}/{verb}", hold.id);
        let reason = (to == Status::Cancelled).then(|| json!({"reason": "changed their mind"}).to_string());
        let request = self.command(Method::POST, &path, self.people.staff(hold.store)?, number, reason);
        match self.wire.insist(&request, &self.tally).await {
            Answer::Done(Done { token, .. }) => {
                self.book.moved(place, to, token.clone());
                Ok(Served { end: End::Done, acknowledged: Some(Hold { token, ..hold }) })
            }
            answer => {
                self.book.unsure(place, to);
                Ok(not_done(answer).into())
            }
        }
    }

    async fn count(&self, number: usize, arrival: &Arrival) -> Result<Served> {
        let path = format!("/v1/stores/{}/stock/{}", store(arrival.store), sku(arrival.sku));
        let body = json!({"on_hand": self.chain.pieces, "source": "till"}).to_string();
        let till = self.people.till(arrival.store)?;
        let request = self.command(Method::PUT, &path, till, number, Some(body));
        Ok(match self.wire.insist(&request, &self.tally).await {
            Answer::Done(_) => End::Done.into(),
            answer => not_done(answer).into(),
        })
    }
}

fn not_done(answer: Answer) -> End {
    match answer {
        Answer::Shed(..) => End::Shed,
        // Nothing that is sent here calls for any other refusal.
        Answer::Refused(code) => End::Failed(format!("a command refused: {code}")),
        Answer::Wrong(what) | Answer::Nothing(what) => End::Failed(what),
        Answer::Done(_) => End::Done,
    }
}
