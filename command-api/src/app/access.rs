//! Who may do what: the rules of `docs/access.md`.
//!
//! What a caller may not see is not there for them; what they see and may not do is forbidden.

use contracts::{Brand, StoreId};
use platform::auth::{Denied, Principal, Role, User};

use super::Caller;
use crate::domain::reservation::Reservation;

/// What a command does, as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Say what a store or a product is.
    Define,
    /// Count or adjust stock.
    ChangeStock,
    /// Place a hold.
    Place,
    /// Make a hold ready, or collect it.
    Serve,
    /// Cancel or extend a hold.
    Release,
}

impl Action {
    fn allows(self, role: Role) -> bool {
        match self {
            Self::Define => matches!(role, Role::Manager | Role::Ops),
            Self::ChangeStock => !matches!(role, Role::Customer),
            Self::Place => matches!(role, Role::Customer | Role::Staff | Role::Manager),
            Self::Serve => matches!(role, Role::Staff | Role::Manager),
            Self::Release => matches!(role, Role::Customer | Role::Staff | Role::Manager),
        }
    }
}

impl Caller {
    /// # Errors
    /// When the caller may not define what belongs to this brand.
    pub(super) fn may_define(&self, brand: &Brand) -> Result<(), Denied> {
        self.check(Action::Define, |user, _| user.acts_for(brand))
    }

    /// # Errors
    /// When the caller may not do this in the store.
    pub(super) fn may_in_store(&self, action: Action, store_id: &StoreId) -> Result<(), Denied> {
        if action == Action::Place && self.is_guest() {
            return Ok(());
        }
        self.check(action, |user, role| user.sees_store(role, store_id))
    }

    /// # Errors
    /// When the caller has nothing to do with any hold. Asked before one is looked for.
    pub(super) fn may_ask_for_holds(&self) -> Result<(), Denied> {
        if self.is_guest() { Err(Denied::Unauthenticated) } else { Ok(()) }
    }

    /// # Errors
    /// When the caller may not do this to the hold.
    pub(super) fn may_move(&self, action: Action, reservation: &Reservation) -> Result<(), Denied> {
        if let Self::Principal(Principal::Holder(capability)) = self {
            return match &reservation.capability_hash {
                Some(hash) if *hash == capability.hash() && action == Action::Release => Ok(()),
                Some(hash) if *hash == capability.hash() => Err(Denied::Forbidden),
                _ => Err(Denied::Unseen),
            };
        }
        self.check(action, |user, role| match role {
            Role::Customer => {
                user.acts_for(&reservation.store_id.brand())
                    && reservation.customer_id.as_deref() == Some(user.subject())
            }
            _ => user.sees_store(role, &reservation.store_id),
        })
    }

    fn check(&self, action: Action, sees: impl Fn(&User, Role) -> bool) -> Result<(), Denied> {
        match self {
            Self::System => Ok(()),
            Self::Principal(Principal::Guest) => Err(Denied::Unauthenticated),
            Self::Principal(Principal::Holder(_)) => Err(Denied::Forbidden),
            Self::Principal(Principal::User(user)) => {
                user.may(|role| action.allows(role), |role| sees(user, role))
            }
        }
    }
}
