//! Problem codes (RFC 9457): the closed list of what can go wrong, the same in both APIs.
//!
//! Each code has a page, `docs/problems/CODE.md`; without one this does not compile.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)+) => {
        /// A stable code of a problem. Clients may match on it; it never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as it stands in the `code` member.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A short sentence that is the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The page about it, in Markdown: why it happens, what to change, whether to send the request again.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => {
                        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/problems/", $text, ".md"))
                    })+
                }
            }
        }
    };
}

codes! {
    /// The body is no JSON.
    MalformedJson = "malformed_json", 400, "The body is not valid JSON";
    /// A field is unknown, missing, of a wrong type or out of bounds.
    InvalidField = "invalid_field", 422, "A field of the body cannot be taken";
    /// An id in the path cannot be an id.
    InvalidId = "invalid_id", 400, "An id in the path is malformed";
    /// A query parameter is unknown, missing, of a wrong type or out of bounds.
    InvalidQuery = "invalid_query", 400, "A query parameter cannot be taken";
    /// A header cannot be taken.
    InvalidHeader = "invalid_header", 400, "A header cannot be taken";
    /// A command came without `Idempotency-Key`.
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "The Idempotency-Key header is missing";
    /// The `Idempotency-Key` is empty, too long or not printable ASCII.
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, "The Idempotency-Key header cannot be taken";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The Idempotency-Key was used for another request";
    /// The body is not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body must be application/json";
    /// The body is larger than allowed.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// The body did not arrive in time, or not whole.
    BodyIncomplete = "body_incomplete", 400, "The body did not arrive whole";
    /// The token or capability is missing where one is needed, or cannot be taken.
    Unauthenticated = "unauthenticated", 401, "The caller has to say who is asking";
    /// The caller's role does not allow it.
    Forbidden = "forbidden", 403, "The caller's role does not allow this";
    /// No such path.
    NotFound = "not_found", 404, "There is nothing at this path";
    /// The path does not take the method.
    MethodNotAllowed = "method_not_allowed", 405, "The path does not take this method";
    /// No such store.
    UnknownStore = "unknown_store", 404, "There is no such store";
    /// No such product.
    UnknownProduct = "unknown_product", 404, "There is no such product";
    /// No such SKU.
    UnknownSku = "unknown_sku", 404, "There is no such SKU";
    /// The SKU was never counted in the store.
    UnknownStock = "unknown_stock", 404, "The SKU was never counted in this store";
    /// No such reservation.
    UnknownReservation = "unknown_reservation", 404, "There is no such reservation";
    /// Ids of one request belong to different brands.
    BrandMismatch = "brand_mismatch", 422, "The ids belong to different brands";
    /// Fewer pieces are available than asked for.
    InsufficientStock = "insufficient_stock", 409, "Fewer pieces are available than asked for";
    /// The reservation's state does not allow the move.
    InvalidTransition = "invalid_transition", 409, "The reservation's state does not allow this";
    /// The aggregate is not at the version in `If-Match`.
    VersionMismatch = "version_mismatch", 412, "It has changed since you looked";
    /// The store takes no holds.
    HoldsNotAccepted = "holds_not_accepted", 409, "The store takes no holds now";
    /// The hold asks for more pieces than the store keeps.
    HoldTooLarge = "hold_too_large", 409, "The store does not keep so many pieces";
    /// The customer has as many running holds as the store allows.
    CustomerLimit = "customer_limit", 409, "The customer has too many running holds";
    /// The hold was extended as often as it may be.
    ExtensionLimit = "extension_limit", 409, "The hold cannot be extended again";
    /// The count was taken before movements that are forgotten.
    CountTooOld = "count_too_old", 409, "The count is too old to be taken over";
    /// The hold's time is over.
    ReservationExpired = "reservation_expired", 409, "The hold's time is over";
    /// The movement would leave fewer than no pieces, or more than the most.
    StockOutOfRange = "stock_out_of_range", 409, "The movement would leave an impossible count";
    /// Less is on hand, by the count, than the reservation hands over.
    StockShortfall = "stock_shortfall", 409, "The count says that fewer pieces are in the store";
    /// The SKU belongs to another product.
    SkuOfOtherProduct = "sku_of_other_product", 409, "The SKU belongs to another product";
    /// The product's new definition leaves out a SKU that it has.
    SkuRemoved = "sku_removed", 409, "SKUs of a product cannot be taken away";
    /// Too many commands for the same items at once.
    Contention = "contention", 503, "Too many commands for the same items at once";
    /// The caller, or all with the same client, want more than their share.
    Throttled = "throttled", 429, "That is more than your share";
    /// Too much waits: commands for the same stock, or all requests.
    Overloaded = "overloaded", 503, "There is too much to do";
    /// The projection does not have yet what a consistency token says.
    ProjectionBehind = "projection_behind", 503, "The projection does not have this yet";
    /// A database does not answer.
    Unavailable = "unavailable", 503, "The service cannot answer right now";
    /// A defect.
    Internal = "internal", 500, "Something went wrong on our side";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_errors() {
        let names: HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }
}
