//! Problems in an OpenAPI document: one schema, and for each status of a route the codes that it can carry.

use std::collections::BTreeMap;

use contracts::problem::Code;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::Example;
use utoipa::openapi::schema::{AllOf, Array, Object, Schema, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response};

use super::header;
use crate::problem::{CHALLENGE, RETRY_AFTER_SECS};

const CONTENT_TYPE: &str = "application/problem+json";

/// The answers of a route that can refuse with these codes, one for each status.
#[must_use]
pub fn responses(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let together = by_status.entry(code.status()).or_default();
        if !together.contains(code) {
            together.push(*code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), response(status, &codes).into()))
        .collect()
}

fn response(status: u16, codes: &[Code]) -> Response {
    let titles = codes.iter().map(|code| format!("- `{}`: {}.", code.as_str(), code.title()));
    let narrowed = Object::builder().property(
        "code",
        Object::builder().schema_type(Type::String).enum_values(Some(codes.iter().map(|code| code.as_str()))),
    );
    let schema = AllOf::builder().item(Ref::from_schema_name("Problem")).item(narrowed).build();
    let examples = codes.iter().map(|code| {
        let place = format!("#/components/examples/{}", code.as_str());
        (code.as_str(), RefOr::Ref(Ref::new(place)))
    });
    let content = Content::builder().schema(Some(Schema::from(schema))).examples_from_iter(examples).build();
    let mut response = Response::builder()
        .description(titles.collect::<Vec<_>>().join("\n"))
        .content(CONTENT_TYPE, content)
        .build();
    let told = match status {
        401 => ("WWW-Authenticate", header("How a caller can say who it is.", CHALLENGE)),
        429 | 503 => {
            let seconds = RETRY_AFTER_SECS.to_string();
            ("Retry-After", header("Seconds after which to send the same request again.", &seconds))
        }
        _ => return response,
    };
    response.headers.insert(told.0.to_owned(), told.1.into());
    response
}

/// The one form of every error (RFC 9457).
pub(super) fn schema() -> Schema {
    let text = |description: &str| Object::builder().schema_type(Type::String).description(Some(description));
    let number = |description: &str| {
        Object::builder().schema_type(Type::Integer).description(Some(description)).minimum(Some(0))
    };
    let shortage = Object::builder()
        .property("sku", Ref::from_schema_name("Sku"))
        .property("requested", number("Pieces asked for."))
        .property("available", number("Pieces that can be held."))
        .required("sku")
        .required("requested")
        .required("available");
    let as_of = Object::builder()
        .schema_type([Type::String, Type::Null].into_iter().collect::<utoipa::openapi::schema::SchemaType>())
        .description(Some("The answer holds every event up to then; `null` when that is not known."));
    Object::builder()
        .description(Some("Problem details (RFC 9457). Members that are not listed may be added."))
        .property("type", text("Leads to a page about this code, served by both APIs."))
        .property("title", text("The same for every problem of this code."))
        .property("status", number("The HTTP status."))
        .property("code", Ref::from_schema_name(Code::name()))
        .property("detail", text("What to change."))
        .property("field", text("The field, parameter or header to change, like `lines[0].quantity`."))
        .property(
            "shortages",
            Array::builder()
                .items(shortage)
                .description(Some("With `insufficient_stock`: every SKU that is short.")),
        )
        .property(
            "most",
            number(
                "How many there may be: with `hold_too_large` pieces, with `customer_limit` running holds, with \
                 `extension_limit` extensions.",
            ),
        )
        .property(
            "sku",
            text(
                "With `hold_too_large`: the SKU, where `most` is of one, not of the whole hold; with `stock_shortfall`: \
                 the one that is short.",
            ),
        )
        .property("on_hand", number("With `stock_out_of_range` and `stock_shortfall`: pieces on hand, by the count."))
        .property("oldest", text("With `count_too_old`: from when on a count can still be taken over."))
        .property("limit", text("With `throttled`: what was gone over; see the page."))
        .property("reservation_status", text("With `invalid_transition`: what the reservation is."))
        .property("reservation_version", number("With `invalid_transition`: the reservation's version."))
        .property(
            "current_version",
            number("With `version_mismatch`: the version now; 0 when there is none."),
        )
        .property("as_of", as_of)
        .required("type")
        .required("title")
        .required("status")
        .required("code")
        .required("detail")
        .build()
        .into()
}

/// An example of each problem: the one on its page.
pub(super) fn examples() -> impl Iterator<Item = (String, RefOr<Example>)> {
    Code::ALL.iter().map(|code| {
        let example = Example::builder().summary(code.title()).value(on_page(code.page())).build();
        (code.as_str().to_owned(), example.into())
    })
}

fn on_page(page: &str) -> Option<Value> {
    let (_, example) = page.split_once("```json\n")?;
    serde_json::from_str(example.split("```").next()?).ok()
}
