//! Who may read which holds: the rules of `docs/access.md`. Stock is for everybody.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use contracts::StoreId;
use contracts::problem::Code;
use platform::Problem;
use platform::auth::{Denied, Principal, Role};

use crate::read::reservations::Reservation;

fn serves(role: Role) -> bool {
    matches!(role, Role::Staff | Role::Manager | Role::Ops)
}

/// What a caller may read, or the refusal. What may not even be seen is no refusal: it is answered as what is not there.
pub(super) enum Access {
    Granted,
    Unseen,
}

/// A caller who may have to do with a hold: not a guest. Taken before the rest of the request, so that nobody else is told
/// what is wrong with it.
pub(super) struct Asker(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Principal::from_request_parts(parts, state).await? {
            Principal::Guest => Err(unauthenticated()),
            known @ (Principal::Holder(_) | Principal::User(_)) => Ok(Self(known)),
        }
    }
}

/// Whether the caller may read this hold.
pub(super) fn to_hold(caller: &Principal, reservation: &Reservation) -> Result<Access, Problem> {
    access(match caller {
        Principal::Guest => Err(Denied::Unauthenticated),
        Principal::Holder(capability) => match &reservation.capability_hash {
            Some(hash) if *hash == capability.hash() => Ok(()),
            _ => Err(Denied::Unseen),
        },
        Principal::User(user) => {
            // Ids in the projection are ids; a defect there must show nothing.
            let Ok(store_id) = reservation.store_id.parse::<StoreId>() else { return Ok(Access::Unseen) };
            let own = reservation.customer_id.as_deref() == Some(user.subject());
            user.may(
                |role| role == Role::Customer || serves(role),
                |role| user.sees_store(role, &store_id) && (role != Role::Customer || own),
            )
        }
    })
}

/// Whether the caller may read what was done with this hold. Whoever may not even see it, is not told that its history is
/// for others.
pub(super) fn to_history(caller: &Principal, reservation: &Reservation) -> Result<Access, Problem> {
    match (to_hold(caller, reservation)?, reservation.store_id.parse()) {
        (Access::Granted, Ok(store_id)) => to_holds_of(caller, &store_id),
        (Access::Granted, Err(_)) | (Access::Unseen, _) => Ok(Access::Unseen),
    }
}

/// Whether the caller may list a store's holds.
pub(super) fn to_holds_of(caller: &Principal, store_id: &StoreId) -> Result<Access, Problem> {
    access(match caller {
        Principal::Guest => Err(Denied::Unauthenticated),
        Principal::Holder(_) => Err(Denied::Forbidden),
        Principal::User(user) => user.may(serves, |role| user.sees_store(role, store_id)),
    })
}

/// Whether the caller may know whose a store's holds are: those who hand them over there (docs/adr, 0022).
pub(super) fn to_customers_of(caller: &Principal, store_id: &StoreId) -> bool {
    let Principal::User(user) = caller else { return false };
    let hands_over = |role| matches!(role, Role::Staff | Role::Manager);
    user.may(hands_over, |role| user.sees_store(role, store_id)).is_ok()
}

fn access(allowed: Result<(), Denied>) -> Result<Access, Problem> {
    match allowed {
        Ok(()) => Ok(Access::Granted),
        Err(Denied::Unseen) => Ok(Access::Unseen),
        Err(Denied::Unauthenticated) => Err(unauthenticated()),
        Err(Denied::Forbidden) => {
            Err(Problem::new(Code::Forbidden, "Your role does not allow this. Ask somebody whose role does."))
        }
    }
}

fn unauthenticated() -> Problem {
    Problem::new(Code::Unauthenticated, "Send a token, or the capability that came with the hold.")
}
