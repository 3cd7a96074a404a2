//! Who gives a command.

use contracts::StoreId;
use contracts::events::{Actor, actor};
use platform::auth::{Principal, Role};

/// Who gives a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The service itself.
    System,
    /// Whoever sent a request.
    Principal(Principal),
}

impl Caller {
    /// Whose idempotency keys are its own.
    pub(super) fn scope(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::Principal(Principal::Guest) => "guest".to_owned(),
            Self::Principal(Principal::Holder(capability)) => format!("holder {}", capability.hash()),
            Self::Principal(Principal::User(user)) => format!("user {} {}", user.brand(), user.subject()),
        }
    }

    /// The caller as events name it: of several roles, the one that says most about what was done in the store, or to what
    /// belongs to the whole brand.
    pub(super) fn actor(&self, store_id: Option<&StoreId>) -> Actor {
        let (kind, id) = match self {
            Self::System => (actor::Kind::System, ""),
            Self::Principal(Principal::Guest | Principal::Holder(_)) => (actor::Kind::Guest, ""),
            Self::Principal(Principal::User(user)) => {
                let roles = [
                    (Role::Manager, actor::Kind::Manager),
                    (Role::Staff, actor::Kind::Staff),
                    (Role::Pos, actor::Kind::Pos),
                    (Role::Ops, actor::Kind::Ops),
                ];
                let sees = |role| store_id.is_none_or(|store_id| user.sees_store(role, store_id));
                let kind = roles.into_iter().find(|(role, _)| user.is(*role) && sees(*role));
                (kind.map_or(actor::Kind::Customer, |(_, kind)| kind), user.subject())
            }
        };
        Actor { kind: kind.into(), id: id.to_owned() }
    }

    /// The account of a customer who acts for themselves: also of somebody who works in another store.
    pub(super) fn customer_in(&self, store_id: &StoreId) -> Option<&str> {
        match self {
            Self::Principal(Principal::User(user))
                if user.is(Role::Customer) && !self.serves_in(store_id) =>
            {
                Some(user.subject())
            }
            _ => None,
        }
    }

    /// Whether it is somebody who serves customers in the store.
    pub(super) fn serves_in(&self, store_id: &StoreId) -> bool {
        match self {
            Self::Principal(Principal::User(user)) => [Role::Staff, Role::Manager]
                .into_iter()
                .any(|role| user.is(role) && user.sees_store(role, store_id)),
            Self::System | Self::Principal(_) => false,
        }
    }

    /// Whether it is somebody without an account, who has to be given something to be known by again.
    pub(super) fn is_guest(&self) -> bool {
        *self == Self::Principal(Principal::Guest)
    }
}
