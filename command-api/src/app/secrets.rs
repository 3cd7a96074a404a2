//! What is derived from the service's one secret.

use std::fmt;
use std::str::FromStr;

use contracts::{Brand, ReservationId};
use hmac::{Hmac, Mac};
use platform::auth::Capability;
use sha2::Sha256;

use crate::domain::customer::{Customer, CustomerKey};

/// Bytes of a secret key.
const KEY_BYTES: usize = 32;

/// The service's one secret: 32 bytes, in hex. Whoever has it can make capabilities and recognise customers; with
/// another, running holds are no longer counted against their customers.
#[derive(Clone)]
pub struct SecretKey([u8; KEY_BYTES]);

impl FromStr for SecretKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut key = [0; KEY_BYTES];
        hex::decode_to_slice(text, &mut key).map_err(|_| {
            format!("a secret key is {KEY_BYTES} random bytes as {} hex digits", 2 * KEY_BYTES)
        })?;
        Ok(Self(key))
    }
}

/// Never shown.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Keyed hashes, each use with a key of its own.
#[derive(Debug, Clone)]
pub struct Secrets {
    contacts: SecretKey,
    capabilities: SecretKey,
}

impl Secrets {
    /// What is derived from this key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        let derived = |purpose: &str| SecretKey(mac(key, purpose.as_bytes()));
        Self { contacts: derived("customer contacts"), capabilities: derived("hold capabilities") }
    }

    /// What is counted of a customer: each contact and the account, within the brand.
    pub(super) fn customer_keys(
        &self,
        brand: &Brand,
        customer: &Customer,
        customer_id: Option<&str>,
    ) -> Vec<CustomerKey> {
        let account = customer_id.map(|id| format!("account:{id}"));
        let mut keys: Vec<CustomerKey> = customer
            .contacts()
            .chain(account)
            .map(|contact| {
                let hash = mac(&self.contacts, format!("{brand} {contact}").as_bytes());
                CustomerKey::new(brand, &hex::encode(hash))
            })
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// The capability of a hold: the same each time, so that it is stored nowhere and a repeated request still gets it.
    pub(super) fn capability(&self, id: ReservationId) -> Capability {
        Capability::from_bytes(mac(&self.capabilities, id.to_string().as_bytes()))
    }
}

fn mac(key: &SecretKey, message: &[u8]) -> [u8; KEY_BYTES] {
    let SecretKey(key) = key;
    // HMAC takes keys of every length, so this cannot fail; nothing here may panic all the same.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; KEY_BYTES] };
    mac.chain_update(message).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(byte: &str) -> Secrets {
        Secrets::new(&byte.repeat(KEY_BYTES).parse().unwrap())
    }

    fn keys(secrets: &Secrets, brand: &str, phone: &str) -> Vec<CustomerKey> {
        let customer = Customer { name: "花子".into(), phone: Some(phone.into()), email: None };
        secrets.customer_keys(&brand.parse().unwrap(), &customer, None)
    }

    #[test]
    fn a_customer_is_recognised_within_a_brand_only() {
        let ours = secrets("a1");
        assert_eq!(keys(&ours, "hinata", "090-1111-2222"), keys(&ours, "hinata", "09011112222"));
        assert_ne!(keys(&ours, "hinata", "09011112222"), keys(&ours, "kumo", "09011112222"));
        assert_ne!(keys(&ours, "hinata", "09011112222"), keys(&secrets("a2"), "hinata", "09011112222"));
        let shown = format!("{:?} {:?}", keys(&ours, "hinata", "09011112222"), ours);
        assert!(!shown.contains("0901111") && !shown.contains("a1a1"), "{shown}");
    }

    #[test]
    fn a_capability_belongs_to_one_hold() {
        let [one, two] = [1, 2].map(|n| ReservationId::from(uuid::Uuid::from_u128(n)));
        let ours = secrets("a1");
        assert_eq!(ours.capability(one).hash(), ours.capability(one).hash());
        assert_ne!(ours.capability(one).hash(), ours.capability(two).hash());
        assert_ne!(ours.capability(one).hash(), secrets("a2").capability(one).hash());
    }

    #[test]
    fn a_key_has_its_length() {
        for wrong in ["", "a1", &"a1".repeat(31), &"zz".repeat(32)] {
            assert!(wrong.parse::<SecretKey>().is_err(), "{wrong}");
        }
    }
}
