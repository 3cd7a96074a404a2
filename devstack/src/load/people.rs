//! Who asks: guests, customers with an account, and of each store staff and a till.

use std::time::Duration;

use anyhow::{Context, Result};
use contracts::{Brand, StoreId};
use platform::auth::Role;
use reqwest::Client;

use super::chain;
use crate::bench::BRAND;
use crate::issuer::{TokenRequest, ask};

/// Customers with an account: enough that none looks like a program.
const CUSTOMERS: u32 = 50;
/// How long the issuer may take: it is in this process.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How somebody says who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// Not at all.
    Guest,
    /// By what is sent as `Authorization`.
    Known(String),
}

impl Caller {
    /// Whoever has the secret that came with a hold.
    pub(super) fn with_capability(secret: &str) -> Self {
        Self::Known(format!("Capability {secret}"))
    }

    fn with_token(token: &str) -> Self {
        Self::Known(format!("Bearer {token}"))
    }
}

/// All who have a token.
#[derive(Debug)]
pub(super) struct People {
    customers: Vec<Caller>,
    staff: Vec<Caller>,
    tills: Vec<Caller>,
}

impl People {
    /// Those of a chain with so many stores, with tokens of this issuer.
    ///
    /// # Errors
    /// When the issuer does not answer.
    pub(super) async fn of(issuer_url: &str, stores: u32) -> Result<Self> {
        let http = Client::builder().timeout(TIMEOUT).build()?;
        let brand: Brand = BRAND.parse()?;
        let token = async |role: Role, subject: String, stores: Vec<StoreId>| {
            let (role, brand, subject) = (role.to_string(), Some(brand.clone()), Some(subject));
            let request = TokenRequest { role, brand, stores, subject, expires_in: None };
            let minted = ask(&http, issuer_url, &request).await?;
            anyhow::Ok(Caller::with_token(&minted.access_token))
        };
        let mut customers = Vec::new();
        for n in 0..CUSTOMERS {
            customers.push(token(Role::Customer, format!("customer-{n}"), Vec::new()).await?);
        }
        let (mut staff, mut tills) = (Vec::new(), Vec::new());
        for n in 0..stores {
            let stores: Vec<StoreId> = vec![chain::store(n).parse()?];
            staff.push(token(Role::Staff, format!("staff-{n}"), stores.clone()).await?);
            tills.push(token(Role::Pos, format!("till-{n}"), stores).await?);
        }
        Ok(Self { customers, staff, tills })
    }

    /// Staff of the nth store.
    ///
    /// # Errors
    /// When there is no such store.
    pub(super) fn staff(&self, store: u32) -> Result<&Caller> {
        self.staff.get(usize::try_from(store)?).context("there is no such store")
    }

    /// The till of the nth store.
    ///
    /// # Errors
    /// When there is no such store.
    pub(super) fn till(&self, store: u32) -> Result<&Caller> {
        self.tills.get(usize::try_from(store)?).context("there is no such store")
    }

    /// Who places a hold: six of ten have no account, one is at the counter, where staff place it for them.
    ///
    /// # Errors
    /// When there is no such store.
    pub(super) fn placer(&self, store: u32, luck: u32) -> Result<Caller> {
        let some = usize::try_from(luck / 10)?;
        Ok(match luck % 10 {
            0..=5 => Caller::Guest,
            9 => self.staff(store)?.clone(),
            _ => self.customers.get(some % self.customers.len()).context("there are no customers")?.clone(),
        })
    }
}
