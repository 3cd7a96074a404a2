//! Asking an issuer that runs in another process.

use anyhow::{Context, Result, bail};
use reqwest::Client;
use serde::Deserialize;

use super::TOKEN_PATH;
use super::request::{TokenRequest, TokenResponse};

/// The members of a problem (RFC 9457) that are told on.
#[derive(Deserialize)]
struct Problem {
    detail: String,
    field: Option<String>,
}

/// A token from the issuer at this URL.
///
/// # Errors
/// When no issuer answers there, or it refuses; the error says which.
pub async fn ask(http: &Client, issuer_url: &str, request: &TokenRequest) -> Result<TokenResponse> {
    let url = format!("{}{TOKEN_PATH}", issuer_url.trim_end_matches('/'));
    let answer = http.post(&url).json(request).send().await.with_context(|| {
        format!(
            "no issuer answers at {issuer_url}; `cargo dev up` runs one, and prints its URL when it is up"
        )
    })?;
    let status = answer.status();
    let body = answer.text().await.with_context(|| format!("the answer of {url}"))?;
    if status.is_success() {
        return serde_json::from_str(&body).with_context(|| format!("{url} is no issuer of ours"));
    }
    match serde_json::from_str(&body) {
        Ok(Problem { detail, field: Some(field) }) => bail!("the issuer refuses {field}: {detail}"),
        Ok(Problem { detail, field: None }) => bail!("the issuer refuses: {detail}"),
        Err(_) => bail!("{url} answered {status}: is it the issuer?"),
    }
}
