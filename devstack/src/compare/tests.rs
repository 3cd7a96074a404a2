//! The judge must be able to fail: each test breaks one thing in two sides that agree, and reads the verdict.

use std::collections::BTreeMap;

use contracts::event_type;
use contracts::events::{self, Envelope, envelope::Event};
use prost::Message;

use super::judge;
use super::state::{
    Command, Customer, HistoryRow, OutboxRow, Product, Projection, Reservation, Sku, State, Stock, Store,
    Text,
};

const HOLD: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
const STOCK: &str = "kumo.a#kumo.P1-X";

fn text(en: &str) -> Text {
    Text { ja: None, en: Some(en.to_owned()) }
}

fn state() -> State {
    let store = Store {
        brand: "kumo".into(),
        version: 1,
        name: text("Store A"),
        address: Text::default(),
        latitude: Some(35.5),
        longitude: Some(139.5),
        time_zone: "Asia/Tokyo".into(),
        opening_hours: serde_json::json!({}),
        hold_policy: serde_json::json!({"accepts_holds": true}),
    };
    let product = Product { brand: "kumo".into(), version: 2, name: text("Umbrella") };
    let sku = Sku {
        brand: "kumo".into(),
        product_code: "kumo.P1".into(),
        version: 2,
        colour: text("Black"),
        size: Some("60".into()),
        gtin: None,
    };
    // Counted, held, and its hold made ready.
    let stock = Stock { brand: "kumo".into(), version: 2, on_hand: 5, held: 3, safety: 1, available: 1 };
    let reservation = Reservation {
        brand: "kumo".into(),
        version: 2,
        status: "ready".into(),
        store_id: "kumo.a".into(),
        lines: BTreeMap::from([("kumo.P1-X".to_owned(), 3)]),
        customer: Customer { name: "Kai".into(), phone: Some("03".into()), email: None },
        placed_at: 1_000_000,
        expires_at: 2_000_000,
        extensions: 0,
        customer_id: None,
        capability_hash: Some("c0ffee".into()),
    };
    State {
        stock: BTreeMap::from([(STOCK.to_owned(), stock)]),
        reservations: BTreeMap::from([(HOLD.to_owned(), reservation)]),
        stores: BTreeMap::from([("kumo.a".to_owned(), store)]),
        products: BTreeMap::from([("kumo.P1".to_owned(), product)]),
        skus: BTreeMap::from([("kumo.P1-X".to_owned(), sku)]),
    }
}

fn carried(version: u64) -> events::Stock {
    events::Stock { store_id: "kumo.a".into(), sku: "kumo.P1-X".into(), version, ..Default::default() }
}

fn outbox_row(aggregate: &str, version: u64, event: Event) -> OutboxRow {
    let event_type = event_type(&event).to_owned();
    let event_id = format!("{aggregate}/{version}");
    let envelope =
        Envelope { event_id, aggregate: aggregate.into(), version, event: Some(event), ..Default::default() };
    OutboxRow { aggregate: aggregate.into(), version, event_type, envelope: envelope.encode_to_vec() }
}

fn outbox() -> Vec<OutboxRow> {
    let hold = format!("reservation#{HOLD}");
    let counted = events::StockCounted { stock: Some(carried(1)), ..Default::default() };
    let held = events::ReservationHeld { reservation: None, stocks: vec![carried(2)] };
    vec![
        outbox_row("store#kumo.a", 1, Event::StoreDefined(events::StoreDefined::default())),
        outbox_row("product#kumo.P1", 1, Event::ProductDefined(events::ProductDefined::default())),
        outbox_row("product#kumo.P1", 2, Event::ProductDefined(events::ProductDefined::default())),
        outbox_row(&format!("stock#{STOCK}"), 1, Event::StockCounted(counted)),
        outbox_row(&hold, 1, Event::ReservationHeld(held)),
        outbox_row(&hold, 2, Event::ReservationMadeReady(events::ReservationMadeReady::default())),
    ]
}

