//! Events: each version has exactly one, and each arrived.

use std::collections::{BTreeMap, BTreeSet};

use contracts::event_type;
use contracts::events::envelope::Event;
use contracts::events::{Envelope, Stock};
use prost::Message;

use super::state::{Command, OutboxRow, Projection};

/// Versions that events carry, by aggregate.
type Versions = BTreeMap<String, Vec<u64>>;

/// What is wrong with the outbox, or missing from the history.
pub(super) fn differences(command: &Command, projection: &Projection) -> Vec<String> {
    let mut found = Vec::new();
    let mut carried = Versions::new();
    for row in &command.outbox {
        match decoded(row) {
            Ok((envelope, event)) => {
                for (aggregate, version) in versions(row, &event) {
                    carried.entry(aggregate).or_default().push(version);
                }
                arrived(row, &envelope, projection, &mut found);
            }
            Err(problem) => {
                found.push(format!("outbox {} version {}: {problem}", row.aggregate, row.version))
            }
        }
    }
    let published: BTreeSet<(&str, u64)> =
        command.outbox.iter().map(|row| (row.aggregate.as_str(), row.version)).collect();
    for (aggregate, version) in projection.history.keys() {
        if !published.contains(&(aggregate.as_str(), *version)) {
            found.push(format!("history {aggregate} version {version}: in MySQL, missing in the outbox"));
        }
    }
    gaps(&expected(command), carried, &mut found);
    found
}

fn decoded(row: &OutboxRow) -> Result<(Envelope, Event), String> {
    let envelope = Envelope::decode(row.envelope.as_slice())
        .map_err(|error| format!("the envelope cannot be decoded: {error}"))?;
    let (aggregate, version) = (&envelope.aggregate, envelope.version);
    if (aggregate, version) != (&row.aggregate, row.version) {
        return Err(format!("the envelope is that of {aggregate} version {version}"));
    }
    let Some(event) = envelope.event.clone() else {
        return Err("the envelope holds no known event".to_owned());
    };
    let name = event_type(&event);
    if name != row.event_type {
        return Err(format!("event_type is {}, the envelope holds {name}", row.event_type));
    }
    Ok((envelope, event))
}

/// The versions that an event stands for: its aggregate's, and that of every stock it carries.
fn versions(row: &OutboxRow, event: &Event) -> Vec<(String, u64)> {
    let stock = |stock: &Stock| (format!("stock#{}#{}", stock.store_id, stock.sku), stock.version);
    let own = (row.aggregate.clone(), row.version);
    match event {
        // A stock's event carries its stock: counted by what it carries, as everywhere.
        Event::StockCounted(event) => event.stock.iter().map(stock).collect(),
        Event::StockAdjusted(event) => event.stock.iter().map(stock).collect(),
        Event::StockShortfallDetected(event) => event.stock.iter().map(stock).collect(),
        Event::StockShortfallResolved(event) => event.stock.iter().map(stock).collect(),
        Event::StoreDefined(_)
        | Event::ProductDefined(_)
        | Event::ReservationMadeReady(_)
        | Event::ReservationExtended(_)
        | Event::ReservationAnonymised(_) => vec![own],
        Event::ReservationHeld(event) => event.stocks.iter().map(stock).chain([own]).collect(),
        Event::ReservationCollected(event) => event.stocks.iter().map(stock).chain([own]).collect(),
        Event::ReservationCancelled(event) => event.stocks.iter().map(stock).chain([own]).collect(),
        Event::ReservationExpired(event) => event.stocks.iter().map(stock).chain([own]).collect(),
    }
}

fn arrived(row: &OutboxRow, envelope: &Envelope, projection: &Projection, found: &mut Vec<String>) {
    let OutboxRow { aggregate, version, event_type, .. } = row;
    let Some(history) = projection.history.get(&(aggregate.clone(), *version)) else {
        found.push(format!("history {aggregate} version {version}: in the outbox, missing in MySQL"));
        return;
    };
    for (field, sent, kept) in
        [("event_id", &envelope.event_id, &history.event_id), ("event_type", event_type, &history.event_type)]
    {
        if sent != kept {
            found.push(format!(
                "history {aggregate} version {version}: {field} is {sent} in the outbox, {kept} in MySQL"
            ));
        }
    }
}

/// The version that each aggregate has reached.
fn expected(command: &Command) -> BTreeMap<String, u64> {
    let state = &command.state;
    let stores = state.stores.iter().map(|(id, store)| (format!("store#{id}"), store.version));
    let products = state.products.iter().map(|(code, product)| (format!("product#{code}"), product.version));
    let stock = state.stock.iter().map(|(key, stock)| (format!("stock#{key}"), stock.version));
    let reservations =
        state.reservations.iter().map(|(id, hold)| (format!("reservation#{id}"), hold.version));
    stores.chain(products).chain(stock).chain(reservations).collect()
}

/// Every version from 1 to the one reached must be carried by exactly one event.
fn gaps(expected: &BTreeMap<String, u64>, mut carried: Versions, found: &mut Vec<String>) {
    for (aggregate, reached) in expected {
        let mut versions = carried.remove(aggregate).unwrap_or_default();
        versions.sort_unstable();
        if !versions.iter().copied().eq(1..=*reached) {
            found.push(format!(
                "events of {aggregate}: it has version {reached}, its events carry {}",
                ranges(&versions)
            ));
        }
    }
    for (aggregate, mut versions) in carried {
        versions.sort_unstable();
        found.push(format!("events of {aggregate}: it is missing, its events carry {}", ranges(&versions)));
    }
}

/// Such as `1-3, 5, 5`: short where there is nothing to see.
fn ranges(sorted: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for version in sorted {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == *version => *end = *version,
            _ => runs.push((*version, *version)),
        }
    }
    let shown: Vec<String> = runs
        .into_iter()
        .map(|(start, end)| if start == end { start.to_string() } else { format!("{start}-{end}") })
        .collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn versions_are_told_as_ranges() {
        assert_eq!(ranges(&[]), "none");
        assert_eq!(ranges(&[1, 2, 3, 5, 5, 6]), "1-3, 5, 5-6");
    }
}
