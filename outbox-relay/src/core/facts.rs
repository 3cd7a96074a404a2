//! From an event to the rows it leads to.
//!
//! Checks every value against what its column holds: a value must send its record to quarantine here, and never fail
//! a statement that holds other records' rows.

use chrono::{DateTime, Datelike, Utc};
use contracts::events::{self, Envelope, ReservationStatus, actor, envelope};
use contracts::{
    Brand, HoldPolicy, Level, OpeningHours, PickupCode, ProductCode, Quantity, ReservationId, Sku, StoreId,
    WireError,
};
use serde::Serialize;

use super::decode::Undecodable;
use super::rows;
use super::terms::{self, Term};

/// Longest free text of a column, in characters.
const MAX_TEXT_CHARS: usize = 200;
/// Highest version that is believed: a thousand changes a second of one aggregate, for a century. One that is wrong by
/// more would keep every true version after it from being written.
const MAX_VERSION: u64 = 1 << 42;

/// The rows of one event.
pub(super) struct Facts {
    /// None where it is not an event that says so.
    pub history: Option<rows::History>,
    pub store: Option<rows::Store>,
    pub product: Option<rows::Product>,
    pub skus: Vec<rows::Sku>,
    pub terms: Vec<Term>,
    pub stocks: Vec<rows::Stock>,
    pub reservation: Option<rows::Reservation>,
    pub lines: Vec<rows::Line>,
}

/// What all rows of one event share.
pub(super) struct Common {
    pub brand: Brand,
    pub version: u64,
    pub at: DateTime<Utc>,
}

pub(super) type Checked<T> = Result<T, Undecodable>;

impl Facts {
    pub(super) fn of(envelope: &Envelope) -> Checked<Self> {
        let event = envelope.event.as_ref().ok_or(Undecodable::UnknownEvent)?;
        let brand = parsed(&envelope.brand, "brand")?;
        let version = version(envelope.version, "version")?;
        let common = Common { brand, version, at: time(envelope.occurred_at.as_ref(), "occurred_at")? };
        let mut facts = Self {
            history: Some(history(&common, envelope, event)?),
            store: None,
            product: None,
            skus: Vec::new(),
            terms: Vec::new(),
            stocks: Vec::new(),
            reservation: None,
            lines: Vec::new(),
        };
        match event {
            envelope::Event::StoreDefined(defined) => {
                facts.store = Some(store(&common, there(defined.store.as_ref(), "store")?)?);
            }
            envelope::Event::ProductDefined(defined) => {
                let product = there(defined.product.as_ref(), "product")?;
                let (row, skus) = product_and_skus(&common, product)?;
                facts.terms = terms::of(&row, &skus);
                (facts.product, facts.skus) = (Some(row), skus);
            }
            envelope::Event::StockCounted(counted) => {
                facts.add_stocks(&common, [there(counted.stock.as_ref(), "stock")?])?;
            }
            envelope::Event::StockAdjusted(adjusted) => {
                facts.add_stocks(&common, [there(adjusted.stock.as_ref(), "stock")?])?;
            }
            envelope::Event::StockShortfallDetected(detected) => {
                facts.add_stocks(&common, [there(detected.stock.as_ref(), "stock")?])?;
            }
            envelope::Event::StockShortfallResolved(resolved) => {
                facts.add_stocks(&common, [there(resolved.stock.as_ref(), "stock")?])?;
            }
            envelope::Event::ReservationHeld(held) => {
                facts.add_reservation(&common, held.reservation.as_ref(), &held.stocks)?;
            }
            envelope::Event::ReservationMadeReady(ready) => {
                facts.add_reservation(&common, ready.reservation.as_ref(), &[])?;
            }
            envelope::Event::ReservationCollected(collected) => {
                facts.add_reservation(&common, collected.reservation.as_ref(), &collected.stocks)?;
            }
            envelope::Event::ReservationCancelled(cancelled) => {
                facts.add_reservation(&common, cancelled.reservation.as_ref(), &cancelled.stocks)?;
            }
            envelope::Event::ReservationExtended(extended) => {
                facts.add_reservation(&common, extended.reservation.as_ref(), &[])?;
            }
            envelope::Event::ReservationAnonymised(anonymised) => {
                facts.add_reservation(&common, anonymised.reservation.as_ref(), &[])?;
            }
            envelope::Event::ReservationExpired(expired) => {
                facts.add_reservation(&common, expired.reservation.as_ref(), &expired.stocks)?;
            }
        }
        facts.check_aggregate(envelope)?;
        Ok(facts)
    }

