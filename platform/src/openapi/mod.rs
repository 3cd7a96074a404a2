//! The parts of an OpenAPI document that our APIs share, and how one is made whole.
//!
//! Owns what every route has in common: headers, problems, who may ask. It must never know a service's own routes.

mod problems;

use contracts::problem::Code;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, Ref, RefOr, Required, Response};
use utoipa::{OpenApi as _, ToSchema};

pub use problems::responses as problems;

/// Types that stand, in `responses(…)` of a route, for the problems that it can answer with. What follows `+` are lists of
/// codes that several routes share.
#[macro_export]
macro_rules! problems {
    ($($seen:vis $name:ident: [$($code:ident),* $(,)?] $(+ $shared:ident)*;)+) => { $(
        $seen struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                use contracts::problem::Code;
                let own: &[Code] = &[$(Code::$code),*];
                $crate::openapi::problems(&[own $(, &$shared)*].concat())
            }
        }
    )+ };
}

/// The security scheme of a user's token.
pub const TOKEN: &str = "token";
/// The security scheme of what a guest got with a hold.
pub const CAPABILITY: &str = "capability";
/// What both APIs keep to, for the description of each.
pub const CONVENTIONS: &str = "Ids carry their brand: `hinata.ginza-01` is a store of the brand `hinata`. Times are RFC 3339 in \
    UTC. Every error is `application/problem+json` with a stable `code`; its `type` leads to a page about it, served by both \
    APIs. A path that is not there is 404 `not_found`, a method that a path does not take 405 `method_not_allowed`. What is of \
    another brand or store than the caller's is answered as if it were not there.";
const TRACEPARENT: &str = "traceparent";
const POLICY: &str = "RateLimit-Policy";
const LEFT: &str = "RateLimit";
/// The member of the document that lists the codes of problems which belong to no route.
const GENERAL: &str = "x-general-problems";
/// Problems that no route of ours answers: there is none.
const NO_ROUTE: [Code; 1] = [Code::MethodNotAllowed];

/// What every service serves beside its own routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        crate::health::livez,
        crate::health::readyz,
        crate::metrics::exposition,
        crate::problem_pages::page,
        crate::docs::document,
    ),
    tags((name = "service", description = "What every service says about itself."))
)]
struct Common;

/// The whole document of an API, from that of its own routes.
#[must_use]
pub fn whole(title: &str, description: &str, mut api: OpenApi) -> OpenApi {
    api.merge(Common::openapi());
    api.info = Info::builder()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(description))
        .license(Some(
            utoipa::openapi::License::builder().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    let general = NO_ROUTE.map(Code::as_str).to_vec();
    api.extensions = Some(Extensions::builder().add(GENERAL, general).build());
    let components = api.components.get_or_insert_default();
    components.schemas.insert("Problem".to_owned(), problems::schema().into());
    components.schemas.insert(Code::name().into_owned(), <Code as utoipa::PartialSchema>::schema());
    components.examples.extend(problems::examples());
    components.add_security_scheme(TOKEN, token());
    components.add_security_scheme(CAPABILITY, capability());
    for (name, told) in limits() {
        components.headers.insert(name.to_owned(), told.into());
    }
    let (sent, told) = traceparent();
    components.parameters.insert(TRACEPARENT.to_owned(), sent.into());
    components.headers.insert(TRACEPARENT.to_owned(), told.into());
    for operation in operations(&mut api) {
        in_a_trace(operation);
        within_limits(operation);
        never_null(operation);
    }
    api
}

/// The document as text.
#[must_use]
pub fn text(api: &OpenApi) -> String {
    // Only maps whose keys are no texts could not be written, and there are none.
    api.to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

/// Every operation of a document.
pub fn operations(api: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    api.paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, put, post, .. } = item;
        [get, put, post].into_iter().flatten()
    })
}

/// Every answer of an operation, with its status.
pub fn answers(operation: &mut Operation) -> impl Iterator<Item = (&str, &mut Response)> {
    operation.responses.responses.iter_mut().filter_map(|(status, response)| match response {
        RefOr::T(response) => Some((status.as_str(), response)),
        RefOr::Ref(_) => None,
    })
}

/// A header that carries a text.
#[must_use]
pub fn header(description: &str, example: &str) -> Header {
    Header::builder()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some(description))
        .example(Some(example.into()))
        .build()
}

/// A header that a caller sends.
#[must_use]
pub fn sent_header(name: &str, description: &str, required: bool, schema: Object) -> Parameter {
    Parameter::builder()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .required(if required { Required::True } else { Required::False })
        .schema(Some(schema))
        .build()
}

/// W3C Trace Context, in and out.
fn traceparent() -> (Parameter, Header) {
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let place = Object::builder().schema_type(Type::String).examples([EXAMPLE]).build();
    let sent = sent_header(
        TRACEPARENT,
        "The caller's place in a trace (W3C Trace Context). What is none is passed over, and a new trace begins.",
        false,
        place,
    );
    (sent, header("The place of this request in its trace (W3C Trace Context).", EXAMPLE))
}

fn in_a_trace(operation: &mut Operation) {
    let sent = Ref::new(format!("#/components/parameters/{TRACEPARENT}"));
    operation.parameters.get_or_insert_default().push(RefOr::Ref(sent));
    for (_, response) in answers(operation) {
        let told = Ref::new(format!("#/components/headers/{TRACEPARENT}"));
        response.headers.insert(TRACEPARENT.to_owned(), RefOr::Ref(told));
    }
}

/// How much a caller may do, and what of it is left.
fn limits() -> [(&'static str, Header); 2] {
    const POLICY_EXAMPLE: &str = "\"requests\";q=300;w=10, \"in_flight\";q=30;qu=\"concurrent-requests\"";
    const LEFT_EXAMPLE: &str = "\"requests\";r=299;t=1, \"in_flight\";r=29";
    let draft = "draft-ietf-httpapi-ratelimit-headers-10";
    let policy = format!("What this caller may do ({draft}): `q` at once, and as much again in `w` seconds.");
    let left =
        format!("What of it is left (`r`), and in how many seconds (`t`) it is whole again ({draft}).");
    [(POLICY, header(&policy, POLICY_EXAMPLE)), (LEFT, header(&left, LEFT_EXAMPLE))]
}

/// What may be refused as too much says on every answer how much there is.
fn within_limits(operation: &mut Operation) {
    let throttled = Code::Throttled.status().to_string();
    if !operation.responses.responses.contains_key(&throttled) {
        return;
    }
    for (_, response) in answers(operation) {
        for name in [POLICY, LEFT] {
            let told = Ref::new(format!("#/components/headers/{name}"));
            response.headers.insert(name.to_owned(), RefOr::Ref(told));
        }
    }
}

/// A body that may be left out is described as one that may be `null`, which none of ours may be.
fn never_null(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(choices))) = &content.schema
            && let Some(body @ RefOr::Ref(_)) = choices.items.first()
        {
            content.schema = Some(body.clone());
        }
    }
}

fn token() -> SecurityScheme {
    let http = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("`Bearer TOKEN`: a user of the issuer that the service is configured with."));
    SecurityScheme::Http(http.build())
}

/// As a key in a header, because OpenAPI knows no HTTP scheme that is not registered.
fn capability() -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        "`Capability SECRET`: whoever got this secret with a hold, and nothing else. The value is both words.",
    )))
}
