//! The key that signs tokens.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::secret;

/// File of the key (PKCS #8), in the issuer's directory.
const FILE: &str = "es256.p8";
/// Bytes of a coordinate of a point of P-256, after one byte that says that it is not compressed.
const COORDINATE: usize = 32;

/// A key for ES256.
pub(super) struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    public: Value,
}

impl Key {
    /// The key in this directory; a new one, where there is none.
    pub(super) fn kept_in(dir: &Path) -> Result<Self> {
        let random = SystemRandom::new();
        let path = dir.join(FILE);
        let kept = secret::kept(&path, || {
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
            Ok(made.map_err(|_| anyhow!("no key can be made"))?.as_ref().to_vec())
        })?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &kept, &random)
            .map_err(|error| anyhow!("{} holds no key for ES256 ({error})", path.display()))?;
        let public = public(&pair)?;
        Ok(Self { pair, random, public })
    }

    /// The public key, as it is published.
    pub(super) fn jwk(&self) -> &Value {
        &self.public
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> Result<String> {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.public["kid"]});
        let message = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        let signature = self.pair.sign(&self.random, message.as_bytes());
        let signature = signature.map_err(|_| anyhow!("a token cannot be signed"))?;
        Ok(format!("{message}.{}", base64url(signature)))
    }
}

fn public(pair: &EcdsaKeyPair) -> Result<Value> {
    let point = pair.public_key().as_ref().get(1..).context("a public key without a point")?;
    let (x, y) = point.split_at_checked(COORDINATE).context("a public key without two coordinates")?;
    let (x, y) = (base64url(x), base64url(y));
    // Its thumbprint (RFC 7638), members in that order: the same key has the same name after a restart.
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let kid = base64url(Sha256::digest(members));
    Ok(json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256"}))
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = Key::kept_in(dir.path()).unwrap();
        assert_eq!(Key::kept_in(dir.path()).unwrap().jwk(), key.jwk());
        assert_ne!(Key::kept_in(other.path()).unwrap().jwk(), key.jwk());
    }

    #[test]
    fn a_file_with_something_else_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "something else").unwrap();
        assert!(Key::kept_in(dir.path()).is_err());
        assert_eq!(std::fs::read(dir.path().join(FILE)).unwrap(), b"something else");
    }
}
