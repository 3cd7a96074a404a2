//! What a token has to say of itself and of its user.

use super::*;

/// An issuer with one key, and what its tokens with these claims come to.
async fn outcomes(claims: impl IntoIterator<Item = Value>) -> Vec<Result<User, Error>> {
    let signer = Signer::ed();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let verifier = issuer.verifier(CALM);
    let mut outcomes = Vec::new();
    for claims in claims {
        outcomes.push(verifier.verify(&signed(&signer, "1", &claims)).await);
    }
    outcomes
}

#[tokio::test]
async fn a_token_has_its_time() {
    let now = now();
    let outcomes = outcomes([
        but("exp", (now - 10).into()),
        but("exp", (now - 60).into()),
        but("nbf", (now + 10).into()),
        but("nbf", (now + 60).into()),
        but("nbf", (now - 60).into()),
    ])
    .await;
    let errors: Vec<Option<Error>> = outcomes.into_iter().map(Result::err).collect();
    assert_eq!(errors, [None, Some(Error::Expired), None, Some(Error::NotYetValid), None]);
}

#[tokio::test]
async fn a_token_that_was_checked_has_its_end_all_the_same() {
    let signer = Signer::ed();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let verifier = issuer.verifier(CALM);
    // The leeway is 30 seconds.
    let token = signed(&signer, "1", &but("exp", (now() - 27).into()));
    assert!(verifier.verify(&token).await.is_ok());
    until("its end", async || verifier.verify(&token).await == Err(Error::Expired)).await;
}

#[tokio::test]
async fn a_token_is_of_our_issuer_and_for_us() {
    let outcomes = outcomes([
        but("iss", "https://other.example".into()),
        but("iss", format!("{ISSUER}/").into()),
        but("aud", "other".into()),
        but("aud", json!(["other", "another"])),
        but("aud", json!([])),
        but("aud", json!(["other", AUDIENCE])),
    ])
    .await;
    let errors: Vec<Option<Error>> = outcomes.into_iter().map(Result::err).collect();
    let (issuer, audience) = (Some(Error::Issuer), Some(Error::Audience));
    assert_eq!(errors, [issuer.clone(), issuer, audience.clone(), audience.clone(), audience, None]);
}

#[tokio::test]
async fn a_claim_that_is_missing_or_wrong_is_named() {
    let many: Vec<String> = (0..65).map(|n| n.to_string()).collect();
    let cases = [
        ("exp", json!(null)),
        ("exp", json!("tomorrow")),
        ("exp", json!(-1)),
        ("nbf", json!("yesterday")),
        ("iss", json!(null)),
        ("iss", json!(7)),
        ("aud", json!(null)),
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!("太郎")),
        ("sub", json!("x".repeat(129))),
        ("brand", json!(null)),
        ("brand", json!("Hinata!")),
        ("roles", json!(null)),
        ("roles", json!("staff")),
        ("roles", json!([])),
        ("roles", json!(["admin", "STAFF"])),
        ("roles", json!([1])),
        ("roles", json!(many)),
        ("stores", json!(["kumo.a"])),
        ("stores", json!(["ginza-01"])),
        ("stores", json!("hinata.ginza-01")),
    ];
    let outcomes = outcomes(cases.iter().map(|(claim, value)| but(claim, value.clone()))).await;
    for ((claim, value), outcome) in cases.iter().zip(outcomes) {
        let error = outcome.expect_err(&format!("{claim} {value} is taken"));
        assert!(matches!(error, Error::Claims(_) | Error::User(_)), "{claim} {value}: {error:?}");
        // Where serde tells of a wrong form, it has no name to tell.
        let unnamed = value.is_string() || *value == json!(["ginza-01"]) || *value == json!([1]);
        assert!(unnamed || error.to_string().contains(&format!("`{claim}`")), "{claim} {value}: {error}");
    }
}

#[tokio::test]
async fn roles_of_others_are_passed_over_and_stores_may_be_left_out() {
    let mut claims = but("roles", json!(["offline_access", "manager", "pos"]));
    claims.as_object_mut().unwrap().remove("stores");
    let user = outcomes([claims]).await.remove(0).unwrap();
    assert_eq!(user.roles().collect::<Vec<_>>(), [Role::Manager, Role::Pos]);
    assert_eq!(user.stores().count(), 0);
}
