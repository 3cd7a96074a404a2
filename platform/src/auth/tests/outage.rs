//! An issuer that does not answer.

use axum::http::StatusCode;

use super::*;

#[tokio::test]
async fn without_keys_from_the_start_it_says_so_and_recovers() {
    let signer = Signer::rsa();
    let issuer = Issuer::start(vec![]).await;
    issuer.fail();
    let verifier = issuer.verifier(CALM);
    let token = signed(&signer, "1", &good());
    assert_eq!(verifier.verify(&token).await, Err(Error::Unavailable));
    issuer.publish(vec![signer.jwk("1")]);
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_not_asked_at_every_request() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![]).await;
    issuer.fail();
    let verifier = issuer.verifier(Pace { retry: Duration::from_secs(3600), ..CALM });
    for n in 0..20 {
        let refused = verifier.verify(&signed(&signer, &n.to_string(), &good())).await;
        assert_eq!(refused, Err(Error::Unavailable));
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn nobody_listening_is_an_outage() {
    let issuer = Issuer::start(vec![]).await;
    let verifier = issuer.verifier(CALM);
    drop(issuer);
    until("nobody listens", || async {
        verifier.verify(&signed(&Signer::ec(), "1", &good())).await == Err(Error::Unavailable)
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_no_set_of_keys_is_an_outage() {
    let issuer = Issuer::start(vec![]).await;
    let verifier = issuer.verifier(CALM);
    let token = signed(&Signer::ec(), "1", &good());
    let padded = format!(r#"{{"keys":[],"padding":"{}"}}"#, "x".repeat(200 * 1024));
    for (status, body) in [
        (StatusCode::OK, "<html>"),
        (StatusCode::OK, padded.as_str()),
        (StatusCode::NOT_FOUND, r#"{"keys":[]}"#),
        (StatusCode::MOVED_PERMANENTLY, ""),
    ] {
        issuer.answer(status, body.to_owned());
        assert_eq!(verifier.verify(&token).await, Err(Error::Unavailable), "{status}");
    }
}

#[tokio::test]
async fn one_that_hangs_is_given_up() {
    let issuer = Issuer::start(vec![]).await;
    issuer.delay(Duration::from_secs(60));
    let verifier = issuer.verifier(CALM);
    let token = signed(&Signer::ec(), "1", &good());
    let answered = tokio::time::timeout(Duration::from_secs(20), verifier.verify(&token)).await;
    assert_eq!(answered.unwrap(), Err(Error::Unavailable));
}

#[tokio::test]
async fn known_keys_go_on_for_a_bounded_time() {
    let signer = Signer::ed();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let short = Duration::from_millis(20);
    let usable = Duration::from_millis(1500);
    let verifier = issuer.verifier(Pace { fresh: short, usable, refetch: short, retry: short });
    let token = signed(&signer, "1", &good());
    assert!(verifier.verify(&token).await.is_ok());

    issuer.fail();
    let before = issuer.fetches();
    until("it was asked in vain, twice", || async {
        assert!(verifier.verify(&token).await.is_ok());
        issuer.fetches() >= before + 2
    })
    .await;
    // A key that may be new cannot be told from one that is made up.
    let unknown = signed(&signer, "2", &good());
    until("the outage is known", || async { verifier.verify(&unknown).await == Err(Error::Unavailable) })
        .await;
    until("the keys are too old", || async { verifier.verify(&token).await == Err(Error::Unavailable) })
        .await;

    issuer.publish(vec![signer.jwk("1")]);
    until("it recovers", || async { verifier.verify(&token).await.is_ok() }).await;
}
