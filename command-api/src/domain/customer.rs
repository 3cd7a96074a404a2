//! Who a hold is for, and how many running holds they have in the whole brand.

use contracts::Brand;
use serde::{Deserialize, Serialize};

/// For whom the pieces are kept, and how to reach them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Name to call out.
    pub name: String,
    /// Telephone number, as the customer wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Says nothing of the person: what is printed for debugging ends in logs.
impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer(..)")
    }
}

impl Customer {
    /// Nobody: what is left when it is forgotten whose a hold was. No customer has an empty name.
    #[must_use]
    pub fn nobody() -> Self {
        Self { name: String::new(), phone: None, email: None }
    }

    /// What the customer can be recognised by: the telephone number and the mail address, each in one spelling.
    pub fn contacts(&self) -> impl Iterator<Item = String> {
        let phone = self.phone.as_ref().map(|phone| format!("phone:{}", normalised_phone(phone)));
        let email = self.email.as_ref().map(|email| format!("email:{}", email.trim().to_lowercase()));
        phone.into_iter().chain(email)
    }
}

/// Fewest digits of a Japanese number with its country code: without it, no number has so many and begins with 81.
const MIN_INTERNATIONAL_DIGITS: usize = 11;

/// Digits only; a Japanese number in its national form, however it was written: after `+`, or a prefix for calls abroad
/// (00, or 010 from Japan), or with its country code alone.
fn normalised_phone(phone: &str) -> String {
    let written: String = phone.chars().filter(char::is_ascii_digit).collect();
    let abroad = ["010", "00"].into_iter().find_map(|prefix| written.strip_prefix(prefix));
    let digits = match abroad {
        Some(digits) if digits.starts_with("81") => digits,
        _ => written.as_str(),
    };
    let international =
        phone.contains('+') || digits.len() < written.len() || digits.len() >= MIN_INTERNATIONAL_DIGITS;
    match digits.strip_prefix("81") {
        Some(national) if international => format!("0{}", national.trim_start_matches('0')),
        _ => written,
    }
}

/// A brand, and a keyed hash of what a customer of it can be recognised by: the same for the same person, and of no use
/// to anybody else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerKey(String);

impl CustomerKey {
    /// The key of somebody with this hash (hex).
    #[must_use]
    pub fn new(brand: &Brand, hash: &str) -> Self {
        Self(format!("{brand}#{hash}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many running holds a customer has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holds {
    /// Raised by one with every change.
    pub version: u64,
    /// Running holds.
    pub active: u32,
}

impl Holds {
    /// After one more was placed.
    #[must_use]
    pub fn more(self) -> Self {
        Self { version: self.version + 1, active: self.active.saturating_add(1) }
    }

    /// After one came to its end.
    #[must_use]
    pub fn fewer(self) -> Self {
        Self { version: self.version + 1, active: self.active.saturating_sub(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contacts(phone: &str, email: &str) -> Vec<String> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Customer { name: "花子".into(), phone: some(phone), email: some(email) }.contacts().collect()
    }

    #[test]
    fn one_number_has_one_spelling() {
        for spelling in [
            "090-1234-5678",
            "09012345678",
            "+81 90 1234 5678",
            "+81 (0)90-1234-5678",
            "(+81) 90-1234-5678",
            "0081 90 1234 5678",
            "010 81 90 1234 5678",
            "81-90-1234-5678",
        ] {
            assert_eq!(contacts(spelling, ""), ["phone:09012345678"], "{spelling}");
        }
        assert_eq!(contacts("+44 20 7946 0000", ""), ["phone:442079460000"]);
        assert_eq!(contacts("81 90 12", ""), ["phone:819012"]);
        assert_eq!(contacts("03-1234-5678", ""), contacts("+81 3 1234 5678", ""));
        assert_eq!(contacts("", "Hanako@Example.jp"), ["email:hanako@example.jp"]);
        assert_eq!(contacts("1", "a@b").len(), 2);
    }
}
