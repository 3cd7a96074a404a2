//! The issuer as pages meet it: OpenID Connect by authorization code with PKCE, for one public client.
//!
//! Owns the way of a visitor from a page, past the choice of a persona, and back. It must never send anybody, or a code, to an
//! address that it was not given. It keeps no session: every visitor chooses anew, so signing out is only a way back.

mod codes;
mod page;
mod request;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use self::codes::Codes;
use self::request::{Refusal, Request};
use super::{JWKS_PATH, Minter, Persona, TOKEN_PATH};
use crate::console::say;

/// What the pages are called here.
pub const CLIENT_ID: &str = "torioki-pages";
/// Where visitors come back to, at each page.
const REDIRECT_PATH: &str = "/staff/signed-in";
/// Where they come back to without being anybody.
const SIGNED_OUT_PATH: &str = "/staff";
/// Where they choose.
const AUTHORIZE_PATH: &str = "/authorize";
/// Where they stop being somebody.
const END_SESSION_PATH: &str = "/end_session";
/// How long a visitor's tokens last: a shift, after which the pages ask again.
const LIFE: Duration = Duration::from_secs(8 * 60 * 60);

/// Who signs in, and where.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    /// Origins of the pages: `http://127.0.0.1:8081`.
    pub pages: Vec<String>,
    /// Who a visitor can be.
    pub personas: Vec<Persona>,
}

impl SignIn {
    fn returns_to(&self, uri: &str) -> bool {
        uri.strip_suffix(REDIRECT_PATH).is_some_and(|page| self.is_page(page))
    }

    fn is_page(&self, origin: &str) -> bool {
        self.pages.iter().any(|page| page == origin)
    }
}

/// What signs visitors in.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) minter: Arc<Minter>,
    sign_in: Mutex<SignIn>,
    codes: Mutex<Codes>,
}

impl Provider {
    pub(super) fn new(minter: Arc<Minter>) -> Self {
        Self { minter, sign_in: Mutex::default(), codes: Mutex::default() }
    }

    pub(super) fn offer(&self, sign_in: SignIn) {
        *held(&self.sign_in) = sign_in;
    }

    fn sign_in(&self) -> SignIn {
        held(&self.sign_in).clone()
    }

    /// Whether a page of this origin may ask from a browser.
    pub(super) fn knows(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| held(&self.sign_in).is_page(origin))
    }
}

/// Nothing that panics happens under these locks.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn routes(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route(AUTHORIZE_PATH, get(ask).post(choose))
        .route(END_SESSION_PATH, get(end_session))
        .with_state(provider)
}

/// The discovery document (OpenID Connect Discovery 1.0, section 3).
async fn configuration(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let url = &provider.minter.url;
    Json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}{JWKS_PATH}"),
        "authorization_endpoint": format!("{url}{AUTHORIZE_PATH}"),
        "token_endpoint": format!("{url}{TOKEN_PATH}"),
        "end_session_endpoint": format!("{url}{END_SESSION_PATH}"),
        "scopes_supported": ["openid"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn ask(State(provider): State<Arc<Provider>>, RawQuery(query): RawQuery) -> Response {
    let (query, sign_in) = (query.unwrap_or_default(), provider.sign_in());
    match Request::read(&query, &sign_in) {
        Ok(request) => {
            let home = request.redirect_uri.strip_suffix(REDIRECT_PATH).unwrap_or_default();
            page::choice(&sign_in.personas, &format!("{AUTHORIZE_PATH}?{query}"), home)
        }
        Err(refusal) => refused(refusal, &provider.minter.url),
    }
}

#[derive(Deserialize)]
struct Choice {
    persona: usize,
}

async fn choose(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
    Form(choice): Form<Choice>,
) -> Response {
    let sign_in = provider.sign_in();
    let request = match Request::read(&query.unwrap_or_default(), &sign_in) {
        Ok(request) => request,
        Err(refusal) => return refused(refusal, &provider.minter.url),
    };
    let Some(persona) = sign_in.personas.get(choice.persona) else {
        return page::message(StatusCode::BAD_REQUEST, "There is nobody like that.");
    };
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    match held(&provider.codes).issue(request, persona.clone(), Instant::now()) {
        Ok(code) => back(&redirect_uri, &[("code", &code)], state.as_deref(), &provider.minter.url),
        Err(error) => {
            say(format_args!("the issuer: {error:#}"));
            page::message(
                StatusCode::SERVICE_UNAVAILABLE,
                "Nobody can sign in right now. Try again in a minute.",
            )
        }
    }
}

fn refused(refusal: Refusal, issuer: &str) -> Response {
    match refusal {
        Refusal::Here(text) => page::message(StatusCode::BAD_REQUEST, text),
        Refusal::There { redirect_uri, state, error, description } => {
            let answer = [("error", error), ("error_description", description)];
            back(&redirect_uri, &answer, state.as_deref(), issuer)
        }
    }
}

/// To a page, with an answer and whose it is (RFC 9207).
fn back(redirect_uri: &str, answer: &[(&str, &str)], state: Option<&str>, issuer: &str) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer).extend_pairs(state.map(|state| ("state", state)));
    let query = query.append_pair("iss", issuer).finish();
    Redirect::to(&format!("{redirect_uri}?{query}")).into_response()
}

