//! Who gives a command.

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

    /// The caller as events name it.
    pub(super) fn actor(&self) -> Actor {
        let (kind, id) = match self {
            Self::System => (actor::Kind::System, ""),
            Self::Principal(Principal::Guest | Principal::Holder(_)) => (actor::Kind::Guest, ""),
            Self::Principal(Principal::User(user)) => {
                // Of several, the one that says most about what was done.
                let roles = [
                    (Role::Manager, actor::Kind::Manager),
                    (Role::Staff, actor::Kind::Staff),
                    (Role::Pos, actor::Kind::Pos),
                    (Role::Ops, actor::Kind::Ops),
                ];
                let kind = roles.into_iter().find(|(role, _)| user.is(*role));
                (kind.map_or(actor::Kind::Customer, |(_, kind)| kind), user.subject())
            }
        };
        Actor { kind: kind.into(), id: id.to_owned() }
    }

    /// The account of a customer who acts for themselves.
    pub(super) fn customer_id(&self) -> Option<&str> {
        match self {
            Self::Principal(Principal::User(user)) if !user.roles().any(|role| role != Role::Customer) => {
                Some(user.subject())
            }
            _ => None,
        }
    }

    /// Whether it is somebody who serves customers.
    pub(super) fn serves(&self) -> bool {
        match self {
            Self::Principal(Principal::User(user)) => user.is(Role::Staff) || user.is(Role::Manager),
            Self::System | Self::Principal(_) => false,
        }
    }

    /// Whether it is somebody without an account, who has to be given something to be known by again.
    pub(super) fn is_guest(&self) -> bool {
        *self == Self::Principal(Principal::Guest)
    }
}
