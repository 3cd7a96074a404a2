//! From refusals and failures to problems: late, and in one place.

use contracts::Sku;
use contracts::problem::Code;
use platform::Problem;
use serde_json::{Value, json};

use crate::app::Error;
use crate::domain::Refusal;
use crate::store;

/// What the caller is told. Failures are logged here, once, with everything.
pub(super) fn problem(error: Error) -> Problem {
    match error {
        Error::Refused(refusal) => refused(&refusal),
        Error::Unauthenticated => {
            Problem::new(Code::Unauthenticated, "Send a token: Authorization: Bearer TOKEN.")
        }
        Error::Forbidden => {
            Problem::new(Code::Forbidden, "Your role does not allow this. Ask somebody whose role does.")
        }
        Error::KeyReused => {
            let detail =
                "This Idempotency-Key belongs to another request. Send a new key with a new request.";
            Problem::new(Code::IdempotencyKeyReused, detail).at("Idempotency-Key")
        }
        Error::Contention => {
            let detail = "Many commands want the same items. Nothing was changed; send the same request again, with the same key.";
            Problem::new(Code::Contention, detail)
        }
        Error::Overloaded => {
            let detail = "So many commands wait for the same stock that this one was not begun; send the same request again, with the same key.";
            Problem::new(Code::Overloaded, detail)
        }
        Error::Store(store::Error::Busy(cause) | store::Error::Unavailable(cause)) => {
            tracing::error!(cause, "DynamoDB is not available");
            Problem::unavailable()
        }
        Error::Store(error) => {
            tracing::error!(%error, "a command failed");
            Problem::internal()
        }
    }
}

/// The same, of a command whose body lists SKUs under this name: the field is the place of the one that is refused.
pub(super) fn problem_in(error: Error, list: &str, skus: &[Sku]) -> Problem {
    let place = match &error {
        Error::Refused(Refusal::UnknownSku(sku) | Refusal::SkuOfOtherProduct { sku, .. }) => {
            skus.iter().position(|listed| listed == sku)
        }
        _ => None,
    };
    let problem = problem(error);
    match place {
        Some(n) => problem.at(format!("{list}[{n}].sku")),
        None => problem,
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let problem = Problem::new(code(refusal), refusal.to_string());
    match refusal {
        Refusal::InsufficientStock(shortages) => {
            let short = shortages.iter().map(|shortage| {
                json!({
                    "sku": shortage.sku,
                    "requested": shortage.requested,
                    "available": shortage.available,
                })
            });
            problem.with("shortages", short.collect::<Vec<Value>>())
        }
        Refusal::InvalidTransition { status, version, .. } => {
            problem.with("reservation_status", status.as_str()).with("reservation_version", *version)
        }
        Refusal::VersionMismatch { current } => problem.at("If-Match").with("current_version", *current),
        Refusal::HoldTooLarge { sku, most } => {
            let problem = problem.at("lines").with("most", *most);
            match sku {
                Some(sku) => problem.with("sku", sku.as_str()),
                None => problem,
            }
        }
        Refusal::CustomerLimit { most } | Refusal::ExtensionLimit { most } => problem.with("most", *most),
        Refusal::CountTooOld { oldest } => problem.at("observed_at").with("oldest", json!(oldest)),
        Refusal::UnknownStore(_) | Refusal::HoldsNotAccepted(_) => problem.at("store_id"),
        Refusal::UnknownProduct(_) => problem.at("product_code"),
        Refusal::UnknownSku(_) | Refusal::SkuOfOtherProduct { .. } => problem.at("sku"),
        Refusal::SkuRemoved(_) => problem.at("skus"),
        Refusal::StockOutOfRange { on_hand, .. } => problem.at("delta").with("on_hand", *on_hand),
        Refusal::StockShortfall { sku, on_hand } => {
            problem.with("sku", sku.as_str()).with("on_hand", *on_hand)
        }
        Refusal::UnknownStock { .. } | Refusal::UnknownReservation(_) | Refusal::ReservationExpired(_) => {
            problem
        }
    }
}

fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::UnknownStore(_) => Code::UnknownStore,
        Refusal::UnknownSku(_) => Code::UnknownSku,
        Refusal::UnknownStock { .. } => Code::UnknownStock,
        Refusal::UnknownProduct(_) => Code::UnknownProduct,
        Refusal::UnknownReservation(_) => Code::UnknownReservation,
        Refusal::VersionMismatch { .. } => Code::VersionMismatch,
        Refusal::HoldsNotAccepted(_) => Code::HoldsNotAccepted,
        Refusal::HoldTooLarge { .. } => Code::HoldTooLarge,
        Refusal::CustomerLimit { .. } => Code::CustomerLimit,
        Refusal::ExtensionLimit { .. } => Code::ExtensionLimit,
        Refusal::CountTooOld { .. } => Code::CountTooOld,
        Refusal::InsufficientStock(_) => Code::InsufficientStock,
        Refusal::InvalidTransition { .. } => Code::InvalidTransition,
        Refusal::ReservationExpired(_) => Code::ReservationExpired,
        Refusal::StockOutOfRange { .. } => Code::StockOutOfRange,
        Refusal::StockShortfall { .. } => Code::StockShortfall,
        Refusal::SkuOfOtherProduct { .. } => Code::SkuOfOtherProduct,
        Refusal::SkuRemoved(_) => Code::SkuRemoved,
    }
}