    /// The envelope must name what the event is about: under another name its version would guard another row.
    fn check_aggregate(&self, envelope: &Envelope) -> Checked<()> {
        let aggregate = match (&self.store, &self.product, &self.reservation, self.stocks.first()) {
            (Some(store), ..) => format!("store#{}", store.store_id),
            (_, Some(product), ..) => format!("product#{}", product.product_code),
            (.., Some(reservation), _) => format!("reservation#{}", reservation.reservation_id),
            (.., Some(stock)) if stock.version != envelope.version => {
                return Err(Undecodable::Field("stock.version"));
            }
            (.., Some(stock)) => format!("stock#{}#{}", stock.store_id, stock.sku),
            (None, None, None, None) => return Err(Undecodable::UnknownEvent),
        };
        if aggregate == envelope.aggregate {
            Ok(())
        } else {
            Err(Undecodable::Aggregate { envelope: envelope.aggregate.clone(), event: aggregate })
        }
    }

    pub(super) fn add_stocks<'s>(
        &mut self,
        common: &Common,
        stocks: impl IntoIterator<Item = &'s events::Stock>,
    ) -> Checked<()> {
        for stock in stocks {
            self.stocks.push(stock_row(common, stock)?);
        }
        Ok(())
    }

    pub(super) fn add_reservation(
        &mut self,
        common: &Common,
        reservation: Option<&events::Reservation>,
        stocks: &[events::Stock],
    ) -> Checked<()> {
        let reservation = there(reservation, "reservation")?;
        let row = reservation_row(common, reservation)?;
        for line in &reservation.lines {
            let quantity = Quantity::try_from(u64::from(line.quantity));
            self.lines.push(rows::Line {
                reservation_id: row.reservation_id.clone(),
                sku: branded(&line.sku, Sku::brand, common, "sku")?,
                store_id: row.store_id.clone(),
                brand: common.brand.to_string(),
                running: matches!(reservation.status(), ReservationStatus::Held | ReservationStatus::Ready),
                quantity: quantity.map_err(|_| Undecodable::Field("quantity"))?.get(),
                version: common.version,
            });
        }
        self.reservation = Some(row);
        self.add_stocks(common, stocks)
    }
}

fn history(common: &Common, envelope: &Envelope, event: &envelope::Event) -> Checked<rows::History> {
    let actor = there(envelope.actor.as_ref(), "actor")?;
    let kind = match actor.kind() {
        actor::Kind::Guest => "guest",
        actor::Kind::Customer => "customer",
        actor::Kind::Staff => "staff",
        actor::Kind::Manager => "manager",
        actor::Kind::Pos => "pos",
        actor::Kind::Ops => "ops",
        actor::Kind::System => "system",
        actor::Kind::Unspecified => return Err(Undecodable::Field("actor")),
    };
    Ok(rows::History {
        aggregate: ascii(&envelope.aggregate, 208, "aggregate")?,
        brand: common.brand.to_string(),
        event_id: ascii(&envelope.event_id, 36, "event_id")?,
        event_type: contracts::event_type(event),
        actor: kind,
        actor_id: optional_ascii(&actor.id, 128, "actor.id")?,
        reason: words(&envelope.reason, "reason")?,
        causation_id: ascii(&envelope.causation_id, 64, "causation_id")?,
        traceparent: ascii(&envelope.traceparent, 64, "traceparent")?,
        occurred_at: common.at,
        version: common.version,
    })
}

