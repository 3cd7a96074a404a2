//! The document of this API.

use contracts::consistency;
use platform::openapi::{CONVENTIONS, answers, header, operations, whole};
use platform::server::{MAX_BODY_BYTES, REQUEST_TIMEOUT};
use utoipa::openapi::link::Link;
use utoipa::openapi::{OpenApi, RefOr};

use super::body::{LineIn, SkuIn};
use super::command::IDEMPOTENCY_KEY;

const TITLE: &str = "Torioki command API";

/// The operation that makes a hold.
const PLACE: &str = "place_hold";
/// The operations that move it on.
const MOVES: [&str; 4] = ["make_ready", "collect", "cancel", "extend"];

/// What can be done with a hold that was placed.
fn moves() -> impl Iterator<Item = (String, RefOr<Link>)> {
    MOVES.into_iter().map(|operation| {
        let id = "$response.body#/reservation_id";
        let link = Link::builder().operation_id(operation).parameter("id", id).build();
        (operation.to_owned(), link.into())
    })
}

/// What the whole API has in common.
fn description() -> String {
    let (kilobytes, seconds) = (MAX_BODY_BYTES / 1024, REQUEST_TIMEOUT.as_secs());
    format!(
        "Takes every command about stores, products, stock and holds (取り置き). Each is carried out exactly once, however \
         often it is sent, and never oversells.\n\n{CONVENTIONS}\n\nEvery command needs an `Idempotency-Key`. On 503 and \
         429, send the same request again, with the same key, after `Retry-After` seconds. A body has at most {kilobytes} KiB, and a request \
         takes at most {seconds} seconds."
    )
}

/// What is only named in schemas that are made by hand.
#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(LineIn, SkuIn)),
    tags(
        (name = "reservations", description = "Placing holds, and moving them on."),
        (name = "stock", description = "Counts of one SKU in one store, and what comes and goes."),
        (name = "masters", description = "What a brand says its stores and products are."),
    )
)]
pub(super) struct Parts;

/// The whole document, from that of the routes.
pub(super) fn document(routes: OpenApi) -> OpenApi {
    let mut api = whole(TITLE, &description(), routes);
    let tag = header("The version of what was changed, in quotes: for `If-Match`.", "\"3\"");
    let replay =
        header("`true` where the same command had been carried out before: this is its answer.", "true");
    let token = header(
        "Where something was changed: send it with a query, and the answer has the change. Opaque.",
        "c3RvcmUjaGluYXRhLmdpbnphLTAxIDE",
    );
    for operation in operations(&mut api) {
        let places = operation.operation_id.as_deref() == Some(PLACE);
        let is_command = operation.parameters.iter().flatten().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.name == IDEMPOTENCY_KEY,
            RefOr::Ref(_) => false,
        });
        for (status, response) in answers(operation) {
            if is_command && status.starts_with('2') {
                if places {
                    response.links.extend(moves());
                }
                response.headers.insert("ETag".to_owned(), tag.clone().into());
                response.headers.insert(consistency::HEADER.to_owned(), token.clone().into());
                response.headers.insert("Idempotent-Replay".to_owned(), replay.clone().into());
            }
        }
    }
    api
}
