//! Which problems each route can answer with: what the document says of refusals.

use contracts::problem::Code;
use platform::problems;

/// Of every question.
const QUESTION: [Code; 8] = [
    Code::InvalidId,
    Code::InvalidQuery,
    Code::InvalidHeader,
    Code::Throttled,
    Code::ProjectionBehind,
    Code::Overloaded,
    Code::Unavailable,
    Code::Internal,
];
/// Of every question that not everybody may ask.
const CALLER: [Code; 2] = [Code::Unauthenticated, Code::Forbidden];

problems! {
    pub(super) Stream: [
        BrandMismatch, InvalidQuery, InvalidHeader, Throttled, Overloaded, Unavailable, Internal,
    ];
    pub(super) Feed: [InvalidQuery, Throttled, Overloaded, Unavailable, Internal];
    pub(super) Level: [BrandMismatch, UnknownStore, UnknownSku, UnknownStock] + QUESTION;
    pub(super) StoresWithSku: [UnknownSku] + QUESTION;
    pub(super) Availability: [UnknownProduct] + QUESTION;
    pub(super) Bag: [BrandMismatch] + QUESTION;
    pub(super) Products: [] + QUESTION;
    pub(super) Stores: [] + QUESTION;
    pub(super) Store: [UnknownStore] + QUESTION;
    pub(super) Reservation: [UnknownReservation] + QUESTION + CALLER;
    pub(super) History: [UnknownReservation] + QUESTION + CALLER;
    pub(super) OfStore: [UnknownStore] + QUESTION + CALLER;
}
