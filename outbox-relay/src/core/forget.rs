//! Forgetting whose a reservation was, in its history too.
//!
//! A reservation's own row forgets by its version, like everything else. Its history has a row for each event, and an
//! earlier event may come after the one that made it anonymous (out of quarantine, say): so each batch looks at what the
//! reservations in it have become. What is made from state, by a rebuild or a repair, comes without that event: then all
//! reservations are looked at.

use sqlx::{MySqlConnection, QueryBuilder};

use super::forms::statements;

/// Reservations of one page of all: those of one statement.
const PAGE_IDS: u32 = 256;

/// Takes out of the history of anonymous reservations which customers acted, and what anybody said of why.
pub(super) async fn write<'i>(
    connection: &mut MySqlConnection,
    ids: impl Iterator<Item = &'i str>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<&str> = ids.collect();
    for some in statements(&ids) {
        // A customer has a name, and an anonymous one has none.
        let mut anonymous = QueryBuilder::new(
            "SELECT reservation_id FROM reservations WHERE customer_name = '' AND reservation_id IN (",
        );
        listed(&mut anonymous, some.into_iter().map(|id| (*id).to_owned()));
        // The newest, whatever was read before in this transaction: another one may have made it anonymous just now.
        anonymous.push(" LOCK IN SHARE MODE");
        let anonymous: Vec<String> = anonymous.build_query_scalar().fetch_all(&mut *connection).await?;
        for some in statements(&anonymous) {
            let mut forget = QueryBuilder::new(
                "UPDATE history SET reason = NULL, actor_id = IF(actor = 'customer', NULL, actor_id) \
                 WHERE aggregate IN (",
            );
            listed(&mut forget, some.into_iter().map(|id| format!("reservation#{id}")));
            forget.build().execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// The same for a page of all reservations, those behind an id; the last of them, as long as there are more.
pub(crate) async fn page(
    connection: &mut MySqlConnection,
    after: &str,
) -> Result<Option<String>, sqlx::Error> {
    let page =
        "SELECT reservation_id FROM reservations WHERE reservation_id > ? ORDER BY reservation_id LIMIT ?";
    let ids: Vec<String> =
        sqlx::query_scalar(page).bind(after).bind(PAGE_IDS).fetch_all(&mut *connection).await?;
    write(connection, ids.iter().map(String::as_str)).await?;
    Ok(ids.into_iter().last())
}

fn listed(query: &mut QueryBuilder<sqlx::MySql>, values: impl Iterator<Item = String>) {
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    list.push_unseparated(")");
}
