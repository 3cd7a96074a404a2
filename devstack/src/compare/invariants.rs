//! What must hold within one side, whatever the other says.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Command, Projection, State};

/// States in which a reservation keeps pieces.
pub(super) const KEEPING: [&str; 2] = ["held", "ready"];

/// Broken rules of counts: none is negative, and what is held is what the running reservations hold.
pub(super) fn broken(side: &str, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    let mut promised: BTreeMap<String, i64> = BTreeMap::new();
    for (id, reservation) in &state.reservations {
        if reservation.lines.is_empty() {
            found.push(format!("reservation {id}: has no lines in {side}"));
        }
        for (sku, quantity) in &reservation.lines {
            if *quantity <= 0 {
                found.push(format!("reservation {id}: {quantity} × {sku} in {side}"));
            }
            if KEEPING.contains(&reservation.status.as_str()) {
                *promised.entry(format!("{}#{sku}", reservation.store_id)).or_default() += quantity;
            }
        }
    }
    for (key, stock) in &state.stock {
        let levels = [("on_hand", stock.on_hand), ("held", stock.held), ("safety", stock.safety)];
        for (name, level) in levels.into_iter().filter(|(_, level)| *level < 0) {
            found.push(format!("stock {key}: {name} is {level} in {side}"));
        }
        let promised = promised.remove(key).unwrap_or_default();
        if stock.held != promised {
            let held = stock.held;
            found.push(format!("stock {key}: held is {held} in {side}, its reservations hold {promised}"));
        }
    }
    // What is left belongs to no count.
    found.extend(
        promised
            .iter()
            .map(|(key, held)| format!("stock {key}: missing in {side}, reservations hold {held}")),
    );
    found
}

/// SKUs that a product lists without owning them, and the other way round.
pub(super) fn broken_owners(command: &Command) -> Vec<String> {
    let skus: BTreeSet<&String> = command.state.skus.keys().chain(command.owners.keys()).collect();
    skus.into_iter()
        .filter_map(|sku| {
            let listed = command.state.skus.get(sku).map(|info| info.product_code.as_str());
            let owner = command.owners.get(sku).map(String::as_str);
            (listed != owner).then(|| {
                let [listed, owner] = [listed, owner].map(|code| code.unwrap_or("no product"));
                format!("sku {sku}: listed by {listed}, owned by {owner} in DynamoDB")
            })
        })
        .collect()
}

/// Customers whose number of running holds is not that of the holds that count for them.
pub(super) fn broken_counters(command: &Command) -> Vec<String> {
    let mut running: BTreeMap<&str, u64> = BTreeMap::new();
    for key in &command.customer_keys {
        *running.entry(key).or_default() += 1;
    }
    let counted = command.active_holds.iter().map(|(key, active)| (key.as_str(), *active));
    let known: BTreeSet<&str> = running.keys().copied().chain(counted.clone().map(|(key, _)| key)).collect();
    let counted: BTreeMap<&str, u64> = counted.collect();
    known
        .into_iter()
        .filter_map(|key| {
            let [counted, running] = [&counted, &running].map(|by_key| by_key.get(key).copied().unwrap_or(0));
            (counted != running)
                .then(|| format!("customer {key}: {counted} running holds are counted, {running} there are"))
        })
        .collect()
}

/// Lines of reservations that are not there.
pub(super) fn stray_lines(projection: &Projection) -> Vec<String> {
    let told = |id: &String| format!("reservation {id}: missing in MySQL, but has lines there");
    projection.stray_lines.iter().map(told).collect()
}
