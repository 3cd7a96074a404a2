//! The issuer's endpoints.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use axum::{Json, Router};
use platform::Problem;
use platform::extract;
use platform::health::{self, NotReady, Ready};
use platform::server::{MAX_BODY_BYTES, with_conventions};
use serde_json::{Value, json};

use super::request::{TokenRequest, TokenResponse};
use super::{JWKS_PATH, Minter, TOKEN_PATH};
use crate::console::say;

/// How a browser and `curl -d` send a form.
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn router(minter: Arc<Minter>) -> Router {
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route(JWKS_PATH, get(jwks))
        .route(TOKEN_PATH, post(token))
        .with_state(minter)
        .merge(health::routes(Always));
    with_conventions(routes)
}

/// It needs nothing but its key, and has that from the start.
#[derive(Clone)]
struct Always;

impl Ready for Always {
    async fn check(&self) -> Result<(), NotReady> {
        Ok(())
    }
}

async fn configuration(State(minter): State<Arc<Minter>>) -> Json<Value> {
    let url = &minter.url;
    Json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}{JWKS_PATH}"),
        "token_endpoint": format!("{url}{TOKEN_PATH}"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn jwks(State(minter): State<Arc<Minter>>) -> Json<Value> {
    Json(json!({"keys": [minter.key.jwk()]}))
}

async fn token(State(minter): State<Arc<Minter>>, request: Request) -> Result<Json<TokenResponse>, Problem> {
    let (user, life) = read(request).await?.granted()?;
    let access_token = minter.mint(&user, life).map_err(|error| {
        say(format_args!("the issuer: {error:#}"));
        Problem::internal()
    })?;
    Ok(Json(TokenResponse { access_token, token_type: "Bearer".to_owned(), expires_in: life.as_secs() }))
}

async fn read(request: Request) -> Result<TokenRequest, Problem> {
    let is_form = |value: &axum::http::HeaderValue| value.as_bytes().starts_with(FORM.as_bytes());
    if request.headers().get(CONTENT_TYPE).is_some_and(is_form) {
        let body = axum::body::to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| {
            Problem::new(contracts::problem::Code::BodyIncomplete, "Send the whole form, and a short one.")
        })?;
        TokenRequest::from_form(&body)
    } else {
        Ok(extract::Json::from_request(request, &()).await?.value)
    }
}
