//! The issuer's public keys, as it publishes them (JWKS, RFC 7517).

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Keys of one issuer that are looked at: issuers have two or three, while they change from one to the next.
const MAX_KEYS: usize = 32;

/// A key that tokens are checked with.
#[derive(Debug)]
pub(super) struct Key {
    /// The one algorithm that it is for. What a token says of itself has to agree, and never decides.
    pub(super) algorithm: Algorithm,
    /// The key itself.
    pub(super) decoding: DecodingKey,
}

/// Keys by their `kid`.
pub(super) type KeySet = HashMap<String, Arc<Key>>;

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// The keys in a JWKS that can be used here. Others are passed over: one that is new to us must not cost us the rest.
pub(super) fn read(jwks: &[u8]) -> Result<KeySet, serde_json::Error> {
    let published: Published = serde_json::from_slice(jwks)?;
    let mut keys = KeySet::new();
    for key in published.keys.into_iter().take(MAX_KEYS) {
        let Some((kid, key)) = serde_json::from_value(key).ok().and_then(|jwk| usable(&jwk)) else {
            continue;
        };
        keys.entry(kid).or_insert(Arc::new(key));
    }
    Ok(keys)
}

fn usable(jwk: &Jwk) -> Option<(String, Key)> {
    let common = &jwk.common;
    let for_signatures = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let for_verifying =
        common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !for_signatures || !for_verifying {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        // Among them `oct`: a secret that is published is none.
        _ => return None,
    };
    if common.key_algorithm.is_some_and(|said| said != name) {
        return None;
    }
    let key = Key { algorithm, decoding: DecodingKey::from_jwk(jwk).ok()? };
    Some((common.key_id.clone()?, key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn algorithms(keys: Value) -> Vec<Algorithm> {
        let keys = read(json!({"keys": keys}).to_string().as_bytes()).unwrap();
        keys.values().map(|key| key.algorithm).collect()
    }

    #[test]
    fn a_key_is_for_the_algorithm_of_its_kind() {
        let rsa = json!({"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"});
        let ec = json!({"kty": "EC", "crv": "P-256", "kid": "1", "x": "AQAB", "y": "AQAB", "use": "sig"});
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "AQAB", "alg": "EdDSA"});
        assert_eq!(algorithms(json!([rsa])), [Algorithm::RS256]);
        assert_eq!(algorithms(json!([ec])), [Algorithm::ES256]);
        assert_eq!(algorithms(json!([ed])), [Algorithm::EdDSA]);
    }

    #[test]
    fn others_are_passed_over_one_by_one() {
        let good = json!({"kty": "RSA", "kid": "good", "n": "AQAB", "e": "AQAB", "key_ops": ["verify"]});
        let keys = json!([
            {"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB", "use": "enc"},
            {"kty": "RSA", "kid": "2", "n": "AQAB", "e": "AQAB", "key_ops": ["encrypt"]},
            {"kty": "RSA", "kid": "3", "n": "AQAB", "e": "AQAB", "alg": "PS256"},
            {"kty": "RSA", "kid": "4", "n": "AQAB", "e": "AQAB", "alg": "HS256"},
            {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
            {"kty": "RSA", "kid": "5", "n": "not base64!", "e": "AQAB"},
            {"kty": "EC", "crv": "P-384", "kid": "6", "x": "AQAB", "y": "AQAB"},
            {"kty": "EC", "crv": "secp256k1", "kid": "7", "x": "AQAB", "y": "AQAB"},
            {"kty": "OKP", "crv": "X25519", "kid": "8", "x": "AQAB"},
            {"kty": "oct", "kid": "9", "k": "c2VjcmV0"},
            {"kty": "AKP", "kid": "10", "alg": "ML-DSA-44", "pub": "AQAB"},
            {"kid": "11"},
            12,
            good,
        ]);
        let keys = read(json!({"keys": keys}).to_string().as_bytes()).unwrap();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["good"]);
    }

    #[test]
    fn what_is_no_set_of_keys_is_an_error() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn more_keys_than_an_issuer_has_are_not_looked_at() {
        let keys: Vec<Value> = (0..MAX_KEYS + 1)
            .map(|kid| json!({"kty": "RSA", "kid": kid.to_string(), "n": "AQAB", "e": "AQAB"}))
            .collect();
        assert_eq!(algorithms(json!(keys)).len(), MAX_KEYS);
    }
}
