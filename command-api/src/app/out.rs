//! What commands are answered. It is kept, and given to whoever repeats the request: nothing here may hold anything of the
//! customer, nor any secret.

use chrono::{DateTime, Utc};
use contracts::{Level, PickupCode, ProductCode, ReservationId, Sku, StoreId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::reservation::{Line, Reservation, Status};
use crate::domain::stock::{Stock, StockKey};

/// A store was defined.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({"store_id": "hinata.ginza-01", "version": 1})))]
pub(crate) struct StoreOut {
    pub(super) store_id: StoreId,
    /// Raised by one with every change.
    pub(super) version: u64,
}

/// A product was defined.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({"product_code": "hinata.KN1021", "version": 1})))]
pub(crate) struct ProductOut {
    pub(super) product_code: ProductCode,
    /// Raised by one with every change.
    pub(super) version: u64,
}

/// The count of one SKU in one store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "store_id": "hinata.ginza-01", "sku": "hinata.KN1021-BLK-M", "applied": true, "version": 7,
    "on_hand": 12, "held": 2, "safety": 1, "available": 9, "missing": 0,
})))]
pub(crate) struct StockOut {
    store_id: StoreId,
    sku: Sku,
    /// Whether anything changed: not where a count is older than the one before, of the same source.
    applied: bool,
    /// Raised by one with every change.
    version: u64,
    /// Pieces physically there, held ones included.
    on_hand: Level,
    /// Pieces that are held for customers.
    held: Level,
    /// Pieces that are never offered.
    safety: Level,
    /// Pieces that can be held: `max(0, on_hand - held - safety)`.
    #[schema(value_type = Level)]
    available: u32,
    /// Pieces that are held and not on hand: the shortfall that staff must be told of.
    #[schema(value_type = Level)]
    missing: u32,
}

impl StockOut {
    pub(super) fn new(key: &StockKey, stock: &Stock, applied: bool) -> Self {
        Self {
            store_id: key.store_id.clone(),
            sku: key.sku.clone(),
            applied,
            version: stock.version,
            on_hand: stock.on_hand,
            held: stock.held,
            safety: stock.safety,
            available: stock.available(),
            missing: stock.missing(),
        }
    }
}

/// One customer's hold in one store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "reservation_id": "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", "pickup_code": "0920GK", "store_id": "hinata.ginza-01",
    "status": "held", "version": 1, "lines": [{"sku": "hinata.KN1021-BLK-M", "quantity": 1}],
    "placed_at": "2026-05-01T09:30:00Z", "expires_at": "2026-05-02T09:30:00Z", "extensions": 0,
})))]
pub(crate) struct ReservationOut {
    reservation_id: ReservationId,
    /// What the customer says or shows at the counter.
    #[schema(value_type = PickupCode)]
    pickup_code: String,
    store_id: StoreId,
    status: Status,
    /// Raised by one with every change.
    version: u64,
    /// What is kept; no SKU twice.
    lines: Vec<Line>,
    placed_at: DateTime<Utc>,
    /// Until when the pieces are kept.
    expires_at: DateTime<Utc>,
    /// How often that was prolonged.
    extensions: u32,
}

impl ReservationOut {
    pub(super) fn new(reservation: &Reservation) -> Self {
        Self {
            reservation_id: reservation.id,
            pickup_code: PickupCode::from(reservation.id).to_string(),
            store_id: reservation.store_id.clone(),
            status: reservation.status,
            version: reservation.version,
            lines: reservation.lines.clone(),
            placed_at: reservation.placed_at,
            expires_at: reservation.expires_at,
            extensions: reservation.extensions,
        }
    }
}

/// A hold that was placed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedOut {
    #[serde(flatten)]
    pub(super) hold: ReservationOut,
    /// For a guest: the secret that alone lets them see, extend (once) or cancel this hold, sent as
    /// `Authorization: Capability SECRET`.
    // Never kept: it is put in when an answer leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) capability: Option<String>,
}
