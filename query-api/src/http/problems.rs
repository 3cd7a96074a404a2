//! From what reading found or failed at, to the problem that the caller gets.

use contracts::problem::Code;
use platform::Problem;

use crate::read::{AsOf, Error, Missing, Session};

impl From<Error> for Problem {
    /// Also logs the cause: this is the one place that every failed read passes.
    fn from(error: Error) -> Self {
        if let Error::Behind = error {
            let detail = "What your command changed is not here yet. Send Prefer: wait=5 to wait for it, or ask again.";
            return Self::new(Code::ProjectionBehind, detail);
        }
        let cause = error.cause();
        if error.retryable() {
            tracing::warn!(cause, "the projection cannot be read");
            Self::unavailable()
        } else {
            tracing::error!(cause, "the projection was not understood");
            Self::internal()
        }
    }
}

/// What was found, and the session to go on with.
pub(super) fn found<T>(found: Result<T, Missing>, session: Session) -> Result<(T, Session), Problem> {
    match found {
        Ok(found) => Ok((found, session)),
        Err(missing) => Err(not_found(missing, session.end())),
    }
}

/// A 404 that says what is missing, and up to when that is known.
pub(super) fn not_found(missing: Missing, as_of: AsOf) -> Problem {
    let (code, detail) = match missing {
        Missing::Store => (Code::UnknownStore, "No store has this id."),
        Missing::Sku => (Code::UnknownSku, "No product has this SKU."),
        Missing::Product => (Code::UnknownProduct, "No product has this code."),
        Missing::Stock => (Code::UnknownStock, "Store and SKU are known; the SKU was never counted there."),
        Missing::Reservation => (Code::UnknownReservation, "No reservation has this id."),
    };
    let problem = Problem::new(code, detail).with("as_of", as_of.text());
    if as_of.is_stale() { problem.with("stale", true) } else { problem }
}