fn agreeing() -> (Command, Projection) {
    let owners = BTreeMap::from([("kumo.P1-X".to_owned(), "kumo.P1".to_owned())]);
    let history = outbox().into_iter().map(|row| {
        let event_id = format!("{}/{}", row.aggregate, row.version);
        ((row.aggregate, row.version), HistoryRow { event_id, event_type: row.event_type })
    });
    let projection = Projection { state: state(), stray_lines: Vec::new(), history: history.collect() };
    let active_holds = BTreeMap::from([("kumo#kai".to_owned(), 1), ("kumo#ren".to_owned(), 0)]);
    let customer_keys = vec!["kumo#kai".to_owned()];
    (Command { state: state(), owners, active_holds, customer_keys, outbox: outbox() }, projection)
}

/// The verdict after `damage` to two sides that agree.
fn verdict(damage: impl FnOnce(&mut Command, &mut Projection)) -> Vec<String> {
    let (mut command, mut projection) = agreeing();
    damage(&mut command, &mut projection);
    judge(&command, &projection)
}

fn stock(state: &mut State) -> &mut Stock {
    state.stock.get_mut(STOCK).unwrap()
}

fn hold(state: &mut State) -> &mut Reservation {
    state.reservations.get_mut(HOLD).unwrap()
}

/// Does the same to both sides.
fn both(damage: impl Fn(&mut State)) -> Vec<String> {
    verdict(|command, projection| {
        damage(&mut command.state);
        damage(&mut projection.state);
    })
}

#[test]
fn sides_that_agree_have_no_difference() {
    assert_eq!(verdict(|_, _| {}), Vec::<String>::new());
}

#[test]
fn a_field_that_differs_is_told_with_both_values() {
    type Damage = fn(&mut State);
    let cases: [(Damage, &str); 14] = [
        (|state| stock(state).version = 9, "stock kumo.a#kumo.P1-X: version is 2 in DynamoDB, 9 in MySQL"),
        (|state| stock(state).on_hand = 6, "stock kumo.a#kumo.P1-X: on_hand is 5 in DynamoDB, 6 in MySQL"),
        (|state| stock(state).safety = 0, "stock kumo.a#kumo.P1-X: safety is 1 in DynamoDB, 0 in MySQL"),
        (
            |state| stock(state).available = 2,
            "stock kumo.a#kumo.P1-X: available is 1 in DynamoDB, 2 in MySQL",
        ),
        (
            |state| stock(state).brand = "x".into(),
            "stock kumo.a#kumo.P1-X: brand is kumo in DynamoDB, x in MySQL",
        ),
        (|state| hold(state).version = 1, ": version is 2 in DynamoDB, 1 in MySQL"),
        (|state| hold(state).status = "held".into(), ": status is ready in DynamoDB, held in MySQL"),
        (|state| hold(state).expires_at += 1, ": expires_at is 2000000 in DynamoDB, 2000001 in MySQL"),
        (|state| hold(state).customer.phone = None, ": customer_phone is `03` in DynamoDB, nothing in MySQL"),
        (
            |state| state.stores.get_mut("kumo.a").unwrap().latitude = Some(35.25),
            "store kumo.a: latitude is `35.5` in DynamoDB, `35.25` in MySQL",
        ),
        (
            |state| state.stores.get_mut("kumo.a").unwrap().name.ja = Some(String::new()),
            "store kumo.a: name_ja is nothing in DynamoDB, `` in MySQL",
        ),
        (
            |state| state.products.get_mut("kumo.P1").unwrap().name = text("Parasol"),
            "product kumo.P1: name_en is `Umbrella` in DynamoDB, `Parasol` in MySQL",
        ),
        (
            |state| state.skus.get_mut("kumo.P1-X").unwrap().version = 1,
            "sku kumo.P1-X: version is 2 in DynamoDB, 1 in MySQL",
        ),
        (
            |state| state.skus.get_mut("kumo.P1-X").unwrap().gtin = Some("1".into()),
            "sku kumo.P1-X: gtin is nothing in DynamoDB, `1` in MySQL",
        ),
    ];
    for (damage, line) in cases {
        let found = verdict(|_, projection| damage(&mut projection.state));
        assert!(matches!(found.as_slice(), [one] if one.ends_with(line)), "{found:?} for {line:?}");
    }
}

