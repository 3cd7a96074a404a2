//! From a token to the user that it speaks of.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::Uri;
use contracts::{Brand, StoreId};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use moka::sync::Cache;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::jwks::Key;
use super::keys::{Keys, Pace};
use super::{Client, Error, Role, User, crypto};

/// Longest token, in bytes: with [all the stores](User) that one may name it stays below what HTTP servers take as a
/// header.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Most names among the roles of a token, known or not.
const MAX_ROLES: usize = 64;
/// How far the issuer's clock and ours may differ, in seconds.
const LEEWAY_SECS: u64 = 30;
/// Most tokens that are remembered as checked: all staff and tills of a chain that ask at the same time. One takes about a kilobyte.
const MAX_CHECKED: u64 = 10_000;
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
    checked: Checked,
}

/// Tokens that were checked, by their hash, so that a till is not checked anew with each of its thousand requests: a
/// signature takes longer than the answer.
struct Checked(Cache<[u8; 32], Arc<Good>>);

/// A good token.
struct Good {
    user: User,
    /// The very key that it was checked with: one that was fetched again may be another, and one that is gone finds nothing.
    key: Arc<Key>,
    /// Its end, in seconds since 1970.
    exp: f64,
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
    /// Checked by the library, in whatever form of a number it is.
    #[serde(default)]
    exp: Value,
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
        let checked = Checked(Cache::new(MAX_CHECKED));
        Self(Some(Arc::new(Issuer { keys: Keys::new(jwks, pace), issuer, audience, checked })))
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
        let hash = Sha256::digest(token).into();
        if let Some(user) = issuer.checked.user(&hash, &key) {
            return Ok(user);
        }
        let claims = decode::<Claims>(token, &key.decoding, &issuer.validation(key.algorithm))?.claims;
        let exp = claims.exp.as_f64();
        let user = user(claims)?;
        if let Some(exp) = exp {
            issuer.checked.0.insert(hash, Arc::new(Good { user: user.clone(), key, exp }));
        }
        Ok(user)
    }
}

impl Checked {
    /// Of a token that is still good by itself, and whose key is still the same. What is left of its time by the leeway is
    /// checked in full.
    fn user(&self, hash: &[u8; 32], key: &Arc<Key>) -> Option<User> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
        let good = self.0.get(hash)?;
        (Arc::ptr_eq(&good.key, key) && now < good.exp).then(|| good.user.clone())
    }
}

/// Never who they are.
impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checked({})", self.0.entry_count())
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
