//! Commands, one after the other, each beside nothing else.

use anyhow::{Context, Result, bail};
use contracts::Brand;
use platform::auth::Role;
use reqwest::Client;
use serde_json::{Value, json};

use super::CHAIN;
use super::meter::{Meter, Metered};
use crate::bench::shape::{self, BRAND, SKUS_PER_PRODUCT};
use crate::fill::{self, Answer, Api, Command};
use crate::issuer::{TokenRequest, ask};

/// How often each is sent.
const TIMES: u32 = 20;
/// Pieces that a count finds: fewer than before, and more than are held.
const COUNTED: u32 = 90_000;

/// A manager of the brand.
pub(super) struct Caller {
    api: Api,
    brand: Brand,
    command_url: String,
    issuer_url: String,
}

impl Caller {
    pub(super) fn new(apis: &fill::Target) -> Result<Self> {
        let (command_url, issuer_url) = (apis.command_url.clone(), apis.issuer_url.clone());
        Ok(Self { api: Api::new(&issuer_url)?, brand: BRAND.parse()?, command_url, issuer_url })
    }

    /// What is sent as `Authorization`.
    pub(super) async fn authorization(&self) -> Result<String> {
        let role = Role::Manager.to_string();
        let request = TokenRequest { role, brand: Some(self.brand.clone()), ..TokenRequest::default() };
        Ok(format!("Bearer {}", ask(&Client::new(), &self.issuer_url, &request).await?.access_token))
    }

    fn command(&self, path: &str, key: &str, body: &Value) -> Command {
        let (path, key) = (path.to_owned(), format!("cost-{key}"));
        Command { brand: self.brand.clone(), path, key, body: body.to_string() }
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value> {
        done(self.api.post(&self.command_url, &self.command(path, key, body)).await?)
    }

    /// A hold of one piece of the nth SKU; its id.
    pub(super) async fn place(&self, key: &str, n: u32) -> Result<String> {
        let hold = json!({
            "store_id": store(n),
            "lines": [{"sku": sku(n), "quantity": 1}],
            "customer": {"name": "山田 花子", "phone": "090-0000-0000", "email": format!("{key}@example.com")},
        });
        let placed = self.post("/v1/reservations", key, &hold).await?;
        let id = placed["reservation_id"].as_str().context("the answer to a hold has no reservation_id")?;
        Ok(id.to_owned())
    }

    async fn go_on(&self, id: &str, verb: &str) -> Result<()> {
        let path = format!("/v1/reservations/{id}/{verb}");
        self.post(&path, &format!("{verb}-{id}"), &json!({})).await?;
        Ok(())
    }

    /// A count of the nth SKU.
    pub(super) async fn count(&self, key: &str, n: u32) -> Result<()> {
        let path = format!("/v1/stores/{}/stock/{}", store(n), sku(n));
        let body = json!({"on_hand": COUNTED + n, "source": "till"});
        done(self.api.put(&self.command_url, &self.command(&path, key, &body)).await?)?;
        Ok(())
    }

    async fn adjust(&self, key: &str, n: u32) -> Result<()> {
        let path = format!("/v1/stores/{}/stock/{}/adjustments", store(n), sku(n));
        self.post(&path, key, &json!({"delta": -1, "reason": "sold at the till"})).await?;
        Ok(())
    }
}

fn done(answer: Answer) -> Result<Value> {
    match answer {
        Answer::Done(body) => Ok(body),
        Answer::Refused(refusal) => bail!("a command was refused: {refusal}"),
    }
}

fn store(n: u32) -> String {
    shape::store((n % CHAIN.stores).into())
}

fn sku(n: u32) -> String {
    shape::sku(u64::from(n / CHAIN.stores % CHAIN.products) * SKUS_PER_PRODUCT)
}

/// Sends each command by itself, and reads the meter.
pub(super) struct Commands<'a> {
    pub(super) caller: &'a Caller,
    pub(super) meter: &'a Meter,
}

impl Commands<'_> {
    /// What each takes, on average.
    pub(super) async fn each(&self) -> Result<Vec<(&'static str, Metered)>> {
        let Self { caller, meter } = self;
        let mut sums = [Metered::default(); NAMES.len()];
        for n in 0..TIMES {
            meter.take();
            let held = caller.place(&format!("first-{n}"), n).await?;
            let place = meter.take();
            caller.go_on(&held, "extend").await?;
            let extend = meter.take();
            caller.go_on(&held, "ready").await?;
            let ready = meter.take();
            caller.go_on(&held, "collect").await?;
            let collect = meter.take();
            let held = caller.place(&format!("second-{n}"), n).await?;
            meter.take();
            caller.go_on(&held, "cancel").await?;
            let cancel = meter.take();
            caller.count(&format!("count-{n}"), n).await?;
            let count = meter.take();
            caller.adjust(&format!("adjust-{n}"), n).await?;
            let each = [place, extend, ready, collect, cancel, count, meter.take()];
            sums.iter_mut().zip(each).for_each(|(sum, one)| *sum = sum.plus(one));
        }
        Ok(NAMES.into_iter().zip(sums.map(|sum| sum.each_of(TIMES))).collect())
    }
}

/// What they are called, in the order in which they are sent.
const NAMES: [&str; 7] = ["place", "extend", "ready", "collect", "cancel", "count", "adjustment"];