#[test]
fn lines_that_differ_are_told() {
    let found = verdict(|_, projection| {
        hold(&mut projection.state).lines.insert("kumo.P1-Y".into(), 1);
    });
    let line = "lines is 3 × kumo.P1-X in DynamoDB, 3 × kumo.P1-X, 1 × kumo.P1-Y in MySQL";
    assert!(found.iter().any(|one| one.ends_with(line)), "{found:?}");
    let strays = verdict(|_, projection| projection.stray_lines.push("r".into()));
    assert_eq!(strays, ["reservation r: missing in MySQL, but has lines there"]);
}

#[test]
fn a_row_that_one_side_lacks_is_told_in_both_directions() {
    fn clear(state: &mut State, kind: &str) {
        match kind {
            "store" => state.stores.clear(),
            "product" => state.products.clear(),
            "sku" => state.skus.clear(),
            "stock" => state.stock.clear(),
            _ => state.reservations.clear(),
        }
    }
    for kind in ["store", "product", "sku", "stock", "reservation"] {
        for (line, found) in [
            (": in DynamoDB, missing in MySQL", verdict(|_, projection| clear(&mut projection.state, kind))),
            (": missing in DynamoDB, in MySQL", verdict(|command, _| clear(&mut command.state, kind))),
        ] {
            let told = |one: &&String| one.starts_with(&format!("{kind} kumo")) || one.contains(HOLD);
            assert_eq!(found.iter().filter(told).filter(|one| one.ends_with(line)).count(), 1, "{found:?}");
        }
    }
}

#[test]
fn an_event_that_did_not_arrive_or_never_was_is_told() {
    let store = || ("store#kumo.a".to_owned(), 1);
    assert_eq!(
        verdict(|_, projection| drop(projection.history.remove(&store()))),
        ["history store#kumo.a version 1: in the outbox, missing in MySQL"]
    );
    assert_eq!(
        verdict(|_, projection| {
            let row = projection.history[&store()].clone();
            projection.history.insert(("store#kumo.a".to_owned(), 2), row);
        }),
        ["history store#kumo.a version 2: in MySQL, missing in the outbox"]
    );
    assert_eq!(
        verdict(|_, projection| projection.history.get_mut(&store()).unwrap().event_id = "e".into()),
        ["history store#kumo.a version 1: event_id is store#kumo.a/1 in the outbox, e in MySQL"]
    );
    assert_eq!(
        verdict(|_, projection| projection.history.get_mut(&store()).unwrap().event_type = "E".into()),
        ["history store#kumo.a version 1: event_type is StoreDefined in the outbox, E in MySQL"]
    );
}

#[test]
fn an_outbox_row_that_lies_is_told() {
    for (damage, line) in [
        (
            (|row: &mut OutboxRow| row.envelope = vec![0xff]) as fn(&mut OutboxRow),
            "outbox store#kumo.a version 1: the envelope cannot be decoded: ",
        ),
        (|row| row.envelope.clear(), "outbox store#kumo.a version 1: the envelope is that of  version 0"),
        (
            |row| row.event_type = "StockCounted".into(),
            "outbox store#kumo.a version 1: event_type is StockCounted, the envelope holds StoreDefined",
        ),
        (
            |row| {
                let envelope =
                    Envelope { aggregate: row.aggregate.clone(), version: 1, ..Default::default() };
                row.envelope = envelope.encode_to_vec();
            },
            "outbox store#kumo.a version 1: the envelope holds no known event",
        ),
    ] {
        let found = verdict(|command, _| damage(&mut command.outbox[0]));
        assert!(found[0].starts_with(line), "{found:?}");
    }
}