pub(super) fn store(common: &Common, store: &events::Store) -> Checked<rows::Store> {
    let position = match (store.latitude, store.longitude) {
        (Some(latitude), Some(longitude)) if latitude.is_finite() && longitude.is_finite() => {
            Some((latitude, longitude))
        }
        (None, None) => None,
        _ => return Err(Undecodable::Field("latitude")),
    };
    Ok(rows::Store {
        store_id: branded(&store.store_id, StoreId::brand, common, "store_id")?,
        brand: common.brand.to_string(),
        name: text(store.name.as_ref(), "name")?,
        address: text(store.address.as_ref(), "address")?,
        position,
        time_zone: ascii(&store.time_zone, 64, "time_zone")?,
        opening_hours: json::<OpeningHours, _>(store.opening_hours.as_ref(), "opening_hours")?,
        hold_policy: json::<HoldPolicy, _>(store.hold_policy.as_ref(), "hold_policy")?,
        updated_at: common.at,
        version: common.version,
    })
}

pub(super) fn product_and_skus(
    common: &Common,
    product: &events::Product,
) -> Checked<(rows::Product, Vec<rows::Sku>)> {
    let row = rows::Product {
        product_code: branded(&product.product_code, ProductCode::brand, common, "product_code")?,
        brand: common.brand.to_string(),
        name: text(product.name.as_ref(), "name")?,
        updated_at: common.at,
        version: common.version,
    };
    let skus = product.skus.iter().map(|info| {
        Ok(rows::Sku {
            sku: branded(&info.sku, Sku::brand, common, "sku")?,
            product_code: row.product_code.clone(),
            brand: common.brand.to_string(),
            colour: text(info.colour.as_ref(), "colour")?,
            size: words(&info.size, "size")?,
            gtin: if info.gtin.is_empty() { None } else { Some(ascii(&info.gtin, 14, "gtin")?) },
            version: common.version,
        })
    });
    let skus = skus.collect::<Checked<Vec<rows::Sku>>>()?;
    Ok((row, skus))
}

fn stock_row(common: &Common, stock: &events::Stock) -> Checked<rows::Stock> {
    let level = |pieces: u32, field| {
        Level::try_from(u64::from(pieces)).map(Level::get).map_err(|_| Undecodable::Field(field))
    };
    Ok(rows::Stock {
        store_id: branded(&stock.store_id, StoreId::brand, common, "store_id")?,
        sku: branded(&stock.sku, Sku::brand, common, "sku")?,
        brand: common.brand.to_string(),
        on_hand: level(stock.on_hand, "on_hand")?,
        held: level(stock.held, "held")?,
        safety: level(stock.safety, "safety")?,
        updated_at: common.at,
        version: version(stock.version, "stock.version")?,
    })
}

fn reservation_row(common: &Common, reservation: &events::Reservation) -> Checked<rows::Reservation> {
    let status = match reservation.status() {
        ReservationStatus::Held => "held",
        ReservationStatus::Ready => "ready",
        ReservationStatus::Collected => "collected",
        ReservationStatus::Cancelled => "cancelled",
        ReservationStatus::Expired => "expired",
        ReservationStatus::Unspecified => return Err(Undecodable::Field("status")),
    };
    let customer = there(reservation.customer.as_ref(), "customer")?;
    let id: ReservationId = parsed(&reservation.reservation_id, "reservation_id")?;
    let email = words_of(&customer.email, 254, "customer.email")?;
    Ok(rows::Reservation {
        reservation_id: id.to_string(),
        pickup_code: PickupCode::from(id).to_string(),
        brand: common.brand.to_string(),
        store_id: branded(&reservation.store_id, StoreId::brand, common, "store_id")?,
        status,
        customer_name: words(&customer.name, "customer.name")?.unwrap_or_default(),
        phone_reversed: Some(customer.phone.chars().rev().filter(char::is_ascii_digit).collect())
            .filter(|digits: &String| !digits.is_empty()),
        customer_phone: words_of(&customer.phone, 32, "customer.phone")?,
        customer_email: email,
        customer_id: optional_ascii(&reservation.customer_id, 128, "customer_id")?,
        capability_hash: optional_ascii(&reservation.capability_hash, 64, "capability_hash")?,
        placed_at: time(reservation.placed_at.as_ref(), "placed_at")?,
        expires_at: time(reservation.expires_at.as_ref(), "expires_at")?,
        extensions: reservation.extensions,
        updated_at: common.at,
        version: common.version,
    })
}

