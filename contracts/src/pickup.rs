//! The code by which a hold is named at the counter.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::ReservationId;

/// Letters of a code: enough that two running holds of one store hardly ever share one (a billion codes), and few
/// enough to read out.
const LETTERS: usize = 6;
/// Crockford's base 32: no letter looks like another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Longest spelling that is looked at: a code with something between any two letters.
const MAX_SPELLING: usize = 2 * LETTERS;

/// Names a hold to people. It follows from the hold's id, so whoever knows the id knows the code; it proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PickupCode([u8; LETTERS]);

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pick-up code has {LETTERS} letters and digits, such as 7KM4Q9")]
pub struct PickupCodeError;

impl From<ReservationId> for PickupCode {
    /// From the end of the id, which is random; its front is a time.
    fn from(id: ReservationId) -> Self {
        let mut rest = id.random_bits();
        let mut letters = [0; LETTERS];
        for letter in letters.iter_mut().rev() {
            *letter = ALPHABET[(rest % 32) as usize];
            rest /= 32;
        }
        Self(letters)
    }
}

impl FromStr for PickupCode {
    type Err = PickupCodeError;

    /// As people type it: small letters, `O` for `0`, `I` and `L` for `1`, and spaces or hyphens anywhere.
    fn from_str(text: &str) -> Result<Self, PickupCodeError> {
        if text.len() > MAX_SPELLING {
            return Err(PickupCodeError);
        }
        let typed = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
        let meant = typed.map(|byte| match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        });
        let letters: Vec<u8> = meant.collect();
        if letters.iter().all(|letter| ALPHABET.contains(letter)) {
            letters.try_into().map(Self).map_err(|_| PickupCodeError)
        } else {
            Err(PickupCodeError)
        }
    }
}

impl TryFrom<String> for PickupCode {
    type Error = PickupCodeError;

    fn try_from(text: String) -> Result<Self, PickupCodeError> {
        text.parse()
    }
}

impl fmt::Display for PickupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> String {
        PickupCode::from(id.parse::<ReservationId>().unwrap()).to_string()
    }

    #[test]
    fn it_follows_from_the_end_of_the_id() {
        assert_eq!(of("0192f0c1-2d3e-7a4b-8c5d-000000000000"), "000000");
        assert_eq!(of("0192f0c1-2d3e-7a4b-8c5d-00003fffffff"), "ZZZZZZ");
        assert_eq!(of("0192f0c1-2d3e-7a4b-8c5d-00000000002a"), "00001A");
        assert_eq!(of("ffffffff-ffff-7a4b-8c5d-00000000002a"), "00001A");
    }

    #[test]
    fn it_is_read_as_people_write_it() {
        let code: PickupCode = "7KM0Q1".parse().unwrap();
        for spelling in ["7km0q1", "7KMOQI", "7kmoql", "7K-M0 Q1", " 7KM0Q1 ", "7-K-M-0-Q-1"] {
            assert_eq!(spelling.parse(), Ok(code), "{spelling:?}");
        }
        for wrong in ["", "7KM0Q", "7KM0Q11", "7KM0QU", "7KM0Q!", "７KM0Q1", "7KM0Q1       ", "\u{0}KM0Q1"] {
            assert_eq!(wrong.parse::<PickupCode>(), Err(PickupCodeError), "{wrong:?}");
        }
    }
}
