//! Where answers are read, and what they must have.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use contracts::consistency::Token;
use platform::throttle;
use sqlx::MySqlPool;

use super::applied::applied;
use super::connections::Connections;
use super::session::{Date, First, Writer};
use super::waiting::Waiting;
use super::{Error, Session};

/// The projection: the database that the relay writes, and maybe a replica of it that is read in its stead. Behind one
/// pointer: it is copied for every request.
#[derive(Debug, Clone)]
pub struct Source(Arc<Databases>);

#[derive(Debug)]
struct Databases {
    writer: Connections,
    replica: Option<Connections>,
    stale_after: TimeDelta,
    waiting: Waiting,
}

/// What an answer must have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    /// What a command wrote.
    pub(crate) token: Option<Arc<Token>>,
    /// How long that may be waited for.
    pub(crate) wait: Option<Duration>,
}

impl Source {
    /// Lookups read the replica, where there is one. An answer whose `as_of` is older than `stale_after` says so.
    #[must_use]
    pub fn new(writer: MySqlPool, replica: Option<MySqlPool>, stale_after: TimeDelta) -> Self {
        let connections = |pool| Connections { pool, stale_after };
        let (writer, replica) = (connections(writer), replica.map(connections));
        let waiting = Waiting::new(writer.clone());
        Self(Arc::new(Databases { writer, replica, stale_after, waiting }))
    }

    /// How old an answer's date may be.
    pub(crate) fn stale_after(&self) -> TimeDelta {
        self.0.stale_after
    }

    /// What lookups read unless they need more.
    fn lookups(&self) -> &Connections {
        self.0.replica.as_ref().unwrap_or(&self.0.writer)
    }

    /// A session that has what is needed: on the replica if that has it, on the writer otherwise.
    ///
    /// What is needed is looked for on the very connection that is read then: one name may lead to several replicas.
    pub(crate) async fn session(&self, needs: &Needs) -> Result<Session, Error> {
        let Some(token) = &needs.token else { return self.begin(self.lookups()).await };
        if let Some(replica) = &self.0.replica {
            match self.begin(replica).await {
                Ok(session) => {
                    if let Some(session) = having(session, token).await? {
                        return Ok(session);
                    }
                }
                // The writer may be there all the same.
                Err(error) => tracing::warn!(cause = error.cause(), "the replica cannot be read"),
            }
        }
        if let Some(session) = having(self.writer_session().await?, token).await? {
            return Ok(session);
        }
        let Some(longest) = needs.wait else { return Err(Error::Behind) };
        throttle::step_aside();
        if self.0.waiting.until(token, longest).await {
            self.writer_session().await
        } else {
            Err(Error::Behind)
        }
    }

    /// A session that has what is needed, and what is read first in it: where nothing is needed, nothing else is read.
    pub(crate) async fn begin_with<F: First>(
        &self,
        needs: &Needs,
        first: &F,
    ) -> Result<(Session, F::Read), Error> {
        if needs.token.is_none() {
            return Session::begin(self.lookups(), first).await;
        }
        let mut session = self.session(needs).await?;
        let read = first.read(&mut session).await?;
        Ok((session, read))
    }

    /// A session for one that needs nothing.
    pub(super) async fn any(&self) -> Result<Session, Error> {
        self.begin(self.lookups()).await
    }

    /// A session on the database that the relay writes: there positions of changes never fall, and every event arrives.
    pub(crate) async fn writer_session(&self) -> Result<Session, Error> {
        let (mut session, ()) = Session::begin(&self.0.writer, &Writer).await?;
        session.date().await?;
        Ok(session)
    }

    async fn begin(&self, connections: &Connections) -> Result<Session, Error> {
        Ok(Session::begin(connections, &Date).await?.0)
    }
}

/// The session, if all that the token names is there.
async fn having(mut session: Session, token: &Token) -> Result<Option<Session>, Error> {
    let events: Vec<_> = token.written().iter().collect();
    if applied(&mut session, &events).await?.into_iter().all(|one| one) {
        return Ok(Some(session));
    }
    session.end();
    Ok(None)
}