fn there<T>(value: Option<T>, field: &'static str) -> Checked<T> {
    value.ok_or(Undecodable::Field(field))
}

pub(super) fn parsed<T: std::str::FromStr>(text: &str, field: &'static str) -> Checked<T> {
    text.parse().map_err(|_| Undecodable::Field(field))
}

/// An id of the event's own brand: one brand's event must never write another's row.
fn branded<T>(
    text: &str,
    brand: impl Fn(&T) -> Brand,
    common: &Common,
    field: &'static str,
) -> Checked<String>
where
    T: std::str::FromStr + ToString,
{
    let id: T = parsed(text, field)?;
    if brand(&id) == common.brand { Ok(id.to_string()) } else { Err(Undecodable::Field(field)) }
}

fn ascii(text: &str, max: usize, field: &'static str) -> Checked<String> {
    let fits = (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(text.to_owned()) } else { Err(Undecodable::Field(field)) }
}

fn version(version: u64, field: &'static str) -> Checked<u64> {
    if (1..=MAX_VERSION).contains(&version) { Ok(version) } else { Err(Undecodable::Field(field)) }
}

/// Printable ASCII; protobuf's empty string stands for none.
fn optional_ascii(text: &str, max: usize, field: &'static str) -> Checked<Option<String>> {
    let fits = text.len() <= max && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    if fits {
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    } else {
        Err(Undecodable::Field(field))
    }
}

/// A part of a store as JSON, in the form that the command API takes it.
fn json<'e, T, E>(part: Option<&'e E>, field: &'static str) -> Checked<String>
where
    T: TryFrom<&'e E, Error = WireError> + Serialize,
{
    let part = T::try_from(there(part, field)?).map_err(|WireError| Undecodable::Field(field))?;
    serde_json::to_string(&part).map_err(|_| Undecodable::Field(field))
}

fn words(text: &str, field: &'static str) -> Checked<Option<String>> {
    words_of(text, MAX_TEXT_CHARS, field)
}

/// Free text; protobuf's empty string stands for none.
fn words_of(text: &str, max: usize, field: &'static str) -> Checked<Option<String>> {
    match text.chars().count() {
        0 => Ok(None),
        chars if chars <= max => Ok(Some(text.to_owned())),
        _ => Err(Undecodable::Field(field)),
    }
}

fn text(text: Option<&events::Text>, field: &'static str) -> Checked<rows::Text> {
    match text {
        Some(text) => Ok(rows::Text { ja: words(&text.ja, field)?, en: words(&text.en, field)? }),
        None => Ok(rows::Text::default()),
    }
}

/// A time that a DATETIME(6) holds.
fn time(timestamp: Option<&prost_types::Timestamp>, field: &'static str) -> Checked<DateTime<Utc>> {
    let timestamp = there(timestamp, field)?;
    u32::try_from(timestamp.nanos)
        .ok()
        .and_then(|nanos| DateTime::from_timestamp(timestamp.seconds, nanos))
        .filter(|time| (1970..=9999).contains(&time.year()))
        .ok_or(Undecodable::Field(field))
}
