//! The issuer's endpoints.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use platform::Problem;
use platform::cors;
use platform::extract;
use platform::health::{self, NotReady, Ready};
use platform::server::{MAX_BODY_BYTES, with_conventions};
use serde_json::{Value, json};

use super::oidc::{self, Provider};
use super::request::{TokenRequest, TokenResponse};
use super::{JWKS_PATH, TOKEN_PATH};
use crate::console::say;

/// How a browser and `curl -d` send a form.
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn router(provider: Arc<Provider>) -> Router {
    let routes = Router::new()
        .route(JWKS_PATH, get(jwks))
        .route(TOKEN_PATH, post(token))
        .with_state(Arc::clone(&provider))
        .merge(oidc::routes(Arc::clone(&provider)))
        .merge(health::routes(Always));
    cors::admit(with_conventions(routes), move |origin| provider.knows(origin))
}

/// It needs nothing but its key, and has that from the start.
#[derive(Clone)]
struct Always;

impl Ready for Always {
    async fn check(&self) -> Result<(), NotReady> {
        Ok(())
    }
}

async fn jwks(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({"keys": [provider.minter.key.jwk()]}))
}

/// A developer asks for a token of anybody, a page for those that a code stands for.
async fn token(State(provider): State<Arc<Provider>>, request: Request) -> Result<Response, Problem> {
    let is_form = |value: &axum::http::HeaderValue| value.as_bytes().starts_with(FORM.as_bytes());
    let asked = if request.headers().get(CONTENT_TYPE).is_some_and(is_form) {
        let body = axum::body::to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| {
            Problem::new(contracts::problem::Code::BodyIncomplete, "Send the whole form, and a short one.")
        })?;
        if oidc::is_exchange(&body) {
            return Ok(oidc::exchange(&provider, &body));
        }
        TokenRequest::from_form(&body)?
    } else {
        extract::Json::from_request(request, &()).await?.value
    };
    let (user, life) = asked.granted()?;
    let access_token = provider.minter.mint(&user, life).map_err(|error| {
        say(format_args!("the issuer: {error:#}"));
        Problem::internal()
    })?;
    let token_type = "Bearer".to_owned();
    Ok(Json(TokenResponse { access_token, token_type, expires_in: life.as_secs() }).into_response())
}
