//! Cursors: where the next page starts, bound to the question that it is a page of.
//!
//! Opaque to callers, and not a secret: it holds nothing that the page before it did not. It is neither signed nor
//! trusted; what comes back is checked like any other input.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::problem::Code;
use platform::Problem;
use utoipa::openapi::schema::{Object, Type};

/// Longest cursor that is looked at: above what the longest ids make, and nothing to decode megabytes for.
const MAX_CHARS: usize = 512;
/// Stands between the parts; no id, number or status contains it.
const SEPARATOR: char = '\n';

/// The schema of a cursor as callers see it.
pub(super) fn schema() -> Object {
    Object::builder()
        .schema_type(Type::String)
        .max_length(Some(MAX_CHARS))
        .description(Some("The `next_cursor` of an answer to the same question, for the page behind it."))
        .pattern(Some("^[A-Za-z0-9_-]*$"))
        .build()
}

/// The cursor behind the row with this key. `question` names the endpoint and the parameters that choose and order
/// rows; `limit` is not among them, so a caller may change the size of pages on the way.
pub(super) fn encode(question: &[&str], key: &[&str]) -> String {
    let parts: Vec<&str> = [question, key].concat();
    URL_SAFE_NO_PAD.encode(parts.join(&SEPARATOR.to_string()))
}

/// The key that a cursor of this question holds, read by `parse`.
pub(super) fn decode<const N: usize, T>(
    question: &[&str],
    cursor: &str,
    parse: impl FnOnce([&str; N]) -> Option<T>,
) -> Result<T, Problem> {
    try_decode(question, cursor, parse).ok_or_else(|| {
        Problem::new(Code::InvalidQuery, "Send the next_cursor of an answer to the same question.")
            .at("cursor")
    })
}

fn try_decode<const N: usize, T>(
    question: &[&str],
    cursor: &str,
    parse: impl FnOnce([&str; N]) -> Option<T>,
) -> Option<T> {
    if cursor.len() > MAX_CHARS {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let parts: Vec<&str> = text.split(SEPARATOR).collect();
    parse(parts.strip_prefix(question)?.try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: [&str; 2] = ["sku_stores", "hinata.KN1021-BLK-M"];

    fn read(question: &[&str], cursor: &str) -> Result<u32, Problem> {
        decode(question, cursor, |[key]: [&str; 1]| key.parse().ok())
    }

    #[test]
    fn a_cursor_comes_back_as_its_key() {
        assert_eq!(read(&QUESTION, &encode(&QUESTION, &["7"])), Ok(7));
    }

    #[test]
    fn what_is_no_cursor_of_the_question_is_refused_by_name() {
        let mine = encode(&QUESTION, &["7"]);
        let forged = |parts: &str| URL_SAFE_NO_PAD.encode(parts);
        for cursor in [
            String::new(),
            "garbage!".to_owned(),
            "\u{0}".to_owned(),
            format!("{mine}="),
            mine[..mine.len() - 2].to_owned(),
            "A".repeat(MAX_CHARS + 1),
            encode(&["other", QUESTION[1]], &["7"]),
            encode(&[QUESTION[0], "hinata.KN1021-BLK-L"], &["7"]),
            encode(&QUESTION, &["seven"]),
            encode(&QUESTION, &["7", "8"]),
            encode(&QUESTION, &[]),
            forged("7"),
            URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
        ] {
            let problem = read(&QUESTION, &cursor).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidQuery, "{cursor:?}");
            assert_eq!(problem.member("field").unwrap(), "cursor", "{cursor:?}");
        }
    }
}
