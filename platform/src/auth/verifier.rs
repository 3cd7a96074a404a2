//! From a token to the user that it speaks of.

use std::sync::Arc;

use axum::http::Uri;
use contracts::{Brand, StoreId};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{Keys, Pace};
use super::{Client, Error, Role, User, crypto};

/// Longest token, in bytes: with [all the stores](User) that one may name it stays below what HTTP servers take as a
/// header.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Most names among the roles of a token, known or not.
const MAX_ROLES: usize = 64;
/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY_SECS: u64 = 30;
/// The algorithms that are taken.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Checks the tokens of one issuer, or refuses every token. Cheap to clone; clones share the issuer's keys.
#[derive(Debug, Clone)]
pub struct Verifier(Option<Arc<Issuer>>);

#[derive(Debug)]
struct Issuer {
    keys: Arc<Keys>,
    issuer: String,
    audience: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    brand: Brand,
    roles: Vec<String>,
    #[serde(default)]
    stores: Vec<StoreId>,
    #[serde(default)]
    client_type: Value,
}

impl Verifier {
    /// Takes the tokens of this issuer for this audience, signed with a key that it publishes at `jwks`.
    #[must_use]
    pub fn new(jwks: Uri, issuer: &str, audience: &str) -> Self {
        Self::paced(jwks, issuer, audience, Pace::DEFAULT)
    }

    pub(super) fn paced(jwks: Uri, issuer: &str, audience: &str, pace: Pace) -> Self {
        crypto::install();
        let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
        Self(Some(Arc::new(Issuer { keys: Keys::new(jwks, pace), issuer, audience })))
    }

    /// Takes no token at all.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// The user that this token speaks of.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while the issuer's keys cannot be had; anything else says what is wrong with the token.
    pub async fn verify(&self, token: &str) -> Result<User, Error> {
        let Self(Some(issuer)) = self else { return Err(Error::Unconfigured) };
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::TooLong);
        }
        let header = decode_header(token).map_err(|_| Error::Malformed)?;
        // An extension that has to be understood (RFC 7515, section 4.1.11): we understand none.
        if header.crit.is_some() {
            return Err(Error::Malformed);
        }
        // Before any key is looked for: nothing else can be right, so it is worth no fetch.
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Error::Algorithm);
        }
        let kid = header.kid.ok_or(Error::UnknownKey)?;
        let key = issuer.keys.find(&kid).await?;
        let claims = decode::<Claims>(token, &key.decoding, &issuer.validation(key.algorithm))?.claims;
        user(claims)
    }
}

impl Issuer {
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECS;
        validation
    }
}

fn user(claims: Claims) -> Result<User, Error> {
    if claims.roles.len() > MAX_ROLES {
        return Err(Error::Claims(format!("`roles` must hold at most {MAX_ROLES} names")));
    }
    // One issuer serves more than this service, and has roles that are none of ours.
    let roles = claims.roles.iter().filter_map(|name| name.parse::<Role>().ok());
    let user = User::new(claims.sub, claims.brand, roles, claims.stores)?;
    // What it says to others is passed over, likewise.
    Ok(user.asking_with(claims.client_type.as_str().and_then(|name| name.parse::<Client>().ok())))
}
