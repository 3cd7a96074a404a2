//! The rules of holds and counts, one by one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use chrono::Duration;
use command_api::domain::reservation::Command;
use command_api::domain::stock::{Command as StockCommand, Event, MAX_MOVEMENTS};
use command_api::domain::{Refusal, Shortage};
use shop::{Shop, at, count, count_at, count_keeping, sku, store};

const CANCEL: Command = Command::Cancel;

#[test]
fn a_refusal_names_every_sku_that_is_short() {
    let mut shop = Shop::stocked(&[]);
    shop.change(0, count_keeping(5, 3), at(0)).unwrap();
    let refusal = shop.place(0, &[(0, 3), (1, 1)], at(0)).unwrap_err();
    let shortage = |n, requested, available| Shortage { sku: sku(n), requested, available };
    assert_eq!(refusal, Refusal::InsufficientStock(vec![shortage(0, 3, 2), shortage(1, 1, 0)]));
}

#[test]
fn a_final_state_stays() {
    for (last, when) in [(Command::Collect, 0), (CANCEL, 0), (Command::Expire, 60)] {
        let mut shop = Shop::stocked(&[5]);
        shop.place(0, &[(0, 1)], at(0)).unwrap();
        shop.advance(0, last, at(when)).unwrap();
        let extend = Command::Extend { until: at(500), most: 9 };
        for next in [Command::MakeReady, Command::Collect, CANCEL, extend, Command::Expire] {
            let refusal = shop.advance(0, next, at(when)).unwrap_err();
            assert!(matches!(refusal, Refusal::InvalidTransition { version: 2, .. }), "{refusal}");
        }
        shop.check();
    }
}

#[test]
fn a_hold_whose_time_is_over_can_only_end() {
    let mut shop = Shop::stocked(&[5]);
    shop.place(0, &[(0, 1)], at(0)).unwrap();
    let end = at(60);
    for late in [Command::MakeReady, Command::Collect, Command::Extend { until: at(500), most: 9 }] {
        assert_eq!(shop.advance(0, late, end), Err(Refusal::ReservationExpired(end)));
    }
    shop.clone().advance(0, CANCEL, end).unwrap();
    shop.advance(0, Command::Expire, end).unwrap();
    shop.check();
    assert_eq!(shop.stock(0).available(), 5);
}

#[test]
fn a_hold_does_not_expire_before_its_time() {
    let mut shop = Shop::stocked(&[5]);
    shop.place(0, &[(0, 1)], at(0)).unwrap();
    let early = at(60) - Duration::microseconds(1);
    assert!(matches!(shop.advance(0, Command::Expire, early), Err(Refusal::InvalidTransition { .. })));
}

#[test]
fn time_is_prolonged_as_often_as_allowed_and_never_shortened() {
    let mut shop = Shop::stocked(&[5]);
    shop.place(0, &[(0, 1)], at(0)).unwrap();
    shop.advance(0, Command::Extend { until: at(30), most: 2 }, at(10)).unwrap();
    assert_eq!(shop.reservations[0].expires_at, at(60));
    shop.advance(0, Command::Extend { until: at(120), most: 2 }, at(10)).unwrap();
    assert_eq!(shop.reservations[0].expires_at, at(120));
    let refusal = shop.advance(0, Command::Extend { until: at(180), most: 2 }, at(10)).unwrap_err();
    assert_eq!(refusal, Refusal::ExtensionLimit { most: 2 });
}

#[test]
fn what_the_count_says_is_gone_is_not_handed_over() {
    let mut shop = Shop::stocked(&[5]);
    shop.place(0, &[(0, 2)], at(0)).unwrap();
    shop.change(0, count(1), at(0)).unwrap();
    assert_eq!(shop.stock(0).available(), 0);
    let refusal = shop.advance(0, Command::Collect, at(0)).unwrap_err();
    assert_eq!(refusal, Refusal::StockShortfall { sku: sku(0), on_hand: 1 });
}

#[test]
fn a_shortfall_begins_and_ends_with_an_event_of_its_own() {
    let mut shop = Shop::stocked(&[5]);
    shop.place(0, &[(0, 3)], at(0)).unwrap();
    let version = shop.stock(0).version;
    let short = shop.change(0, count(1), at(1)).unwrap().unwrap();
    assert_eq!(short.then.as_ref().unwrap().0, Event::ShortfallDetected);
    assert_eq!((short.replaces, short.stock().version, short.stock().missing()), (version, version + 2, 2));
    // Deeper is no new shortfall.
    assert_eq!(shop.change(0, count(0), at(2)).unwrap().unwrap().then, None);
    let moved = shop.advance(0, CANCEL, at(3)).unwrap();
    assert_eq!(moved.stocks[0].then.as_ref().unwrap().0, Event::ShortfallResolved);
}

#[test]
fn a_late_count_is_rebased_on_what_moved_since() {
    let mut shop = Shop::stocked(&[10]);
    shop.place(0, &[(0, 2)], at(5)).unwrap();
    shop.advance(0, Command::Collect, at(6)).unwrap();
    shop.change(0, StockCommand::Adjust { delta: -3 }, at(8)).unwrap();
    // Counted at minute 7: the two were gone by then, the three were not.
    shop.change(0, count_at(8, 7), at(9)).unwrap();
    assert_eq!(shop.stock(0).on_hand.get(), 5);
    // An older one changes nothing, from whichever source.
    assert_eq!(shop.change(0, count_at(99, 6), at(10)).unwrap(), None);
    assert_eq!(shop.stock(0).on_hand.get(), 5);
    // The same moment again is taken, and comes to the same: what moved at that moment had moved by then.
    shop.change(0, count_at(8, 7), at(10)).unwrap().unwrap();
    assert_eq!(shop.stock(0).on_hand.get(), 5);
    shop.change(0, count_at(4, 8), at(10)).unwrap().unwrap();
    assert_eq!(shop.stock(0).on_hand.get(), 4);
    // One that says no time is true as of now.
    shop.change(0, count(7), at(11)).unwrap();
    assert_eq!(shop.stock(0).on_hand.get(), 7);
    assert_eq!(shop.change(0, count_at(99, 10), at(12)).unwrap(), None);
}

