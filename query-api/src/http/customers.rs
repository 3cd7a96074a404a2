//! Whose holds they are, in answers to those who may know (docs/adr, 0022).

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use crate::read::customers::{self, Customer};
use crate::read::{Error, Session};

/// Whose a hold is.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = ReservationCustomer, examples(json!({"name": "山田 花子", "phone_end": "1234"})))]
pub(super) struct CustomerOut {
    name: String,
    /// The last four digits of the telephone number; `null` where there is none.
    #[schema(required = true, pattern = "^[0-9]{4}$")]
    phone_end: Option<String>,
}

/// Never shown.
impl fmt::Debug for CustomerOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerOut(..)")
    }
}

/// The customers of some holds; nobody, for a caller who may not know.
pub(super) struct Customers(HashMap<String, Customer>);

impl Customers {
    /// Those of these holds, if the caller may know. Otherwise they are not even read.
    pub(super) async fn of(
        session: &mut Session,
        may_know: bool,
        reservation_ids: &[&str],
    ) -> Result<Self, Error> {
        let asked = may_know && !reservation_ids.is_empty();
        Ok(Self(if asked { customers::of_holds(session, reservation_ids).await? } else { HashMap::new() }))
    }

    pub(super) fn of_hold(&self, reservation_id: &str) -> Option<CustomerOut> {
        let Customer { name, phone_end } = self.0.get(reservation_id)?.clone();
        Some(CustomerOut { name, phone_end })
    }
}
