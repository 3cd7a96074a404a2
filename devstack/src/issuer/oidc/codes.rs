//! Codes that a visitor carries from here to a page, each good once and for a short time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

use super::request::Request;
use crate::issuer::Persona;

/// How long a code is good: a redirect takes less than a second, and ten are kind to a debugger.
const LIFE: Duration = Duration::from_secs(60);
/// Most codes that wait at once: more visitors than a development stack has.
const MAX_WAITING: usize = 1000;
/// Bytes of a code: as many as nobody guesses.
const BYTES: usize = 32;
/// Characters of a verifier (RFC 7636, section 4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// The codes that wait to be exchanged.
#[derive(Debug, Default)]
pub(super) struct Codes(HashMap<String, Waiting>);

/// What a code stands for.
#[derive(Debug)]
struct Waiting {
    request: Request,
    persona: Persona,
    until: Instant,
}

impl Codes {
    /// A new code for this persona at the page of this request.
    pub(super) fn issue(&mut self, request: Request, persona: Persona, now: Instant) -> Result<String> {
        self.0.retain(|_, waiting| waiting.until > now);
        if self.0.len() >= MAX_WAITING {
            return Err(anyhow!("more than {MAX_WAITING} visitors sign in at once"));
        }
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow!("the system gives no random numbers"))?;
        let code = URL_SAFE_NO_PAD.encode(bytes);
        self.0.insert(code.clone(), Waiting { request, persona, until: now + LIFE });
        Ok(code)
    }

    /// Who the code stands for, and the nonce of the request, if whoever sends it began that request. It is no code from then
    /// on, whatever the answer: whoever has only the code tries once.
    pub(super) fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
        now: Instant,
    ) -> Option<(Persona, Option<String>)> {
        let waiting = self.0.remove(code)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let proven = VERIFIER_CHARS.contains(&verifier.len()) && challenge == waiting.request.challenge;
        let same = waiting.request.redirect_uri == redirect_uri;
        (proven && same && waiting.until > now).then_some((waiting.persona, waiting.request.nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const PAGE: &str = "http://127.0.0.1:8081/staff/signed-in";

    fn issued(codes: &mut Codes, now: Instant) -> String {
        let (redirect_uri, challenge) = (PAGE.to_owned(), CHALLENGE.to_owned());
        let request = Request { redirect_uri, challenge, state: None, nonce: Some("n".to_owned()) };
        let persona = Persona::of_stores(&["hinata.a".parse().unwrap()]).unwrap().remove(0);
        codes.issue(request, persona, now).unwrap()
    }

    #[test]
    fn a_code_is_exchanged_once() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = issued(&mut codes, now);
        let (persona, nonce) = codes.exchange(&code, PAGE, VERIFIER, now).unwrap();
        assert_eq!((persona.name.as_str(), nonce.as_deref()), ("Sato", Some("n")));
        assert!(codes.exchange(&code, PAGE, VERIFIER, now).is_none());
    }

    #[test]
    fn whoever_has_only_the_code_tries_once_and_in_vain() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let wrong = "a".repeat(43);
        for (redirect_uri, verifier, later) in [
            (PAGE, wrong.as_str(), Duration::ZERO),
            (PAGE, "", Duration::ZERO),
            (PAGE, CHALLENGE, Duration::ZERO),
            ("http://localhost:8081/staff/signed-in", VERIFIER, Duration::ZERO),
            (PAGE, VERIFIER, LIFE),
        ] {
            let code = issued(&mut codes, now);
            assert!(codes.exchange(&code, redirect_uri, verifier, now + later).is_none(), "{verifier}");
            assert!(codes.exchange(&code, PAGE, VERIFIER, now).is_none(), "tried a second time");
        }
    }

    #[test]
    fn codes_that_nobody_fetches_make_room() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        (0..MAX_WAITING).for_each(|_| drop(issued(&mut codes, now)));
        let code = issued(&mut codes, now + LIFE);
        assert_eq!(codes.0.keys().collect::<Vec<_>>(), [&code]);
    }
}
