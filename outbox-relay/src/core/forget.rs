//! Forgetting whose a reservation was, in its history too.
//!
//! A reservation's own row forgets by its version, like everything else. Its history has a row for each event, and an
//! earlier event may come after the one that made it anonymous (out of quarantine, say): so each batch looks at what the
//! reservations in it have become.

use sqlx::{MySqlConnection, QueryBuilder};

/// Reservations of one statement: as many as rows, for the same reason.
const IDS_PER_STATEMENT: usize = 500;

/// Takes out of the history of anonymous reservations which customers acted, and what anybody said of why.
pub(super) async fn write<'i>(
    connection: &mut MySqlConnection,
    ids: impl Iterator<Item = &'i str>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<&str> = ids.collect();
    for some in ids.chunks(IDS_PER_STATEMENT) {
        // A customer has a name, and an anonymous one has none.
        let mut anonymous = QueryBuilder::new(
            "SELECT reservation_id FROM reservations WHERE customer_name = '' AND reservation_id IN (",
        );
        listed(&mut anonymous, some.iter().map(|id| (*id).to_owned()));
        let anonymous: Vec<String> =
            anonymous.build_query_scalar().persistent(false).fetch_all(&mut *connection).await?;
        if anonymous.is_empty() {
            continue;
        }
        let mut forget = QueryBuilder::new(
            "UPDATE history SET reason = NULL, actor_id = IF(actor = 'customer', NULL, actor_id) \
             WHERE aggregate IN (",
        );
        listed(&mut forget, anonymous.iter().map(|id| format!("reservation#{id}")));
        forget.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

fn listed(query: &mut QueryBuilder<sqlx::MySql>, values: impl Iterator<Item = String>) {
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    list.push_unseparated(")");
}
