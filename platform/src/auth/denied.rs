//! What it means to be turned away.

use contracts::StoreId;

use super::{Role, User};

/// Why a caller may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The caller has not said who they are.
    Unauthenticated,
    /// The caller sees what this is about, and is not one who may.
    Forbidden,
    /// For the caller there is no such thing.
    Unseen,
}

impl User {
    /// A user may what one of their roles allows, on what that role sees. Which roles allow it, and what each sees, is for
    /// a service to say.
    ///
    /// # Errors
    /// When no role sees it, or none that does allows it.
    pub fn may(&self, allows: impl Fn(Role) -> bool, sees: impl Fn(Role) -> bool) -> Result<(), Denied> {
        let mut seeing = self.roles().filter(|role| sees(*role)).peekable();
        if seeing.peek().is_none() {
            Err(Denied::Unseen)
        } else if seeing.any(allows) {
            Ok(())
        } else {
            Err(Denied::Forbidden)
        }
    }

    /// Whether this role of the user has to do with a store: staff and tills with their own, the others with every store
    /// of the brand.
    #[must_use]
    pub fn sees_store(&self, role: Role, store_id: &StoreId) -> bool {
        match role {
            Role::Staff | Role::Pos => self.works_in(store_id),
            Role::Customer | Role::Manager | Role::Ops => self.acts_for(&store_id.brand()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_told_apart_from_what_is_not_allowed() {
        let store = |id: &str| id.parse::<StoreId>().unwrap();
        let roles = [Role::Staff, Role::Customer];
        let user = User::new("taro", "hinata".parse().unwrap(), roles, [store("hinata.a")]).unwrap();
        let may = |allowed: Role, at: &str| {
            user.may(|role| role == allowed, |role| user.sees_store(role, &store(at)))
        };
        assert_eq!(may(Role::Staff, "hinata.a"), Ok(()));
        assert_eq!(may(Role::Customer, "hinata.b"), Ok(()));
        assert_eq!(may(Role::Manager, "hinata.a"), Err(Denied::Forbidden));
        // As staff the user does not see the other store, and what customers see does not allow it.
        assert_eq!(may(Role::Staff, "hinata.b"), Err(Denied::Forbidden));
        assert_eq!(may(Role::Staff, "kumo.a"), Err(Denied::Unseen));
    }
}
