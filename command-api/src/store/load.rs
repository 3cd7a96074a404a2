//! Reading: every item of a command in one strongly consistent batch.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use contracts::Table;
use rand::Rng;

use super::items::{PK, partition_key};
use super::{Error, Key, State, Tables};

/// Most keys of one batch (DynamoDB's limit). No command needs more; a group has as many commands as fit.
pub const MAX_KEYS: usize = 100;
/// Rounds in which DynamoDB may hand keys back unread before that counts as being busy.
const MAX_ROUNDS: usize = 5;
/// Longest pause between two rounds: keys are handed back where DynamoDB is busy, and should not find it busier.
const LONGEST_PAUSE: Duration = Duration::from_millis(40);

impl Key {
    pub(super) fn table(&self) -> Table {
        match self {
            Self::Reply(_) => Table::Idempotency,
            Self::Stock(_) => Table::Stock,
            Self::Reservation(_) => Table::Reservations,
            Self::Customer(_) => Table::Customers,
            Self::Store(_) | Self::Product(_) | Self::Sku(_) => Table::Masters,
        }
    }
}

impl Tables {
    /// Reads the items, as they are no earlier than now. Each is consistent by itself, not all together: a
    /// transaction may commit in between, and is then met by the conditions of ours.
    ///
    /// # Errors
    /// When DynamoDB does not answer or an item cannot be understood.
    pub async fn load(&self, keys: impl IntoIterator<Item = &Key>) -> Result<State, Error> {
        let by_place: HashMap<(String, String), &Key> =
            keys.into_iter().map(|key| ((self.name(key.table()), partition_key(key)), key)).collect();
        debug_assert!(by_place.len() <= MAX_KEYS);
        let mut pending = request(by_place.keys())?;
        let mut state = State::default();
        for _ in 0..MAX_ROUNDS {
            let batch = self.client.batch_get_item().set_request_items(Some(pending)).send().await;
            let batch = batch.map_err(Error::of)?;
            for (table, items) in batch.responses.unwrap_or_default() {
                for item in items {
                    let pk = item.get(PK).and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
                    if let Some(key) = by_place.get(&(table.clone(), pk)) {
                        state.insert(key, item)?;
                    }
                }
            }
            // Throttling and the 16 MB of one answer leave keys unread: not an error, and not an absence.
            pending = batch.unprocessed_keys.unwrap_or_default();
            if pending.is_empty() {
                return Ok(state);
            }
            let pause = rand::rng().random_range(Duration::ZERO..=LONGEST_PAUSE);
            tokio::time::sleep(pause).await;
        }
        Err(Error::Busy("keys stay unread".to_owned()))
    }
}

fn request<'a>(
    places: impl Iterator<Item = &'a (String, String)>,
) -> Result<HashMap<String, KeysAndAttributes>, Error> {
    let mut keys: HashMap<String, Vec<HashMap<String, AttributeValue>>> = HashMap::new();
    for (table, pk) in places {
        let key = HashMap::from([(PK.to_owned(), AttributeValue::S(pk.clone()))]);
        keys.entry(table.clone()).or_default().push(key);
    }
    keys.into_iter()
        .map(|(table, keys)| {
            let asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            asked.map(|asked| (table, asked)).map_err(|cause| Error::Defect(cause.to_string()))
        })
        .collect()
}
