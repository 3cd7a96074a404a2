//! The document of this API.

use contracts::consistency;
use platform::openapi::{CONVENTIONS, answers, header, operations, sent_header, whole};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{OpenApi, RefOr, Response};

use super::near::{Near, Radius};
use super::phrase::Phrase;
use super::reader::MAX_WAIT;
use super::values::{Limit, Status};

/// The operations that are no lookups.
const NO_LOOKUPS: [&str; 2] = ["changes", "local_inventory"];
/// An entity tag, as an example.
const TAG: &str = "\"0f343b0931126a20f133d67c2b018a3b.1777627802000000\"";

const TITLE: &str = "Torioki query API";

/// What routes are grouped by, and what is only named in their parameters.
#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(Limit, Near, Phrase, Radius, Status)),
    tags(
        (name = "stock", description = "Which store has this now."),
        (name = "products", description = "What the brand sells."),
        (name = "stores", description = "Where it is, and when it is open."),
        (name = "reservations", description = "Holds, and for staff whose they are."),
    )
)]
pub(super) struct Parts;

/// The whole document, from that of the routes.
pub(super) fn document(mut routes: OpenApi) -> OpenApi {
    let is_lookup =
        |one: &&mut Operation| one.operation_id.as_deref().is_none_or(|id| !NO_LOOKUPS.contains(&id));
    operations(&mut routes).filter(is_lookup).for_each(lookup);
    let description = format!(
        "Answers from a projection of what the command API did: exactly, but maybe a moment behind. Every answer says \
         `as_of`: it holds every event up to then; `null` when that is not known; `stale: true` beside it when that is too \
         long ago. A lookup that carries the `Consistency-Token` of a command's answer has what the command changed. Whose a hold is, as \
         `customer`, is told to staff of its store and managers of its brand alone; a telephone number or a mail address is in no \
         answer.\n\n{CONVENTIONS}\n\nOn 503, send the same request again after `Retry-After` seconds. Lists come in pages: \
         send `next_cursor` as `cursor` for the next."
    );
    whole(TITLE, &description, routes)
}

/// What is the same for every lookup.
fn lookup(operation: &mut Operation) {
    let text = || Object::builder().schema_type(Type::String);
    let seconds = MAX_WAIT.as_secs();
    let sent = [
        sent_header(
            consistency::HEADER,
            "From a command's answer: this answer has what that command changed, or is 503 `projection_behind`.",
            false,
            text().max_length(Some(consistency::MAX_BYTES)).pattern(Some("^[A-Za-z0-9_-]+$")).build(),
        ),
        sent_header(
            "Prefer",
            &format!(
                "`wait=N`: waits for that, up to N seconds, at most {seconds}. Without it nothing is waited for."
            ),
            false,
            text().examples(["wait=5"]).build(),
        ),
        sent_header(
            "If-None-Match",
            "The `ETag` of an answer that the caller has.",
            false,
            text().examples([TAG]).build(),
        ),
    ];
    operation.parameters.get_or_insert_default().extend(sent.map(RefOr::T));
    let not_modified =
        Response::new("The answer that the caller has is still good; its `as_of` is still true.");
    operation.responses.responses.insert("304".to_owned(), not_modified.into());
    let headers = [
        ("ETag", header("Which answer this is, to the byte.", TAG)),
        ("Cache-Control", header("Who may keep the answer, and how long.", "private, no-cache")),
        ("Vary", header("Which headers of the request make another answer.", "consistency-token")),
        ("Preference-Applied", header("Which preference was kept: `wait=N`.", "wait=5")),
    ];
    for (status, response) in answers(operation) {
        if matches!(status, "200" | "304") {
            response.headers.extend(headers.clone().map(|(name, header)| (name.to_owned(), header.into())));
        }
    }
}
