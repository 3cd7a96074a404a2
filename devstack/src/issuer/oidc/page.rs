//! The page on which a visitor says who they are. It works without script, and has none.

use std::fmt::Write;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::issuer::Persona;

/// The head, with the only style there is.
const HEAD: &str = concat!(
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Sign in (development)</title><style>",
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}",
    "button{font:inherit;display:block;width:100%;min-height:3.5rem;margin:.5rem 0;padding:.5rem 1rem;text-align:start}",
    "small{display:block;opacity:.75}</style>"
);

/// Who there is to sign in as. `action` is where the choice goes, `home` the origin that the answer leads to.
pub(super) fn choice(personas: &[Persona], action: &str, home: &str) -> Response {
    let mut body = format!("{HEAD}<h1>Who are you today?</h1>");
    body.push_str("<p>Development only: everybody may be anybody, and there is no password.</p>");
    let _ = write!(body, "<form method=\"post\" action=\"{}\">", escaped(action));
    for (number, persona) in personas.iter().enumerate() {
        let (name, described) = (escaped(&persona.name), escaped(&persona.described()));
        let _ = write!(
            body,
            "<button name=\"persona\" value=\"{number}\">{name}<small>{described}</small></button>"
        );
    }
    body.push_str("</form>");
    page(StatusCode::OK, body, home)
}

/// One sentence to somebody who cannot be sent anywhere.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    page(status, format!("{HEAD}<h1>{}</h1>", escaped(text)), "")
}

fn page(status: StatusCode, body: String, home: &str) -> Response {
    // A browser holds the redirect that answers a form to form-action, too.
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {home}; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Html(body)).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_text() {
        assert_eq!(escaped("a&b\"<i>"), "a&amp;b&quot;&lt;i&gt;");
    }
}
