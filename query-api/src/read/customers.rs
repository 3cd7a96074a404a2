//! Whose holds they are, as far as those may know who hand them over (docs/adr, 0022).
//!
//! Owns the only statements that select what customers said of themselves: a name, and of a telephone number its last
//! digits. None may select a number whole, or a mail address. What is read here is for answers to staff alone.

use std::collections::HashMap;
use std::fmt;

use contracts::{StoreId, search};
use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::{Error, Session};

/// Most running holds of one status that are looked through for a name: far more than a store keeps, and read in some ten
/// milliseconds.
const MAX_RUNNING: u32 = 2_000;

/// Whose a hold is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) name: String,
    /// The last four digits of the telephone number.
    pub(crate) phone_end: Option<String>,
}

/// Never shown.
impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Customer(..)")
    }
}

/// A number of no more digits would be told whole.
const OF_HOLDS: &str = "SELECT reservation_id, customer_name, \
    IF(CHAR_LENGTH(phone_reversed) > 4, LEFT(phone_reversed, 4), NULL) AS phone_end_reversed \
    FROM reservations FORCE INDEX (PRIMARY) WHERE reservation_id IN ";

/// Whose these holds are, by their ids, but for those that forgot it. The caller bounds how many it asks for.
pub(crate) async fn of_holds(
    session: &mut Session,
    reservation_ids: &[&str],
) -> Result<HashMap<String, Customer>, Error> {
    let mut query = QueryBuilder::<MySql>::new(OF_HOLDS);
    push_list(&mut query, reservation_ids.iter().copied());
    let mut customers = HashMap::new();
    for row in session.rows(query.build()).await? {
        let name: String = row.try_get("customer_name")?;
        let phone_end: Option<String> = row.try_get("phone_end_reversed")?;
        let phone_end = phone_end.map(|digits| digits.chars().rev().collect());
        if !name.is_empty() {
            customers.insert(row.try_get("reservation_id")?, Customer { name, phone_end });
        }
    }
    Ok(customers)
}

/// A part of a name, as names are compared: width, kana, case and blanks make no difference.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NamePart(String);

impl NamePart {
    /// Of what somebody typed; `None` where nothing of it could be in a name.
    pub(crate) fn of(text: &str) -> Option<Self> {
        Some(compact(text)).filter(|part| !part.is_empty()).map(Self)
    }

    fn is_in(&self, name: &str) -> bool {
        compact(name).contains(&self.0)
    }
}

/// Never shown: it may be a whole name.
impl fmt::Debug for NamePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamePart(..)")
    }
}

fn compact(text: &str) -> String {
    search::fold(text).split_whitespace().collect()
}

/// The running holds whose customer's name has this part in it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) reservation_ids: Vec<String>,
    /// Whether all running holds of the store were looked through.
    pub(crate) complete: bool,
}

/// Those that end first are looked at first, which are those that are asked for soonest.
const RUNNING: &str = "SELECT reservation_id, customer_name FROM reservations FORCE INDEX (by_store) \
    WHERE store_id = ? AND status = ? ORDER BY expires_at, reservation_id LIMIT ?";

/// The store's running holds whose customer's name has this part in it, `limit` of each status at most.
pub(crate) async fn named(
    session: &mut Session,
    store_id: &StoreId,
    part: &NamePart,
    limit: usize,
) -> Result<Named, Error> {
    let mut named = Named { reservation_ids: Vec::new(), complete: true };
    for status in ["ready", "held"] {
        let query = sqlx::query(RUNNING).bind(store_id.as_str()).bind(status).bind(MAX_RUNNING);
        let rows = session.rows(query).await?;
        named.complete &= u32::try_from(rows.len()).is_ok_and(|count| count < MAX_RUNNING);
        let mut found = 0;
        for row in &rows {
            if found < limit && part.is_in(row.try_get("customer_name")?) {
                named.reservation_ids.push(row.try_get("reservation_id")?);
                found += 1;
            }
        }
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        for (typed, name) in [
            ("やまだ", "ヤマダ　ハナコ"),
            ("ﾔﾏﾀﾞ", "やまだ 花子"),
            ("山田花子", "山田 花子"),
            ("SMITH", "Anna Smith"),
            ("annas", "Anna Smith"),
            ("o'br", "O’Brien"),
        ] {
            assert!(NamePart::of(typed).unwrap().is_in(name), "{typed} in {name}");
        }
        assert!(!NamePart::of("山本").unwrap().is_in("山田 本"));
        assert_eq!([NamePart::of(" 　"), NamePart::of("-!"), NamePart::of("")], [None, None, None]);
    }

    #[test]
    fn nobody_is_shown() {
        let customer = Customer { name: "山田".to_owned(), phone_end: Some("1234".to_owned()) };
        assert_eq!(format!("{customer:?} {:?}", NamePart::of("山田").unwrap()), "Customer(..) NamePart(..)");
    }
}
