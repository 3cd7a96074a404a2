//! Which problems each route can answer with: what the document says of refusals.

use contracts::problem::Code;
use platform::problems;

/// Of every question.
const QUESTION: [Code; 4] = [Code::InvalidId, Code::InvalidQuery, Code::Unavailable, Code::Internal];
/// Of every question that not everybody may ask.
const CALLER: [Code; 2] = [Code::Unauthenticated, Code::Forbidden];

problems! {
    pub(super) Level: [BrandMismatch, UnknownStore, UnknownSku, UnknownStock] + QUESTION;
    pub(super) StoresWithSku: [UnknownSku] + QUESTION;
    pub(super) Reservation: [UnknownReservation] + QUESTION + CALLER;
    pub(super) History: [UnknownReservation] + QUESTION + CALLER;
    pub(super) OfStore: [UnknownStore] + QUESTION + CALLER;
}
