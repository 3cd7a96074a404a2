//! Events to an HTTP endpoint, signed as Standard Webhooks has it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;
use contracts::json::CloudEvent;
use futures::future::join_all;
use hmac::{Hmac, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;

use super::target::{Error, Outcome};

/// Most requests at once, each of another aggregate: so an endpoint that takes 50 ms is told 300 events a second.
pub(super) const MAX_AT_ONCE: usize = 16;
/// Longest that one request may take (Standard Webhooks: 15 to 30 seconds).
const TIMEOUT: Duration = Duration::from_secs(15);
/// Most of an answer that is read, in bytes, so that its connection can be used again. Nobody needs what it says.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Fewest bytes of a secret (Standard Webhooks).
const MIN_SECRET_BYTES: usize = 24;
/// Most bytes of a secret (Standard Webhooks).
const MAX_SECRET_BYTES: usize = 64;
/// Statuses by which an endpoint says that the event is at fault. Other refusals, such as 401 or 404, are of all events:
/// the secret or the URL is wrong, and nothing is put aside for that.
const AT_FAULT: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// What requests are signed with.
#[derive(Clone)]
pub(super) struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.strip_prefix("whsec_").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let fits = |bytes: &Vec<u8>| (MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&bytes.len());
        bytes.filter(fits).map(Self).ok_or_else(|| {
            format!("a secret is `whsec_` and {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes in base64")
        })
    }
}

impl Secret {
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<String, hmac::digest::InvalidLength> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// One endpoint.
pub(super) struct Webhook {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Uri,
    secret: Secret,
}

impl Webhook {
    pub(super) fn new(url: &str, secret: Secret) -> Result<Self, Error> {
        let parsed: Option<Uri> = url.parse().ok();
        let is_http = |url: &Uri| matches!(url.scheme_str(), Some("http" | "https"));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: parsed.filter(is_http).ok_or_else(|| Error::Url(url.to_owned()))?,
            secret,
        })
    }

    pub(super) async fn deliver(&self, events: &[&CloudEvent]) -> Vec<Outcome> {
        join_all(events.iter().map(|event| self.post(event))).await
    }

    async fn post(&self, event: &CloudEvent) -> Outcome {
        let request = match self.request(event) {
            Ok(request) => request,
            Err(error) => return Outcome::failed(error),
        };
        let answered = async {
            let answer = self.client.request(request).await?;
            let outcome = outcome(&answer);
            let _ = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
            Ok::<_, hyper_util::client::legacy::Error>(outcome)
        };
        match tokio::time::timeout(TIMEOUT, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::failed(platform::dynamodb::cause(&error)),
            Err(_) => Outcome::failed(format!("no answer in {TIMEOUT:?}")),
        }
    }

    fn request(
        &self,
        event: &CloudEvent,
    ) -> Result<Request<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let body = serde_json::to_vec(event)?;
        let timestamp = Utc::now().timestamp();
        let mut signature = header::HeaderValue::from_str(&self.secret.sign(&event.id, timestamp, &body)?)?;
        signature.set_sensitive(true);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.url)
            .header(header::CONTENT_TYPE, CloudEvent::CONTENT_TYPE)
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature);
        Ok(request.body(Full::new(body.into()))?)
    }
}

/// What an answer says. Redirects are not followed: the URL is the operator's choice, and nobody else's.
fn outcome<B>(answer: &Response<B>) -> Outcome {
    let status = answer.status();
    let reason = format!("answered {}", status.as_u16());
    if status.is_success() {
        Outcome::Taken
    } else if AT_FAULT.contains(&status) {
        Outcome::Refused(reason)
    } else {
        let seconds =
            answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let again = seconds.map(Duration::from_secs);
        match status {
            StatusCode::TOO_MANY_REQUESTS => Outcome::Busy(reason, again),
            _ => Outcome::Failed(reason, again),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of the Standard Webhooks libraries.
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_shown_to_nobody_and_no_other_text_is_one() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(format!("{:?}", text.parse::<Secret>().unwrap()), "Secret(…)");
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?"] {
            assert!(wrong.parse::<Secret>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_some_refusals_are_about_the_event() {
        let answer = |status: u16| outcome(&Response::builder().status(status).body(()).unwrap());
        for status in [200, 202, 204] {
            assert_eq!(answer(status), Outcome::Taken);
        }
        for status in [400, 413, 415, 422] {
            assert!(matches!(answer(status), Outcome::Refused(_)), "{status}");
        }
        for status in [301, 401, 403, 404, 408, 410, 500, 503] {
            assert!(matches!(answer(status), Outcome::Failed(_, None)), "{status}");
        }
        let busy = Response::builder().status(429).header("retry-after", "7").body(()).unwrap();
        assert_eq!(outcome(&busy), Outcome::Busy("answered 429".to_owned(), Some(Duration::from_secs(7))));
    }
}