/// RP-initiated logout: there is nothing to forget, so it only leads back, and only to a page.
async fn end_session(State(provider): State<Arc<Provider>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let uri = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "post_logout_redirect_uri");
    match uri.map(|(_, uri)| uri) {
        Some(uri)
            if uri.strip_suffix(SIGNED_OUT_PATH).is_some_and(|page| provider.sign_in().is_page(page)) =>
        {
            Redirect::to(&uri).into_response()
        }
        _ => page::message(StatusCode::OK, "You are signed out."),
    }
}

/// The form that a page sends with a code.
#[derive(Default)]
struct Exchange {
    code: String,
    redirect_uri: String,
    client_id: String,
    code_verifier: String,
}

/// Whether this form is a page's, and not a developer's.
pub(super) fn is_exchange(form: &[u8]) -> bool {
    form_urlencoded::parse(form).any(|(name, _)| name == "grant_type")
}

/// Tokens for a code (OpenID Connect Core 1.0, section 3.1.3).
pub(super) fn exchange(provider: &Provider, form: &[u8]) -> Response {
    let (mut sent, mut grant_type) = (Exchange::default(), String::new());
    for (name, value) in form_urlencoded::parse(form) {
        match name.as_ref() {
            "grant_type" => grant_type = value.into_owned(),
            "code" => sent.code = value.into_owned(),
            "redirect_uri" => sent.redirect_uri = value.into_owned(),
            "client_id" => sent.client_id = value.into_owned(),
            "code_verifier" => sent.code_verifier = value.into_owned(),
            // Others are passed over, as OAuth has it.
            _ => {}
        }
    }
    if grant_type != "authorization_code" {
        return no_token(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    if sent.client_id != CLIENT_ID {
        return no_token(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let granted =
        held(&provider.codes).exchange(&sent.code, &sent.redirect_uri, &sent.code_verifier, Instant::now());
    let Some((persona, nonce)) = granted else {
        return no_token(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let minter = &provider.minter;
    let tokens = minter.mint(&persona.user, LIFE).and_then(|access_token| {
        let id_token = minter.id_token(&persona, CLIENT_ID, nonce.as_deref(), LIFE)?;
        Ok(json!({
            "access_token": access_token,
            "id_token": id_token,
            "token_type": "Bearer",
            "expires_in": LIFE.as_secs(),
        }))
    });
    match tokens {
        Ok(tokens) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        Err(error) => {
            say(format_args!("the issuer: {error:#}"));
            no_token(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
        }
    }
}

/// A refusal in OAuth's form (RFC 6749, section 5.2), which clients of others read.
fn no_token(status: StatusCode, error: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({"error": error}))).into_response()
}
