//! Which problems each route can answer with: what the document says of refusals.

use contracts::problem::Code;
use platform::problems;

/// Of every command: its headers, who sends it, and what becomes of it.
const COMMAND: [Code; 12] = [
    Code::InvalidQuery,
    Code::InvalidHeader,
    Code::IdempotencyKeyMissing,
    Code::IdempotencyKeyInvalid,
    Code::IdempotencyKeyReused,
    Code::Unauthenticated,
    Code::Forbidden,
    Code::Throttled,
    Code::Contention,
    Code::Overloaded,
    Code::Unavailable,
    Code::Internal,
];
/// Of every body.
const BODY: [Code; 5] = [
    Code::MalformedJson,
    Code::InvalidField,
    Code::UnsupportedMediaType,
    Code::BodyTooLarge,
    Code::BodyIncomplete,
];
/// Of every move of a hold.
const MOVE: [Code; 4] =
    [Code::InvalidId, Code::UnknownReservation, Code::InvalidTransition, Code::VersionMismatch];

problems! {
    pub(super) DefineStore: [InvalidId, UnknownStore, VersionMismatch] + COMMAND + BODY;
    pub(super) DefineProduct: [
        InvalidId, BrandMismatch, UnknownProduct, SkuOfOtherProduct, SkuRemoved, VersionMismatch,
    ] + COMMAND + BODY;
    pub(super) Count: [
        InvalidId, BrandMismatch, UnknownStore, UnknownSku, CountTooOld, VersionMismatch,
    ] + COMMAND + BODY;
    pub(super) Adjust: [
        InvalidId, BrandMismatch, UnknownStore, UnknownSku, StockOutOfRange, VersionMismatch,
    ] + COMMAND + BODY;
    pub(super) Place: [
        BrandMismatch, UnknownStore, UnknownSku, InsufficientStock, HoldsNotAccepted, HoldTooLarge, CustomerLimit,
    ] + COMMAND + BODY;
    pub(super) MakeReady: [ReservationExpired] + MOVE + COMMAND + BODY;
    pub(super) Collect: [ReservationExpired, UnknownStock, StockShortfall] + MOVE + COMMAND + BODY;
    pub(super) Cancel: [UnknownStock] + MOVE + COMMAND + BODY;
    pub(super) Extend: [
        ReservationExpired, ExtensionLimit, UnknownStore, HoldsNotAccepted,
    ] + MOVE + COMMAND + BODY;
}
