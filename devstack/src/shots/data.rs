//! What is photographed, of the demo data, and a day in its first store.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use contracts::Brand;
use serde_json::{Value, json};

use crate::fill::{Answer, Api, Command};
use crate::stack::Stack;

pub(super) const BRAND: &str = "hinata";
pub(super) const STORE: &str = "hinata.ginza-01";
pub(super) const PRODUCT: &str = "hinata.KN1021";
pub(super) const SKU: &str = "hinata.KN1021-BLK-M";
/// Keeps what is put aside for a minute only, once [`Data::keep_for_a_minute`] has said so.
pub(super) const HASTY_STORE: &str = "hinata.kichijoji-01";
/// Sells out while somebody looks.
pub(super) const SCARCE: &str = "hinata.KN1021-GRY-S";

/// An id without its brand, as pages and scanners have it.
pub(super) fn own_code(id: &str) -> &str {
    id.split_once('.').map_or(id, |(_, code)| code)
}

/// Holds of a usual day: who, their telephone, what and how many.
const DAY: [(&str, &str, &str, u32); 4] = [
    ("佐藤 美咲", "090-1111-2041", "hinata.KN1021-NVY-M", 1),
    ("Emma Wilson", "080-2222-7730", "hinata.KN1021-IVR-L", 2),
    ("高橋 健一", "070-3333-5126", "hinata.KN1021-GRY-XL", 1),
    ("伊藤 さくら", "090-4444-9083", "hinata.KN1021-BLK-XL", 2),
];
/// Of the last of these, one piece cannot be found: there is less than is held.
const MISSING: (&str, u32) = ("hinata.KN1021-BLK-XL", 1);

/// The stack, asked by a manager.
pub(super) struct Data {
    api: Api,
    command_url: String,
    brand: Brand,
}

impl Data {
    pub(super) fn of(stack: &Stack) -> Result<Self> {
        let api = Api::new(stack.issuer_url())?;
        Ok(Self { api, command_url: stack.command_url().to_owned(), brand: BRAND.parse()? })
    }

    /// Places the holds of the day.
    pub(super) async fn fill_the_day(&self) -> Result<()> {
        for (name, phone, sku, quantity) in DAY {
            let lines = json!([{"sku": sku, "quantity": quantity}]);
            let hold = json!({"store_id": STORE, "lines": lines, "customer": {"name": name, "phone": phone}});
            let command = self.command("/v1/reservations".to_owned(), &hold)?;
            done(self.api.post(&self.command_url, &command).await?)?;
        }
        let (sku, left) = MISSING;
        self.count(sku, left).await
    }

    /// Somebody counts what is in the store.
    pub(super) async fn count(&self, sku: &str, on_hand: u32) -> Result<()> {
        let command =
            self.command(format!("/v1/stores/{STORE}/stock/{sku}"), &json!({"on_hand": on_hand}))?;
        done(self.api.put(&self.command_url, &command).await?)
    }

    /// From now on a hold in the hasty store is soon over.
    pub(super) async fn keep_for_a_minute(&self) -> Result<()> {
        let store = json!({
            "name": {"ja": "吉祥寺店", "en": "Kichijoji"}, "time_zone": "Asia/Tokyo",
            "latitude": 35.7048, "longitude": 139.5770, "hold_policy": {"lasts": {"minutes": 1}},
        });
        let command = self.command(format!("/v1/stores/{HASTY_STORE}"), &store)?;
        done(self.api.put(&self.command_url, &command).await?)
    }

    /// Somebody else makes a hold ready, or hands it over.
    pub(super) async fn advance(&self, reservation_id: &str, action: &str) -> Result<()> {
        let command = self.command(format!("/v1/reservations/{reservation_id}/{action}"), &json!({}))?;
        done(self.api.post(&self.command_url, &command).await?)
    }

    fn command(&self, path: String, body: &Value) -> Result<Command> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        Ok(Command { brand: self.brand.clone(), path, key: format!("shots-{now}"), body: body.to_string() })
    }
}

fn done(answer: Answer) -> Result<()> {
    match answer {
        Answer::Done(_) => Ok(()),
        Answer::Refused(refusal) => bail!("{refusal}"),
    }
}
