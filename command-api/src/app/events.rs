//! From what happened to the event that is published: the aggregate as it is after.

use chrono::{DateTime, Utc};
use contracts::events::{self, envelope};
use contracts::{Brand, StoreId, Text};
use uuid::Uuid;

use super::Context;
use crate::domain::hold::Moved;
use crate::domain::master::{Product, Store};
use crate::domain::reservation::{self, Reservation, Status};
use crate::domain::stock::{self, Changed, Stock, StockKey};

/// One event, still without the circumstances of its command.
pub(super) struct Happened {
    aggregate: String,
    version: u64,
    brand: Brand,
    /// Where it happened; `None` for what belongs to the whole brand.
    store_id: Option<StoreId>,
    event: envelope::Event,
    /// It follows from what happened to a hold: its event is of a count, which never forgets, so it says neither which
    /// customer acted nor why.
    follows_hold: bool,
}

impl Happened {
    pub(super) fn store_defined(store: &Store) -> Self {
        Self {
            aggregate: format!("store#{}", store.store_id),
            version: store.version,
            brand: store.store_id.brand(),
            store_id: None,
            event: envelope::Event::StoreDefined(events::StoreDefined { store: Some(store_state(store)) }),
            follows_hold: false,
        }
    }

    pub(super) fn product_defined(product: &Product) -> Self {
        Self {
            aggregate: format!("product#{}", product.product_code),
            version: product.version,
            brand: product.product_code.brand(),
            store_id: None,
            event: envelope::Event::ProductDefined(events::ProductDefined {
                product: Some(product_state(product)),
            }),
            follows_hold: false,
        }
    }

    /// What happened to a count by itself, and the shortfall that began or ended with it.
    pub(super) fn stock_changed(changed: &Changed) -> Vec<Self> {
        let (event, stock) = &changed.first;
        let first = Self::stock(&changed.key, event, stock);
        first.into_iter().chain(Self::shortfall(changed)).collect()
    }

    fn shortfall(changed: &Changed) -> Option<Self> {
        let (event, stock) = changed.then.as_ref()?;
        Self::stock(&changed.key, event, stock)
    }

    /// `None` for what a reservation's event tells.
    fn stock(key: &StockKey, event: &stock::Event, after: &Stock) -> Option<Self> {
        let stock = Some(stock_state(key, after));
        let event = match event {
            stock::Event::Counted { found, observed_at, source, .. } => {
                envelope::Event::StockCounted(events::StockCounted {
                    stock,
                    found: found.get(),
                    observed_at: observed_at.map(timestamp),
                    source: source.clone().unwrap_or_default(),
                })
            }
            stock::Event::Adjusted { delta, .. } => {
                envelope::Event::StockAdjusted(events::StockAdjusted { stock, delta: *delta })
            }
            stock::Event::ShortfallDetected => {
                let missing = after.missing();
                envelope::Event::StockShortfallDetected(events::StockShortfallDetected { stock, missing })
            }
            stock::Event::ShortfallResolved => {
                envelope::Event::StockShortfallResolved(events::StockShortfallResolved { stock })
            }
            stock::Event::Held(_) | stock::Event::Released(_) | stock::Event::HandedOver(_) => return None,
        };
        let (brand, store_id) = (key.store_id.brand(), Some(key.store_id.clone()));
        Some(Self {
            aggregate: format!("stock#{key}"),
            version: after.version,
            brand,
            store_id,
            event,
            follows_hold: false,
        })
    }

    /// What happened to a hold, and the shortfalls that began or ended with it.
    pub(super) fn reservation_moved(moved: &Moved) -> Vec<Self> {
        let reservation = Some(reservation_state(&moved.reservation));
        let carried = |Changed { key, first: (_, stock), .. }: &Changed| stock_state(key, stock);
        let stocks = moved.stocks.iter().map(carried).collect();
        let event = match &moved.event {
            reservation::Event::Held(_) => {
                envelope::Event::ReservationHeld(events::ReservationHeld { reservation, stocks })
            }
            reservation::Event::MadeReady => {
                envelope::Event::ReservationMadeReady(events::ReservationMadeReady { reservation })
            }
            reservation::Event::Collected => {
                envelope::Event::ReservationCollected(events::ReservationCollected { reservation, stocks })
            }
            reservation::Event::Cancelled => {
                envelope::Event::ReservationCancelled(events::ReservationCancelled { reservation, stocks })
            }
            reservation::Event::Extended { .. } => {
                envelope::Event::ReservationExtended(events::ReservationExtended { reservation })
            }
            reservation::Event::Anonymised => {
                envelope::Event::ReservationAnonymised(events::ReservationAnonymised { reservation })
            }
            reservation::Event::Expired => {
                envelope::Event::ReservationExpired(events::ReservationExpired { reservation, stocks })
            }
        };
        let moved_itself = Self {
            aggregate: format!("reservation#{}", moved.reservation.id),
            version: moved.reservation.version,
            brand: moved.reservation.store_id.brand(),
            store_id: Some(moved.reservation.store_id.clone()),
            event,
            follows_hold: false,
        };
        let shortfalls = moved.stocks.iter().filter_map(Self::shortfall);
        let shortfalls = shortfalls.map(|shortfall| Self { follows_hold: true, ..shortfall });
        [moved_itself].into_iter().chain(shortfalls).collect()
    }

