//! Tokens that try to be taken for what they are not.

use ring::hmac;

use super::forge::{base64url, signed_by};
use super::*;

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let rsa = Signer::rsa();
    let issuer = Issuer::start(vec![rsa.jwk("1")]).await;
    let verifier = issuer.verifier(CALM);
    let jwk = rsa.jwk("1");
    let (text, json) = (jwk["n"].as_str().unwrap().to_owned(), jwk.to_string());
    for secret in [text.as_bytes(), json.as_bytes(), b""] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let header = json!({"alg": "HS256", "kid": "1"});
        let forged = signed_by(&header, &good(), |message| hmac::sign(&key, message).as_ref().to_vec());
        assert_eq!(verifier.verify(&forged).await, Err(Error::Algorithm));
    }
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test]
async fn a_published_secret_is_no_key() {
    let secret = b"secret-of-32-bytes-that-is-shown";
    let jwk = json!({"kty": "oct", "kid": "1", "k": base64url(secret), "alg": "HS256", "use": "sig"});
    let issuer = Issuer::start(vec![jwk]).await;
    let verifier = issuer.verifier(CALM);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    for algorithm in ["HS256", "RS256", "ES256", "EdDSA"] {
        let header = json!({"alg": algorithm, "kid": "1"});
        let forged = signed_by(&header, &good(), |message| hmac::sign(&key, message).as_ref().to_vec());
        assert!(verifier.verify(&forged).await.is_err(), "{algorithm}");
    }
}

#[tokio::test]
async fn no_signature_is_none() {
    let issuer = Issuer::start(vec![Signer::rsa().jwk("1")]).await;
    let verifier = issuer.verifier(CALM);
    for algorithm in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "PS256", "RS256", "ES256"] {
        let unsigned = signed_by(&json!({"alg": algorithm, "kid": "1"}), &good(), |_| Vec::new());
        assert!(verifier.verify(&unsigned).await.is_err(), "{algorithm}");
    }
}

#[tokio::test]
async fn the_key_decides_on_the_algorithm() {
    let signers = [Signer::rsa(), Signer::ec(), Signer::ed()];
    let keys = signers.iter().map(|signer| signer.jwk(signer.algorithm())).collect();
    let issuer = Issuer::start(keys).await;
    let verifier = issuer.verifier(CALM);
    for signer in &signers {
        let kid = signer.algorithm();
        for said in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA", "HS256"] {
            let token = token(signer, &json!({"alg": said, "kid": kid}), &good());
            let refused = verifier.verify(&token).await.err();
            assert_eq!(refused, (said != kid).then_some(Error::Algorithm), "a key for {kid} and {said}");
        }
    }
}

#[tokio::test]
async fn a_key_of_the_token_s_own_is_not_asked() {
    let (ours, theirs) = (Signer::ec(), Signer::ec());
    let issuer = Issuer::start(vec![ours.jwk("1")]).await;
    let verifier = issuer.verifier(CALM);
    let signed_as = |kid: &str| signed(&theirs, kid, &good());
    assert_eq!(verifier.verify(&signed_as("1")).await, Err(Error::Signature));
    assert_eq!(verifier.verify(&signed_as("2")).await, Err(Error::UnknownKey));
    let brought = json!({"alg": "ES256", "kid": "1", "jwk": theirs.jwk("1"), "jku": "http://127.0.0.1:1/"});
    assert!(verifier.verify(&token(&theirs, &brought, &good())).await.is_err());
    let unnamed = token(&ours, &json!({"alg": "ES256"}), &good());
    assert_eq!(verifier.verify(&unnamed).await, Err(Error::UnknownKey));
    let extended = json!({"alg": "ES256", "kid": "1", "crit": ["b64"], "b64": false});
    assert_eq!(verifier.verify(&token(&ours, &extended, &good())).await, Err(Error::Malformed));
}

#[tokio::test]
async fn a_key_for_something_else_is_not_used() {
    let signer = Signer::ec();
    let mut jwk = signer.jwk("1");
    jwk["use"] = "enc".into();
    let issuer = Issuer::start(vec![jwk]).await;
    let refused = issuer.verifier(CALM).verify(&signed(&signer, "1", &good())).await;
    assert_eq!(refused, Err(Error::UnknownKey));
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let verifier = issuer.verifier(CALM);
    let right = signed(&signer, "1", &good());
    let other = signed(&signer, "1", &but("brand", "kumo".into()));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(&right), parts(&other));
    let swapped = format!("{}.{}.{}", a[0], b[1], a[2]);
    assert_eq!(verifier.verify(&swapped).await, Err(Error::Signature));
    // And where the right one was checked before.
    assert!(verifier.verify(&right).await.is_ok());
    assert_eq!(verifier.verify(&swapped).await, Err(Error::Signature));
    for cut in [&right[..right.len() - 1], &right[1..], &format!("{right}A"), &format!("{right}.A"), &a[1]] {
        assert!(verifier.verify(cut).await.is_err(), "{cut}");
    }
    for nonsense in ["", ".", "..", "...", "a.b.c", "é.é.é"] {
        assert_eq!(verifier.verify(nonsense).await, Err(Error::Malformed), "{nonsense}");
    }
    let long = signed(&signer, "1", &but("more", "x".repeat(8 * 1024).into()));
    assert_eq!(verifier.verify(&long).await, Err(Error::TooLong));
}