#[test]
fn versions_without_exactly_one_event_are_told() {
    let without = |at: usize| {
        verdict(|command, projection| {
            let row = command.outbox.remove(at);
            projection.history.remove(&(row.aggregate, row.version));
        })
    };
    assert_eq!(without(0), ["events of store#kumo.a: it has version 1, its events carry none"]);
    assert_eq!(without(1), ["events of product#kumo.P1: it has version 2, its events carry 2"]);
    assert_eq!(without(2), ["events of product#kumo.P1: it has version 2, its events carry 1"]);
    assert_eq!(without(3), [format!("events of stock#{STOCK}: it has version 2, its events carry 2")]);
    assert_eq!(
        without(4),
        [
            format!("events of reservation#{HOLD}: it has version 2, its events carry 2"),
            format!("events of stock#{STOCK}: it has version 2, its events carry 1"),
        ]
    );
    let twice = verdict(|command, _| {
        let held = events::ReservationHeld { reservation: None, stocks: vec![carried(2), carried(2)] };
        command.outbox[4] = outbox_row(&format!("reservation#{HOLD}"), 1, Event::ReservationHeld(held));
    });
    assert_eq!(twice, [format!("events of stock#{STOCK}: it has version 2, its events carry 1-2, 2")]);
    let nobodys = both(|state| state.stores.clear());
    assert_eq!(nobodys, ["events of store#kumo.a: it is missing, its events carry 1"]);
}

#[test]
fn counts_that_cannot_be_are_told_even_where_both_sides_agree() {
    let negative = both(|state| stock(state).on_hand = -1);
    assert!(negative.contains(&format!("stock {STOCK}: on_hand is -1 in DynamoDB")), "{negative:?}");
    assert!(negative.contains(&format!("stock {STOCK}: on_hand is -1 in MySQL")), "{negative:?}");
    assert_eq!(
        both(|state| stock(state).held = 2),
        ["DynamoDB", "MySQL"]
            .map(|side| format!("stock {STOCK}: held is 2 in {side}, its reservations hold 3"))
    );
    assert_eq!(
        both(|state| hold(state).status = "collected".into()),
        ["DynamoDB", "MySQL"]
            .map(|side| format!("stock {STOCK}: held is 3 in {side}, its reservations hold 0"))
    );
    let uncounted = both(|state| {
        let lines = &mut hold(state).lines;
        lines.insert("kumo.P1-Y".into(), 1);
    });
    assert_eq!(
        uncounted,
        ["DynamoDB", "MySQL"]
            .map(|side| format!("stock kumo.a#kumo.P1-Y: missing in {side}, reservations hold 1"))
    );
    let nothing = both(|state| {
        hold(state).lines.clear();
        stock(state).held = 0;
    });
    assert_eq!(
        nothing,
        ["DynamoDB", "MySQL"].map(|side| format!("reservation {HOLD}: has no lines in {side}"))
    );
}

#[test]
fn a_sku_of_two_products_or_none_is_told() {
    assert_eq!(
        verdict(|command, _| drop(command.owners.insert("kumo.P1-X".into(), "kumo.P2".into()))),
        ["sku kumo.P1-X: listed by kumo.P1, owned by kumo.P2 in DynamoDB"]
    );
    assert_eq!(
        verdict(|command, _| command.owners.clear()),
        ["sku kumo.P1-X: listed by kumo.P1, owned by no product in DynamoDB"]
    );
    assert_eq!(
        verdict(|command, _| drop(command.owners.insert("kumo.P9".into(), "kumo.P9".into()))),
        ["sku kumo.P9: listed by no product, owned by kumo.P9 in DynamoDB"]
    );
}

#[test]
fn a_customer_whose_holds_are_miscounted_is_told() {
    let told = |active: u64| {
        verdict(|command, _| {
            command.active_holds.insert("kumo#kai".into(), active);
        })
    };
    assert_eq!(told(1), Vec::<String>::new());
    assert_eq!(told(2), ["customer kumo#kai: 2 running holds are counted, 1 there are"]);
    let forgotten = verdict(|command, _| command.active_holds.clear());
    assert_eq!(forgotten, ["customer kumo#kai: 0 running holds are counted, 1 there are"]);
}
