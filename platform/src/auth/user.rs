//! Somebody whom the issuer knows.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use contracts::{Brand, StoreId};

use super::Client;

/// Longest subject, in bytes: what issuers give fits, and so does a column for it.
const MAX_SUBJECT: usize = 128;
/// Most stores of one user: an area manager's, with room. A manager of the whole brand needs none named.
const MAX_STORES: usize = 200;

/// What a user is to the brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A customer with an account.
    Customer,
    /// Works in the stores that the token names.
    Staff,
    /// Answers for the whole brand.
    Manager,
    /// A till, or another system that reports counts and sales.
    Pos,
    /// Runs the service.
    Ops,
}

impl Role {
    /// Every role there is.
    pub const ALL: [Self; 5] = [Self::Customer, Self::Staff, Self::Manager, Self::Pos, Self::Ops];

    /// The role as it stands in a token.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Manager => "manager",
            Self::Pos => "pos",
            Self::Ops => "ops",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UserError::UnknownRole)
    }
}

/// Why something cannot be told of a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The subject is empty, too long, or not printable ASCII.
    #[error("`sub` must be 1 to {MAX_SUBJECT} characters of printable ASCII")]
    Subject,
    /// A role that there is not.
    #[error("a role is customer, staff, manager, pos or ops")]
    UnknownRole,
    /// No role that is known.
    #[error("`roles` must hold one of customer, staff, manager, pos and ops")]
    Role,
    /// More stores than one user may have.
    #[error("`stores` must hold at most {MAX_STORES} stores")]
    TooManyStores,
    /// A store of another brand.
    #[error("`stores` must hold stores of the brand in `brand` only")]
    StoreOfOtherBrand,
}

/// Somebody whom the issuer knows, acting for one brand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    subject: String,
    brand: Brand,
    roles: BTreeSet<Role>,
    stores: BTreeSet<StoreId>,
    client: Option<Client>,
}

impl User {
    /// A user of whom all of this is so.
    ///
    /// # Errors
    /// When the subject cannot be one, there is no role, or a store is not the brand's.
    pub fn new(
        subject: impl Into<String>,
        brand: Brand,
        roles: impl IntoIterator<Item = Role>,
        stores: impl IntoIterator<Item = StoreId>,
    ) -> Result<Self, UserError> {
        let (subject, roles): (String, BTreeSet<Role>) = (subject.into(), roles.into_iter().collect());
        let stores: Vec<StoreId> = stores.into_iter().take(MAX_STORES + 1).collect();
        let printable = |byte: u8| (b' '..=b'~').contains(&byte);
        if !(1..=MAX_SUBJECT).contains(&subject.len()) || !subject.bytes().all(printable) {
            return Err(UserError::Subject);
        }
        if roles.is_empty() {
            return Err(UserError::Role);
        }
        if stores.len() > MAX_STORES {
            return Err(UserError::TooManyStores);
        }
        if stores.iter().any(|store| store.brand() != brand) {
            return Err(UserError::StoreOfOtherBrand);
        }
        Ok(Self { subject, brand, roles, stores: stores.into_iter().collect(), client: None })
    }

    /// The same user, asking with this client, where the token says so.
    #[must_use]
    pub fn asking_with(self, client: Option<Client>) -> Self {
        Self { client, ..self }
    }

    /// What the user asks with: as the token says, else as the roles do. A customer's roles do not say.
    #[must_use]
    pub fn client(&self) -> Client {
        let of_roles = || {
            if [Role::Staff, Role::Manager, Role::Ops].into_iter().any(|role| self.is(role)) {
                Client::Staff
            } else if self.is(Role::Pos) {
                Client::Pos
            } else {
                Client::Unknown
            }
        };
        self.client.unwrap_or_else(of_roles)
    }

    /// Who it is, in the issuer's words. Unique for one issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The brand that the user acts for.
    #[must_use]
    pub fn brand(&self) -> &Brand {
        &self.brand
    }

    /// The roles, at least one.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        self.roles.iter().copied()
    }

    /// The stores that the token names, all of the brand.
    pub fn stores(&self) -> impl Iterator<Item = &StoreId> {
        self.stores.iter()
    }

    /// Whether the user acts for this brand.
    #[must_use]
    pub fn acts_for(&self, brand: &Brand) -> bool {
        self.brand == *brand
    }

    /// Whether the user has this role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the token names this store. What a role may do beyond its own stores is not decided here.
    #[must_use]
    pub fn works_in(&self, store_id: &StoreId) -> bool {
        self.stores.contains(store_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand() -> Brand {
        "hinata".parse().unwrap()
    }

    fn stores(count: usize) -> impl Iterator<Item = StoreId> {
        (0..count).map(|n| format!("hinata.s{n}").parse().unwrap())
    }

    #[test]
    fn a_user_is_what_was_told_and_nothing_else() {
        let user = User::new("taro", brand(), [Role::Staff, Role::Staff], stores(2)).unwrap();
        assert!(user.is(Role::Staff) && !user.is(Role::Manager));
        assert!(user.acts_for(&brand()) && !user.acts_for(&"kumo".parse().unwrap()));
        assert!(user.works_in(&"hinata.s1".parse().unwrap()));
        assert!(!user.works_in(&"hinata.s2".parse().unwrap()));
        assert_eq!((user.roles().count(), user.stores().count(), user.subject()), (1, 2, "taro"));
    }

    #[test]
    fn what_cannot_be_a_user_is_refused() {
        let staff = [Role::Staff];
        for subject in ["", "太郎", "a\nb", &"x".repeat(MAX_SUBJECT + 1)] {
            assert_eq!(User::new(subject, brand(), staff, []), Err(UserError::Subject), "{subject:?}");
        }
        assert_eq!(User::new("taro", brand(), [], []), Err(UserError::Role));
        let other = ["hinata.s0".parse().unwrap(), "kumo.s0".parse().unwrap()];
        assert_eq!(User::new("taro", brand(), staff, other), Err(UserError::StoreOfOtherBrand));
        assert!(User::new("taro", brand(), staff, stores(MAX_STORES)).is_ok());
        assert_eq!(User::new("taro", brand(), staff, stores(MAX_STORES + 1)), Err(UserError::TooManyStores));
    }

    #[test]
    fn a_client_is_what_the_token_says_or_else_the_roles_do() {
        let client = |roles: &[Role]| User::new("taro", brand(), roles.iter().copied(), []).unwrap();
        for (roles, expected) in [
            ([Role::Staff].as_slice(), Client::Staff),
            (&[Role::Manager], Client::Staff),
            (&[Role::Ops], Client::Staff),
            (&[Role::Pos], Client::Pos),
            (&[Role::Pos, Role::Customer], Client::Pos),
            (&[Role::Customer], Client::Unknown),
        ] {
            assert_eq!(client(roles).client(), expected, "{roles:?}");
            assert_eq!(client(roles).asking_with(Some(Client::Partner)).client(), Client::Partner);
        }
    }

    #[test]
    fn a_role_has_one_name() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>(), Ok(role));
        }
        assert_eq!("Staff".parse::<Role>(), Err(UserError::UnknownRole));
    }
}
