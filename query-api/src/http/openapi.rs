//! The document of this API.

use platform::openapi::{CONVENTIONS, whole};
use utoipa::openapi::OpenApi;

use super::near::{Near, Radius};
use super::params::{Limit, Status};
use super::phrase::Phrase;

const TITLE: &str = "Torioki query API";

/// What routes are grouped by, and what is only named in their parameters.
#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(Limit, Near, Phrase, Radius, Status)),
    tags(
        (name = "stock", description = "Which store has this now."),
        (name = "products", description = "What the brand sells."),
        (name = "stores", description = "Where it is, and when it is open."),
        (name = "reservations", description = "Holds, without their customers."),
    )
)]
pub(super) struct Parts;

/// The whole document, from that of the routes.
pub(super) fn document(routes: OpenApi) -> OpenApi {
    let description = format!(
        "Answers from a projection of what the command API did: exactly, but maybe a moment behind. Every answer says \
         `as_of`: it holds every event up to then; `null` when that is not known. No answer holds a customer's name, phone \
         or mail.\n\n{CONVENTIONS}\n\nOn 503, send the same request again after `Retry-After` seconds. Lists come in pages: \
         send `next_cursor` as `cursor` for the next."
    );
    whole(TITLE, &description, routes)
}
