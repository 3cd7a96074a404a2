//! The caller of a request.

use axum::Extension;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::{Capability, Error, User, Verifier};
use crate::Problem;

/// The caller of a request, taken from its `Authorization` header.
///
/// As an extractor it needs the [layer] on the router. What it refuses is 401 `unauthenticated`, or 503 `unavailable`
/// while the issuer's keys cannot be had. However often it is asked for, a request's token is checked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// Somebody who does not say who they are.
    Guest,
    /// Whoever holds this capability: `Authorization: Capability SECRET`. Whether it is one that was given out is for
    /// the service to look up.
    Holder(Capability),
    /// Somebody whom the issuer knows: `Authorization: Bearer TOKEN`.
    User(User),
}

/// Gives the routes of a router the verifier that [`Principal`] asks.
pub fn layer(verifier: Verifier) -> Extension<Verifier> {
    Extension(verifier)
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match principal(parts).await {
            Ok(principal) => Ok(principal),
            Err(Refusal::Error(error)) => {
                tracing::debug!(reason = reason(&error), "caller is not believed");
                Err(error.into())
            }
            Err(Refusal::NoLayer) => {
                tracing::error!("a route asks for its caller and has no `auth::layer`");
                Err(Problem::internal())
            }
        }
    }
}

/// Why there is no caller.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// Not believed.
    Error(Error),
    /// A mistake of ours.
    NoLayer,
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// What was found out about a request's caller.
#[derive(Clone)]
struct Found(Result<Principal, Refusal>);

/// The caller, found out now or before.
pub(crate) async fn principal(parts: &mut Parts) -> Result<Principal, Refusal> {
    if let Some(Found(found)) = parts.extensions.get::<Found>() {
        return found.clone();
    }
    let found = find(parts).await;
    parts.extensions.insert(Found(found.clone()));
    found
}

async fn find(parts: &Parts) -> Result<Principal, Refusal> {
    let mut given = parts.headers.get_all(AUTHORIZATION).iter();
    let value = match (given.next(), given.next()) {
        (None, _) => return Ok(Principal::Guest),
        (Some(value), None) => value.to_str().map_err(|_| Error::Header)?,
        // Two callers in one request: whichever were taken, something before us may have taken the other.
        (Some(_), Some(_)) => return Err(Error::Header.into()),
    };
    let (scheme, secret) = value.split_once(' ').ok_or(Error::Header)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        let verifier = parts.extensions.get::<Verifier>().ok_or(Refusal::NoLayer)?;
        Ok(Principal::User(verifier.verify(secret.trim()).await?))
    } else if scheme.eq_ignore_ascii_case("capability") {
        Ok(Principal::Holder(secret.trim().parse::<Capability>()?))
    } else {
        Err(Error::Header.into())
    }
}

/// For the log: without what the claims say.
fn reason(error: &Error) -> String {
    match error {
        Error::Claims(_) => "claims cannot be taken".to_owned(),
        other => other.to_string(),
    }
}
