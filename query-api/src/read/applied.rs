//! Whether the projection has what a command wrote.

use contracts::Aggregate;
use contracts::consistency::Written;
use sqlx::{MySql, QueryBuilder, Row};

use super::{Error, Session};

/// Most events of one statement: two rows by their keys for each, and a text of some ten kilobytes.
const EVENTS_PER_STATEMENT: usize = 64;
/// Up to how many events are asked for one by one: a hold of two SKUs has three, and each takes less than a millisecond.
const FEW: usize = 4;

/// Which of these events are applied, each by its place in the list.
///
/// An event is, when the history has it (only whoever gave the command knows its id) and its aggregate is at its version
/// or above. Neither alone would do while a rebuild runs: that adds to the history what the relay has still to apply, and
/// swaps in rows that were read at different moments. Rows and history of an event are written in one transaction.
pub(super) async fn applied(session: &mut Session, events: &[&Written]) -> Result<Vec<bool>, Error> {
    let mut found = vec![false; events.len()];
    // A statement for one event stays prepared; those for many have too many forms.
    let together = if events.len() <= FEW { 1 } else { EVENTS_PER_STATEMENT };
    for (chunk, places) in events.chunks(together).zip(found.chunks_mut(together)) {
        let mut query = QueryBuilder::<MySql>::new("");
        for (place, event) in chunk.iter().enumerate() {
            if place > 0 {
                query.push(" UNION ALL ");
            }
            one(&mut query, place, event);
        }
        for row in session.rows(query.build().persistent(together == 1)).await? {
            let place = usize::try_from(row.try_get::<i64, _>("place")?).unwrap_or(usize::MAX);
            if let Some(found) = places.get_mut(place) {
                *found = true;
            }
        }
    }
    Ok(found)
}

fn one(query: &mut QueryBuilder<MySql>, place: usize, event: &Written) {
    query.push(format!("SELECT {place} AS place FROM history STRAIGHT_JOIN "));
    match &event.aggregate {
        Aggregate::Store(id) => {
            query.push("stores AS state ON state.store_id = ").push_bind(id.as_str().to_owned());
        }
        Aggregate::Product(code) => {
            query.push("products AS state ON state.product_code = ").push_bind(code.as_str().to_owned());
        }
        Aggregate::Stock(store_id, sku) => {
            query.push("stock AS state ON state.store_id = ").push_bind(store_id.as_str().to_owned());
            query.push(" AND state.sku = ").push_bind(sku.as_str().to_owned());
        }
        Aggregate::Reservation(id) => {
            query.push("reservations AS state ON state.reservation_id = ").push_bind(id.to_string());
        }
    }
    query.push(" AND state.version >= ").push_bind(event.version);
    query.push(" WHERE history.aggregate = ").push_bind(event.aggregate.to_string());
    query.push(" AND history.version = ").push_bind(event.version);
    query.push(" AND history.event_id = ").push_bind(event.event_id.to_string());
}
