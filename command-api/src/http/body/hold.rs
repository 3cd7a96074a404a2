//! What may be said of holds.

use contracts::openapi::{list, or_null};
use contracts::{Quantity, Sku, StoreId};
use platform::Problem;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, Object, Type};

use super::{Words, invalid, same_brand};
use crate::app::Hold;
use crate::domain::customer::Customer;
use crate::domain::hold::{self, MAX_LINES};
use crate::domain::reservation::Line;

/// Fewest digits of a telephone number: there are short ones, and none is shorter.
const MIN_PHONE_DIGITS: usize = 5;
/// Longest telephone number, in characters, with its blanks and brackets.
const MAX_PHONE_CHARS: usize = 32;
/// Longest mail address, in bytes (RFC 5321).
const MAX_EMAIL_BYTES: usize = 254;

/// What a customer wants kept, where and for whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "store_id": "hinata.ginza-01",
    "lines": [{"sku": "hinata.KN1021-BLK-M", "quantity": 1}],
    "customer": {"name": "山田 花子", "phone": "090-0000-0000"},
})))]
pub(in crate::http) struct HoldIn {
    /// The store that keeps the pieces.
    store_id: StoreId,
    #[schema(schema_with = lines)]
    lines: Vec<LineIn>,
    customer: CustomerIn,
}

fn lines() -> Array {
    let mut lines = list::<LineIn>(1, MAX_LINES);
    let says = "What to keep: every line, or nothing. Lines of the same SKU count together.";
    lines.description = Some(says.to_owned());
    lines
}

/// Some pieces of one SKU.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LineIn {
    /// Of the store's brand.
    sku: Sku,
    quantity: Quantity,
}

/// For whom the pieces are kept, and how to reach them: by `phone`, `email` or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CustomerIn {
    /// Name to call out.
    name: Words,
    #[schema(schema_with = phone)]
    phone: Option<String>,
    #[schema(schema_with = email)]
    email: Option<String>,
}

fn phone() -> Object {
    let some_digits = format!("^([ +().-]*[0-9]){{{MIN_PHONE_DIGITS}}}[0-9 +().-]*$");
    let text = Object::builder().schema_type(Type::String).max_length(Some(MAX_PHONE_CHARS));
    let says = "Telephone number, as the customer writes it.";
    or_null(text.pattern(Some(some_digits)).description(Some(says)).build())
}

fn email() -> Object {
    let part = r"[^@\s\u0000-\u001F\u007F-\u009F]+";
    let text = Object::builder().schema_type(Type::String).max_length(Some(MAX_EMAIL_BYTES));
    or_null(text.pattern(Some(format!("^{part}@{part}$"))).description(Some("Mail address.")).build())
}

impl HoldIn {
    /// The SKUs of its lines, in the order in which they stand there.
    pub(in crate::http) fn skus(&self) -> Vec<Sku> {
        self.lines.iter().map(|line| line.sku.clone()).collect()
    }

    pub(in crate::http) fn into_hold(self) -> Result<Hold, Problem> {
        if !(1..=MAX_LINES).contains(&self.lines.len()) {
            return Err(invalid("lines", format!("A reservation has 1 to {MAX_LINES} lines.")));
        }
        for (n, line) in self.lines.iter().enumerate() {
            same_brand(&self.store_id, &line.sku, &format!("lines[{n}].sku"))?;
        }
        let lines = self.lines.into_iter().map(|LineIn { sku, quantity }| Line { sku, quantity });
        let lines = hold::merge_lines(lines)
            .map_err(|error| invalid("lines", format!("Lines of the same SKU count together: {error}.")))?;
        let customer = self.customer.into_customer()?;
        Ok(Hold { store_id: self.store_id, lines, customer })
    }
}

impl CustomerIn {
    fn into_customer(self) -> Result<Customer, Problem> {
        let Self { name, phone, email } = self;
        if phone.is_none() && email.is_none() {
            return Err(invalid("customer", "Send the customer's phone or email."));
        }
        if phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
            return Err(invalid("customer.phone", "Send a telephone number: digits, blanks, + - ( )."));
        }
        if email.as_ref().is_some_and(|email| !is_email(email)) {
            return Err(invalid("customer.email", "Send a mail address, like name@example.com."));
        }
        Ok(Customer { name: name.into_string(), phone, email })
    }
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (MIN_PHONE_DIGITS..=MAX_PHONE_CHARS).contains(&digits)
        && text.chars().count() <= MAX_PHONE_CHARS
        && text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c))
}

/// Only what no address can be without; whether mail arrives is for mail to tell.
fn is_email(text: &str) -> bool {
    text.len() <= MAX_EMAIL_BYTES
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_looked_at() {
        assert!(is_phone("+81 90-1234-5678") && is_phone("(03) 1234.5678"));
        assert!(!is_phone("1234") && !is_phone("call me") && !is_phone(&"1".repeat(33)));
        assert!(is_email("a@b") && is_email("花子@example.jp"));
        assert!(
            !is_email("a") && !is_email("@b") && !is_email("a@") && !is_email("a b@c") && !is_email("a@b@c")
        );
    }
}
