//! An issuer that changes its keys, and callers that make up theirs.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn a_new_key_is_taken_after_a_bounded_time_and_an_old_one_no_longer() {
    let (old, new) = (Signer::ec(), Signer::ed());
    let issuer = Issuer::start(vec![old.jwk("old")]).await;
    let verifier = issuer.verifier(Pace { refetch: Duration::from_millis(300), ..CALM });
    let (from_old, from_new) = (signed(&old, "old", &good()), signed(&new, "new", &good()));
    assert!(verifier.verify(&from_old).await.is_ok());
    issuer.publish(vec![new.jwk("new")]);
    until("the new key is taken", || async { verifier.verify(&from_new).await.is_ok() }).await;
    assert_eq!(verifier.verify(&from_old).await, Err(Error::UnknownKey));
    assert!(issuer.fetches() >= 2);
}

#[tokio::test]
async fn keys_in_use_are_fetched_again_behind_the_callers() {
    let (old, new) = (Signer::ec(), Signer::ed());
    let issuer = Issuer::start(vec![old.jwk("old")]).await;
    let pace = Pace { fresh: Duration::from_millis(50), refetch: Duration::from_millis(50), ..CALM };
    let verifier = issuer.verifier(pace);
    let from_old = signed(&old, "old", &good());
    assert!(verifier.verify(&from_old).await.is_ok());
    // Withdrawn: nobody asks for the new key, and still the old one is forgotten.
    issuer.publish(vec![new.jwk("new")]);
    until("the old key is forgotten", || async {
        verifier.verify(&from_old).await == Err(Error::UnknownKey)
    })
    .await;
}

#[tokio::test]
async fn what_a_key_signed_is_not_good_under_another_of_its_name() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let issuer = Issuer::start(vec![old.jwk("1")]).await;
    let pace = Pace { fresh: Duration::from_millis(50), refetch: Duration::from_millis(50), ..CALM };
    let verifier = issuer.verifier(pace);
    let from_old = signed(&old, "1", &good());
    assert!(verifier.verify(&from_old).await.is_ok());
    issuer.publish(vec![new.jwk("1")]);
    until("the old key is forgotten", || async { verifier.verify(&from_old).await == Err(Error::Signature) })
        .await;
}

#[tokio::test]
async fn made_up_keys_cause_few_fetches() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    let refetch = Duration::from_millis(200);
    let verifier = issuer.verifier(Pace { refetch, ..CALM });
    let start = Instant::now();
    let flood = (0..500).map(|n| {
        let (verifier, token) = (verifier.clone(), signed(&signer, &format!("made-up-{n}"), &good()));
        tokio::spawn(async move { verifier.verify(&token).await })
    });
    for refused in flood.collect::<Vec<_>>() {
        assert_eq!(refused.await.unwrap(), Err(Error::UnknownKey));
    }
    let intervals = start.elapsed().as_millis() / refetch.as_millis();
    assert!(
        issuer.fetches() as u128 <= intervals + 1,
        "{} fetches in {intervals} intervals",
        issuer.fetches()
    );
    assert!(verifier.verify(&signed(&signer, "1", &good())).await.is_ok());
}

#[tokio::test]
async fn callers_who_hang_up_do_not_end_the_fetch() {
    let signer = Signer::ec();
    let issuer = Issuer::start(vec![signer.jwk("1")]).await;
    issuer.delay(Duration::from_millis(200));
    let verifier = issuer.verifier(CALM);
    let token = signed(&signer, "1", &good());
    let gone = tokio::time::timeout(Duration::from_millis(50), verifier.verify(&token)).await;
    assert!(gone.is_err());
    assert!(verifier.verify(&token).await.is_ok());
    assert_eq!(issuer.fetches(), 1);
}
