//! What a page sends a visitor here with (OpenID Connect Core 1.0, section 3.1.2.1; PKCE is RFC 7636).

use super::{CLIENT_ID, SignIn};

/// Characters of a challenge: base64url of a SHA-256, without padding.
const CHALLENGE_CHARS: usize = 43;
/// Longest `state` or `nonce` that is carried, in bytes: random numbers and a path fit several times.
const MAX_CARRIED: usize = 1024;

/// A request that can be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    /// Where the visitor goes with the code.
    pub(super) redirect_uri: String,
    /// What only the page that began can prove to know.
    pub(super) challenge: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
}

/// Why a request cannot be granted, and who is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The visitor: nobody knows yet whether the page may be gone back to.
    Here(&'static str),
    /// The page, by the address that it gave.
    There { redirect_uri: String, state: Option<String>, error: &'static str, description: &'static str },
}

impl Request {
    /// Reads the parameters of `/authorize`. Those that are not known are passed over, as OAuth has it.
    pub(super) fn read(query: &str, sign_in: &SignIn) -> Result<Self, Refusal> {
        let one = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            let value = values.next().map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty());
            if values.next().is_some() {
                Err(Refusal::Here("A parameter is given twice."))
            } else {
                Ok(value)
            }
        };
        if one("client_id")?.as_deref() != Some(CLIENT_ID) {
            return Err(Refusal::Here("No client is called so."));
        }
        let redirect_uri = one("redirect_uri")?.filter(|uri| sign_in.returns_to(uri));
        let Some(redirect_uri) = redirect_uri else {
            return Err(Refusal::Here("redirect_uri is none of those that this client is known with."));
        };
        let (state, nonce) = (one("state")?, one("nonce")?);
        let too_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > MAX_CARRIED);
        if too_long(&state) || too_long(&nonce) {
            return Err(Refusal::Here("state or nonce is too long."));
        }
        let there = |error, description| {
            Err(Refusal::There {
                redirect_uri: redirect_uri.clone(),
                state: state.clone(),
                error,
                description,
            })
        };
        if one("response_type")?.as_deref() != Some("code") {
            return there("unsupported_response_type", "response_type is code");
        }
        if !one("scope")?.is_some_and(|scope| scope.split(' ').any(|word| word == "openid")) {
            return there("invalid_scope", "scope holds openid");
        }
        if one("code_challenge_method")?.as_deref() != Some("S256") {
            return there("invalid_request", "code_challenge_method is S256");
        }
        match one("code_challenge")? {
            Some(challenge) if challenge.len() == CHALLENGE_CHARS => {
                Ok(Self { redirect_uri, challenge, state, nonce })
            }
            _ => there("invalid_request", "code_challenge is the SHA-256 of a verifier, as base64url"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "client_id=torioki-pages&response_type=code&scope=openid&state=s&nonce=n&code_challenge_method=S256\
        &redirect_uri=http%3A%2F%2F127.0.0.1%3A8081%2Fstaff%2Fsigned-in\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<Request, Refusal> {
        let pages = vec!["http://127.0.0.1:8081".to_owned()];
        Request::read(query, &SignIn { pages, personas: Vec::new() })
    }

    #[test]
    fn a_whole_request_is_read() {
        let request = read(&format!("{GOOD}&prompt=login")).unwrap();
        assert_eq!((request.state.as_deref(), request.nonce.as_deref()), (Some("s"), Some("n")));
        assert_eq!(request.redirect_uri, "http://127.0.0.1:8081/staff/signed-in");
    }

    #[test]
    fn nobody_is_sent_where_the_client_does_not_live() {
        for other in [
            "http%3A%2F%2F127.0.0.1%3A8081%2Fstaff%2Fsigned-in%2F",
            "http%3A%2F%2F127.0.0.1%3A8081%2Fstaff%2Fsigned-in%3Fx",
            "http%3A%2F%2F127.0.0.1%3A80812%2Fstaff%2Fsigned-in",
            "http%3A%2F%2Fevil.example%2Fstaff%2Fsigned-in",
            "",
        ] {
            let query = GOOD.replace("http%3A%2F%2F127.0.0.1%3A8081%2Fstaff%2Fsigned-in", other);
            assert!(matches!(read(&query), Err(Refusal::Here(_))), "{other}");
        }
        assert!(matches!(read(&GOOD.replace("torioki-pages", "other")), Err(Refusal::Here(_))));
        assert!(matches!(
            read(&format!("{GOOD}&redirect_uri=http%3A%2F%2Fevil.example")),
            Err(Refusal::Here(_))
        ));
    }

    #[test]
    fn a_client_that_asks_wrongly_is_told() {
        for (from, to, expected) in [
            ("response_type=code", "response_type=token", "unsupported_response_type"),
            ("scope=openid", "scope=email", "invalid_scope"),
            ("code_challenge_method=S256", "code_challenge_method=plain", "invalid_request"),
            ("code_challenge_method=S256", "", "invalid_request"),
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "short", "invalid_request"),
        ] {
            let refused = read(&GOOD.replace(from, to));
            let Err(Refusal::There { error, state, .. }) = refused else { panic!("{refused:?}") };
            assert_eq!((error, state.as_deref()), (expected, Some("s")), "{to}");
        }
    }
}