#[test]
fn a_count_older_than_what_is_remembered_is_refused() {
    let mut shop = Shop::stocked(&[500]);
    let last = i64::try_from(MAX_MOVEMENTS).unwrap() + 1;
    for minute in 1..=last {
        shop.change(0, StockCommand::Adjust { delta: -1 }, at(minute)).unwrap();
    }
    assert_eq!(shop.stock(0).movements.recent.len(), MAX_MOVEMENTS);
    let refusal = shop.change(0, count_at(9, 0), at(last)).unwrap_err();
    assert_eq!(refusal, Refusal::CountTooOld { oldest: at(1) });
    shop.change(0, count_at(100, 1), at(last)).unwrap();
    assert_eq!(shop.stock(0).on_hand.get(), 100 - u32::try_from(MAX_MOVEMENTS).unwrap());
}

#[test]
fn a_late_count_of_fewer_pieces_than_have_gone_since_leaves_none() {
    let mut shop = Shop::stocked(&[10]);
    shop.change(0, StockCommand::Adjust { delta: -5 }, at(2)).unwrap();
    shop.change(0, count_at(3, 1), at(3)).unwrap();
    assert_eq!(shop.stock(0).on_hand.get(), 0);
}

#[test]
fn a_policy_bounds_what_is_kept() {
    let policy = |json: &str| Shop::stocked(&[9, 9]).with_store(store(json));
    let placed = |json: &str, lines: &[(usize, u32)]| policy(json).place(0, lines, at(0));
    assert!(matches!(placed(r#"{"accepts_holds":false}"#, &[(0, 1)]), Err(Refusal::HoldsNotAccepted(_))));
    let refusal = placed(r#"{"max_pieces_per_line":2}"#, &[(0, 2), (1, 3)]).unwrap_err();
    assert_eq!(refusal, Refusal::HoldTooLarge { sku: Some(sku(1)), most: 2 });
    let refusal = placed(r#"{"max_pieces":4}"#, &[(0, 2), (1, 3)]).unwrap_err();
    assert_eq!(refusal, Refusal::HoldTooLarge { sku: None, most: 4 });
    assert!(placed(r#"{"max_pieces":5,"max_pieces_per_line":3}"#, &[(0, 2), (1, 3)]).is_ok());
    // Until closing, and the store never opens.
    let refusal = placed(r#"{"lasts":{"until":"closing"}}"#, &[(0, 1)]).unwrap_err();
    assert!(matches!(refusal, Refusal::HoldsNotAccepted(_)));
}

#[test]
fn a_customer_has_so_many_holds_and_no_more() {
    let mut shop = Shop::stocked(&[9]).with_store(store(r#"{"max_active_holds":2}"#));
    shop.place(0, &[(0, 1)], at(0)).unwrap();
    shop.place(0, &[(0, 1)], at(0)).unwrap();
    assert_eq!(shop.place(0, &[(0, 1)], at(0)), Err(Refusal::CustomerLimit { most: 2 }));
    shop.place(1, &[(0, 1)], at(0)).unwrap();
    shop.advance(0, Command::Collect, at(1)).unwrap();
    shop.place(0, &[(0, 1)], at(1)).unwrap();
    shop.check();
}

#[test]
fn a_stores_safety_stock_is_taken_over_by_new_counts() {
    let mut shop = Shop::stocked(&[]).with_store(store(r#"{"safety_stock":2}"#));
    shop.change(0, count(5), at(0)).unwrap();
    assert_eq!(shop.stock(0).available(), 3);
    // A delivery makes a count as well as somebody who looks.
    shop.change(1, StockCommand::Adjust { delta: 5 }, at(0)).unwrap();
    assert_eq!(shop.stock(1).available(), 3);
    shop.change(0, count_keeping(5, 0), at(1)).unwrap();
    shop.change(0, count(6), at(2)).unwrap();
    assert_eq!(shop.stock(0).available(), 6);
}

#[test]
fn a_customer_is_not_shown_in_debug_output() {
    let mut shop = Shop::stocked(&[5]);
    let shown = format!("{:?}", shop.place(0, &[(0, 1)], at(0)).unwrap());
    assert!(!shown.contains("花子") && !shown.contains("090"), "{shown}");
}

#[test]
fn an_ended_hold_forgets_whose_it_was_once_it_is_due() {
    let mut shop = Shop::stocked(&[5]);
    shop.place(0, &[(0, 1)], at(0)).unwrap();
    let forget = |ended_before| Command::Anonymise { ended_before };
    let refused = |shop: &mut Shop, ended_before| {
        let refusal = shop.advance(0, forget(ended_before), at(9_000)).unwrap_err();
        assert!(matches!(refusal, Refusal::InvalidTransition { .. }), "{refusal}");
    };
    refused(&mut shop, at(9_000));
    shop.advance(0, CANCEL, at(10)).unwrap();
    // Its time, not its end, is what counts.
    refused(&mut shop, at(60));
    let before = shop.stock(0).clone();
    shop.advance(0, forget(at(61)), at(9_000)).unwrap();
    assert_eq!(shop.stock(0), &before);
    refused(&mut shop, at(61));
    shop.check();
}
