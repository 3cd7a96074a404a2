//! Cursors: where the next page starts, bound to the question that it is a page of.
//!
//! Opaque to callers, and not a secret: it holds nothing that the page before it did not. It is signed together with the
//! question, so only a place that an answer to the same question ended with is ever looked up.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::problem::Code;
use hmac::{Hmac, Mac};
use platform::Problem;
use sha2::Sha256;
use utoipa::openapi::schema::{Object, Type};

use crate::read::Page;

/// Longest cursor that is looked at: above what the longest ids make, and nothing to decode megabytes for.
const MAX_CHARS: usize = 512;
/// Stands between the parts of a key; no id, number or status contains it.
const SEPARATOR: char = '\n';
/// Bytes of the key that cursors are signed with: as many as an HMAC with SHA-256 makes use of.
const KEY_BYTES: usize = 32;
/// Bytes of a signature: half of the HMAC, which nobody guesses either (RFC 2104, truncated output), and a shorter URL.
const TAG_BYTES: usize = 16;

/// What cursors are signed with: 32 bytes, in hex, the same for all processes. With another one, callers who are between
/// two pages have to start anew.
#[derive(Clone)]
pub struct CursorKey([u8; KEY_BYTES]);

impl FromStr for CursorKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(text, &mut key).map_err(|_| {
            format!("a cursor key is {KEY_BYTES} random bytes as {} hex digits", 2 * KEY_BYTES)
        })?;
        Ok(Self(key))
    }
}

/// Never shown.
impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(..)")
    }
}

/// The schema of a cursor as callers see it.
pub(super) fn schema() -> Object {
    Object::builder()
        .schema_type(Type::String)
        .max_length(Some(MAX_CHARS))
        .description(Some("The `next_cursor` of an answer to the same question, for the page behind it."))
        .pattern(Some("^[A-Za-z0-9_-]*$"))
        .build()
}

impl CursorKey {
    /// The cursor behind the row with this key. `question` names the endpoint and the parameters that choose and order
    /// rows; `limit` is not among them, so a caller may change the size of pages on the way.
    pub(super) fn encode(&self, question: &[&str], key: &[&str]) -> String {
        let key = key.join(&SEPARATOR.to_string());
        let mut bytes = self.tag(question, key.as_bytes()).to_vec();
        bytes.extend(key.into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor behind a page, by the key of its last row; `None` behind the last page.
    pub(super) fn next<const N: usize, T>(
        &self,
        question: &[&str],
        page: &Page<T>,
        key: impl FnOnce(&T) -> [String; N],
    ) -> Option<String> {
        let key = key(page.rows.last().filter(|_| page.more)?);
        Some(self.encode(question, &key.each_ref().map(String::as_str)))
    }

    /// The key that a cursor of this question holds, read by `parse`; `None` where there is no cursor.
    pub(super) fn decode<const N: usize, T>(
        &self,
        question: &[&str],
        cursor: Option<&String>,
        parse: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        self.try_decode(question, cursor, parse).map(Some).ok_or_else(|| {
            Problem::new(Code::InvalidQuery, "Send the next_cursor of an answer to the same question.")
                .at("cursor")
        })
    }

    fn try_decode<const N: usize, T>(
        &self,
        question: &[&str],
        cursor: &str,
        parse: impl FnOnce([&str; N]) -> Option<T>,
    ) -> Option<T> {
        if cursor.len() > MAX_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, key) = bytes.split_at_checked(TAG_BYTES)?;
        self.mac(question, key).verify_truncated_left(tag).ok()?;
        let parts: Vec<&str> = std::str::from_utf8(key).ok()?.split(SEPARATOR).collect();
        parse(parts.try_into().ok()?)
    }

    fn tag(&self, question: &[&str], key: &[u8]) -> [u8; TAG_BYTES] {
        let whole = self.mac(question, key).finalize().into_bytes();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(whole.split_at(TAG_BYTES).0);
        tag
    }

    /// Each part with its length before it: two questions must not read the same.
    fn mac(&self, question: &[&str], key: &[u8]) -> Hmac<Sha256> {
        let mut block = [0; 64];
        block.split_at_mut(KEY_BYTES).0.copy_from_slice(&self.0);
        // Zeroes at the end of a key that is shorter than a block change nothing (RFC 2104).
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        for part in question.iter().map(|part| part.as_bytes()).chain([key]) {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: [&str; 2] = ["sku_stores", "hinata.KN1021-BLK-M"];

    fn key() -> CursorKey {
        "07".repeat(KEY_BYTES).parse().unwrap()
    }

    fn read(cursor: &str) -> Result<u32, Problem> {
        let read = key().decode(&QUESTION, Some(&cursor.to_owned()), |[key]: [&str; 1]| key.parse().ok());
        read.map(Option::unwrap)
    }

    #[test]
    fn a_cursor_comes_back_as_its_key() {
        assert_eq!(read(&key().encode(&QUESTION, &["7"])), Ok(7));
        assert_eq!(key().decode(&QUESTION, None, |[_]: [&str; 1]| Some(())), Ok(None));
    }

    #[test]
    fn what_is_no_cursor_of_the_question_is_refused_by_name() {
        let mine = key().encode(&QUESTION, &["7"]);
        let other: CursorKey = "08".repeat(KEY_BYTES).parse().unwrap();
        for cursor in [
            String::new(),
            "garbage!".to_owned(),
            "\u{0}".to_owned(),
            format!("{mine}="),
            mine[..mine.len() - 2].to_owned(),
            "A".repeat(MAX_CHARS + 1),
            key().encode(&["other", QUESTION[1]], &["7"]),
            key().encode(&[QUESTION[0], "hinata.KN1021-BLK-L"], &["7"]),
            key().encode(&["sku_store", "shinata.KN1021-BLK-M"], &["7"]),
            key().encode(&QUESTION[..1], &["7"]),
            key().encode(&QUESTION, &["seven"]),
            key().encode(&QUESTION, &["7", "8"]),
            key().encode(&QUESTION, &[]),
            other.encode(&QUESTION, &["7"]),
            URL_SAFE_NO_PAD.encode("sku_stores\nhinata.KN1021-BLK-M\n7"),
            URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
        ] {
            let problem = read(&cursor).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidQuery, "{cursor:?}");
            assert_eq!(problem.member("field").unwrap(), "cursor", "{cursor:?}");
        }
    }

    #[test]
    fn no_bit_of_a_cursor_can_be_changed() {
        let mine = URL_SAFE_NO_PAD.decode(key().encode(&QUESTION, &["7"])).unwrap();
        for bit in 0..mine.len() * 8 {
            let mut changed = mine.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&URL_SAFE_NO_PAD.encode(changed)).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?}", key()), "CursorKey(..)");
        assert!("07".repeat(31).parse::<CursorKey>().is_err());
    }
}
