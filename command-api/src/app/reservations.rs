//! Placing holds and moving them on.

use contracts::{MAX_CUSTOMER_EXTENSIONS, MAX_STAFF_EXTENSIONS, ReservationId, StoreId};
use serde_json::json;
use uuid::Uuid;

use super::access::Action;
use super::events::Happened;
use super::member::Basis;
use super::out::{PlacedOut, ReservationOut};
use super::run::{Decision, Unseen};
use super::{Answer, App, Caller, Context, Error};
use crate::domain::Refusal;
use crate::domain::customer::Customer;
use crate::domain::hold::{self, Moved, Placing};
use crate::domain::reservation::{Command, Line, Reservation};
use crate::domain::stock::StockKey;
use crate::store::{Key, Put, State};

/// A hold that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Where.
    pub store_id: StoreId,
    /// What to keep; no SKU twice.
    pub lines: Vec<Line>,
    /// For whom.
    pub customer: Customer,
}

/// What may be asked for a hold that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The pieces were fetched from the shelf.
    MakeReady,
    /// The customer takes them.
    Collect,
    /// The customer does not want them, or the store cannot give them.
    Cancel,
    /// The customer needs more time.
    Extend,
    /// The time is over.
    Expire,
}

impl Move {
    fn name(self) -> &'static str {
        match self {
            Self::MakeReady => "make_ready",
            Self::Collect => "collect",
            Self::Cancel => "cancel",
            Self::Extend => "extend",
            Self::Expire => "expire",
        }
    }

    fn action(self) -> Action {
        match self {
            Self::MakeReady | Self::Collect => Action::Serve,
            Self::Cancel | Self::Extend | Self::Expire => Action::Release,
        }
    }
}

impl App {
    /// Places a hold.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn place_hold(&self, context: &Context, hold: Hold) -> Result<Answer, Error> {
        self.observed("place_hold", context, self.try_place_hold(context, hold)).await
    }

    async fn try_place_hold(&self, context: &Context, hold: Hold) -> Result<Answer, Error> {
        let Hold { store_id, lines, customer } = hold;
        let unknown_store = || Refusal::UnknownStore(store_id.clone());
        context.caller.may_in_store(Action::Place, &store_id).or_unseen(unknown_store)?;
        let id = ReservationId::from(Uuid::now_v7());
        let customer_id = context.caller.customer_in(&store_id).map(str::to_owned);
        let grants = context.caller.is_guest().then_some(id);
        let placing = Placing {
            id,
            lines,
            customer_keys: self.secrets.customer_keys(&store_id.brand(), &customer, customer_id.as_deref()),
            customer,
            customer_id,
            capability_hash: grants.map(|id| self.secrets.capability(id).hash()),
        };

        let mut keys = vec![Key::Store(store_id.clone())];
        // A SKU is read beside its count to tell one that nobody has from one that was never counted here.
        for Line { sku, .. } in &placing.lines {
            let key = StockKey { store_id: store_id.clone(), sku: sku.clone() };
            keys.extend([Key::Stock(key), Key::Sku(sku.clone())]);
        }
        keys.extend(placing.customer_keys.iter().cloned().map(Key::Customer));
        self.run(context, keys, Basis::Known, move |context, state, now| {
            // What is new has no version that anybody could have seen.
            context.check_version(0)?;
            let store = state.store(&store_id).ok_or_else(|| Refusal::UnknownStore(store_id.clone()))?;
            if let Some(line) = placing.lines.iter().find(|line| state.owner(&line.sku).is_none()) {
                return Err(Refusal::UnknownSku(line.sku.clone()));
            }
            let moved = hold::place(store, state, placing.clone(), now)?;
            let location = Some(format!("/v1/reservations/{id}"));
            let body = json!(PlacedOut { hold: ReservationOut::new(&moved.reservation), capability: None });
            Ok(Decision { status: 201, location, grants, body, ..decision(moved) })
        })
        .await
    }

    /// Moves a hold on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn move_hold(&self, context: &Context, id: ReservationId, to: Move) -> Result<Answer, Error> {
        self.observed(to.name(), context, self.try_move_hold(context, id, to)).await
    }

    async fn try_move_hold(&self, context: &Context, id: ReservationId, to: Move) -> Result<Answer, Error> {
        context.caller.may_ask_for_holds()?;
        let known = self.tables.load(&[Key::Reservation(id)]).await?;
        let reservation = known.reservation(id).ok_or(Refusal::UnknownReservation(id))?;
        context.caller.may_move(to.action(), reservation).or_unseen(|| Refusal::UnknownReservation(id))?;
        self.advance(context, reservation, to).await
    }

    /// Moves a hold that was read before: what it keeps, where and for whom never changes.
    pub(super) async fn advance(
        &self,
        context: &Context,
        reservation: &Reservation,
        to: Move,
    ) -> Result<Answer, Error> {
        let Reservation { id, store_id, .. } = reservation;
        let (id, mut keys) = (*id, vec![Key::Reservation(*id)]);
        match to {
            Move::MakeReady => {}
            // The policy says until when.
            Move::Extend => keys.push(Key::Store(store_id.clone())),
            Move::Collect | Move::Cancel | Move::Expire => {
                let stocks = reservation
                    .lines
                    .iter()
                    .map(|line| StockKey { store_id: store_id.clone(), sku: line.sku.clone() });
                keys.extend(stocks.map(Key::Stock));
                keys.extend(reservation.customer_keys.iter().cloned().map(Key::Customer));
            }
        }
        self.run(context, keys, Basis::Read, move |context, state, now| {
            let current = state.reservation(id).ok_or(Refusal::UnknownReservation(id))?;
            context.check_version(current.version)?;
            let command = match to {
                Move::MakeReady => Command::MakeReady,
                Move::Collect => Command::Collect,
                Move::Cancel => Command::Cancel,
                Move::Extend => extend(state, current, &context.caller)?,
                Move::Expire => Command::Expire,
            };
            hold::advance(current.clone(), state, command, now).map(decision)
        })
        .await
    }
}

/// One more time of what the store's policy gives, from the end of the one before.
fn extend(state: &State, current: &Reservation, caller: &Caller) -> Result<Command, Refusal> {
    let store =
        state.store(&current.store_id).ok_or_else(|| Refusal::UnknownStore(current.store_id.clone()))?;
    let most =
        if caller.serves_in(&current.store_id) { MAX_STAFF_EXTENSIONS } else { MAX_CUSTOMER_EXTENSIONS };
    Ok(Command::Extend { until: store.deadline(current.expires_at)?, most })
}

/// What is answered holds nothing of the customer: it is kept, and given to whoever repeats the request.
pub(super) fn decision(moved: Moved) -> Decision {
    let happened = Happened::reservation_moved(&moved);
    let Moved { reservation, stocks, customers, .. } = moved;
    let body = json!(ReservationOut::new(&reservation));
    let version = Some(reservation.version);
    let mut puts: Vec<Put> = stocks.into_iter().map(Put::Stock).collect();
    puts.extend(customers.into_iter().map(|(key, holds)| Put::Customer(key, holds)));
    puts.push(Put::Reservation(reservation));
    Decision { puts, happened, status: 200, location: None, version, grants: None, body }
}
