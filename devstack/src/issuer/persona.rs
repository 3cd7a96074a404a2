//! Who can sign in at the development issuer: people of whom everybody may be any.

use std::collections::BTreeSet;

use anyhow::Result;
use contracts::{Brand, StoreId};
use platform::auth::{Role, User};

/// What staff are called, one for each of a brand's first stores: as many as fit one screen.
const STAFF: [&str; 3] = ["Sato", "Suzuki", "Takahashi"];

/// Somebody whom a visitor can sign in as.
#[derive(Debug, Clone)]
pub struct Persona {
    /// As the pages greet them.
    pub name: String,
    /// Who they are to the services.
    pub user: User,
}

impl Persona {
    fn new(name: &str, brand: &Brand, role: Role, stores: &[StoreId]) -> Result<Self> {
        let subject = format!("{}@{brand}", name.to_ascii_lowercase());
        let user = User::new(subject, brand.clone(), [role], stores.iter().cloned())?;
        Ok(Self { name: name.to_owned(), user })
    }

    /// People of the brands that have these stores: staff of the first stores, one who works in two of them, a manager and
    /// an operator.
    ///
    /// # Errors
    /// When a brand's slug does not fit a subject, which no slug is long enough for.
    pub fn of_stores<'a>(stores: impl IntoIterator<Item = &'a StoreId>) -> Result<Vec<Self>> {
        let stores: Vec<&StoreId> = stores.into_iter().collect();
        let brands: BTreeSet<Brand> = stores.iter().map(|store| store.brand()).collect();
        let mut personas = Vec::new();
        for brand in &brands {
            let own: Vec<StoreId> =
                stores.iter().filter(|store| store.brand() == *brand).map(|store| (*store).clone()).collect();
            for (name, store) in STAFF.into_iter().zip(&own) {
                personas.push(Self::new(name, brand, Role::Staff, std::slice::from_ref(store))?);
            }
            if let Some(two) = own.get(..2) {
                personas.push(Self::new("Tanaka", brand, Role::Staff, two)?);
            }
            personas.push(Self::new("Watanabe", brand, Role::Manager, &[])?);
            personas.push(Self::new("Ito", brand, Role::Ops, &[])?);
        }
        Ok(personas)
    }

    /// What they are, in a few words.
    pub(super) fn described(&self) -> String {
        let role = self.user.roles().map(Role::as_str).collect::<Vec<_>>().join(", ");
        let stores: Vec<&str> = self.user.stores().map(StoreId::as_str).collect();
        match stores.as_slice() {
            [] => format!("{role} of {}", self.user.brand()),
            stores => format!("{role} of {}", stores.join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_has_staff_a_manager_and_an_operator() {
        let stores: Vec<StoreId> =
            ["hinata.a", "hinata.b", "kumo.a"].iter().map(|id| id.parse().unwrap()).collect();
        let personas = Persona::of_stores(&stores).unwrap();
        let described: Vec<String> = personas.iter().map(Persona::described).collect();
        assert_eq!(
            described,
            [
                "staff of hinata.a",
                "staff of hinata.b",
                "staff of hinata.a and hinata.b",
                "manager of hinata",
                "ops of hinata",
                "staff of kumo.a",
                "manager of kumo",
                "ops of kumo",
            ]
        );
        let subjects: BTreeSet<&str> = personas.iter().map(|persona| persona.user.subject()).collect();
        assert_eq!(subjects.len(), personas.len());
    }
}