    pub(super) fn envelope(self, context: &Context, at: DateTime<Utc>) -> events::Envelope {
        let (mut actor, mut reason) =
            (context.caller.actor(self.store_id.as_ref()), context.reason.clone().unwrap_or_default());
        if self.follows_hold {
            reason.clear();
            if actor.kind() == events::actor::Kind::Customer {
                actor.id.clear();
            }
        }
        events::Envelope {
            event_id: Uuid::now_v7().to_string(),
            aggregate: self.aggregate,
            version: self.version,
            brand: self.brand.to_string(),
            occurred_at: Some(timestamp(at)),
            actor: Some(actor),
            causation_id: context.command.0.clone(),
            traceparent: context.traceparent.to_string(),
            reason,
            event: Some(self.event),
        }
    }
}

fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    let nanos = i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(999_999_999);
    prost_types::Timestamp { seconds: at.timestamp(), nanos }
}

fn text(text: &Text) -> events::Text {
    let of = |language: Option<&str>| language.unwrap_or_default().to_owned();
    events::Text { ja: of(text.ja()), en: of(text.en()) }
}

fn store_state(store: &Store) -> events::Store {
    events::Store {
        store_id: store.store_id.to_string(),
        name: Some(text(&store.name)),
        address: store.address.as_ref().map(text),
        latitude: store.position.map(|position| position.latitude),
        longitude: store.position.map(|position| position.longitude),
        time_zone: store.time_zone.name().to_owned(),
        hold_policy: Some((&store.hold_policy).into()),
        opening_hours: Some((&store.opening_hours).into()),
    }
}

fn product_state(product: &Product) -> events::Product {
    let skus = product.skus.iter().map(|info| events::SkuInfo {
        sku: info.sku.to_string(),
        colour: info.colour.as_ref().map(text),
        size: info.size.clone().unwrap_or_default(),
        gtin: info.gtin.clone().unwrap_or_default(),
    });
    events::Product {
        product_code: product.product_code.to_string(),
        name: Some(text(&product.name)),
        skus: skus.collect(),
    }
}

fn stock_state(key: &StockKey, stock: &stock::Stock) -> events::Stock {
    events::Stock {
        store_id: key.store_id.to_string(),
        sku: key.sku.to_string(),
        version: stock.version,
        on_hand: stock.on_hand.get(),
        held: stock.held.get(),
        safety: stock.safety.get(),
    }
}

fn reservation_state(reservation: &Reservation) -> events::Reservation {
    let status = match reservation.status {
        Status::Held => events::ReservationStatus::Held,
        Status::Ready => events::ReservationStatus::Ready,
        Status::Collected => events::ReservationStatus::Collected,
        Status::Cancelled => events::ReservationStatus::Cancelled,
        Status::Expired => events::ReservationStatus::Expired,
    };
    let lines = reservation
        .lines
        .iter()
        .map(|line| events::ReservationLine { sku: line.sku.to_string(), quantity: line.quantity.get() });
    let customer = reservation.customer.clone();
    events::Reservation {
        reservation_id: reservation.id.to_string(),
        store_id: reservation.store_id.to_string(),
        status: status.into(),
        lines: lines.collect(),
        customer: Some(events::Customer {
            name: customer.name,
            phone: customer.phone.unwrap_or_default(),
            email: customer.email.unwrap_or_default(),
        }),
        placed_at: Some(timestamp(reservation.placed_at)),
        expires_at: Some(timestamp(reservation.expires_at)),
        extensions: reservation.extensions,
        customer_id: reservation.customer_id.clone().unwrap_or_default(),
        capability_hash: reservation.capability_hash.clone().unwrap_or_default(),
    }
}
