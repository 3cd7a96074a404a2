//! What every lookup about one store begins with that only those may make who work there.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use contracts::StoreId;
use platform::Problem;
use platform::extract::Path;

use super::CursorKey;
use super::access::{self, Access, Asker};
use super::problems::not_found;
use super::reader::Reader;
use crate::read::{Missing, Session, Source};

/// A lookup about a store by somebody whose role allows it, of this store or of another. Taken before the parameters: nobody
/// else is told what is wrong with them.
pub(super) struct AtStore {
    pub(super) store_id: StoreId,
    pub(super) cursors: CursorKey,
    /// Whether the caller may know whose the store's holds are.
    pub(super) knows_customers: bool,
    access: Access,
    reader: Reader,
}

impl<S> FromRequestParts<S> for AtStore
where
    S: Send + Sync,
    Source: FromRef<S>,
    CursorKey: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Asker(caller) = Asker::from_request_parts(parts, state).await?;
        let Path(store_id) = Path::<StoreId>::from_request_parts(parts, state).await?;
        let access = access::to_holds_of(&caller, &store_id)?;
        let knows_customers = access::to_customers_of(&caller, &store_id);
        let reader = Reader::from_request_parts(parts, state).await?;
        Ok(Self { store_id, cursors: CursorKey::from_ref(state), knows_customers, access, reader })
    }
}

impl AtStore {
    /// A session in which the store may be read. A store that the caller may not see is answered as one that is not there.
    pub(super) async fn session(&self) -> Result<Session, Problem> {
        let session = self.reader.session().await?;
        match self.access {
            Access::Granted => Ok(session),
            Access::Unseen => Err(not_found(Missing::Store, session.end())),
        }
    }
}
