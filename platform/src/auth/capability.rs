//! The secret that a guest gets with a hold, and by which alone the guest is known again.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Bytes of a capability: 256 bits cannot be guessed.
const BYTES: usize = 32;
/// Characters of its text: base64url without padding.
const CHARACTERS: usize = (BYTES * 8).div_ceil(6);

/// A text that is no capability. The text is not repeated: it may be one, mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a capability has {CHARACTERS} characters of base64url")]
pub struct CapabilityError;

/// An opaque secret: whoever shows it may do what it was given out for.
///
/// It is told once, to the caller it is made for. Only its [hash](Self::hash) is stored and compared, so that whoever
/// reads the store holds nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Capability(String);

impl Capability {
    /// The capability of these bytes, which nobody may be able to guess.
    #[must_use]
    pub fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The secret itself, for the one answer that tells it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text, as 64 hexadecimal digits. As the text is random, comparing hashes tells nothing by the time
    /// that it takes.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        if text.len() != CHARACTERS {
            return Err(CapabilityError);
        }
        // Decoded, so that one secret has one spelling: bits that are left over have to be 0.
        URL_SAFE_NO_PAD.decode(text).map_err(|_| CapabilityError)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Capability(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_known_again() {
        let capability = Capability::from_bytes([0xa5; BYTES]);
        assert_eq!(capability.reveal().len(), CHARACTERS);
        let again: Capability = capability.reveal().parse().unwrap();
        assert_eq!(again.hash(), capability.hash());
        assert_eq!(again.hash().len(), 64);
        assert_ne!(again.hash(), Capability::from_bytes([0xa6; BYTES]).hash());
    }

    #[test]
    fn the_hash_is_that_of_the_text() {
        // printf %s AAAA…A (43) | sha256sum
        let hash = Capability::from_bytes([0; BYTES]).hash();
        assert_eq!(hash, hex::encode(Sha256::digest("A".repeat(43))));
    }

    #[test]
    fn it_is_never_shown() {
        let capability = Capability::from_bytes([7; BYTES]);
        assert!(!format!("{capability:?} {capability:#?}").contains(&capability.reveal()[..4]));
    }

    #[test]
    fn another_text_is_none() {
        let good = Capability::from_bytes([7; BYTES]).reveal().to_owned();
        let other_spelling = format!("{}d", &good[..42]);
        for text in
            ["", "abc", &good[..42], &format!("{good}A"), &format!("{}=", &good[..42]), &other_spelling]
        {
            assert_eq!(text.parse::<Capability>(), Err(CapabilityError), "{text:?}");
        }
        assert!("+".repeat(43).parse::<Capability>().is_err());
    }
}
