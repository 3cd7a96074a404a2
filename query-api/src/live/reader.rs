//! The one reader of changes.

use std::time::Duration;

use platform::server::stop_signal;
use tokio::time::sleep;

use super::Live;
use crate::read::Error;
use crate::read::changes;

/// Pause between two looks at the last position: a row by its key, and a fifth of the time in which a change is to be
/// told.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Pause after a look that failed: a database that is away need not be asked more often.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Reads for as long as anybody follows anything.
pub(super) async fn read(live: Live) {
    let mut stopped = std::pin::pin!(stop_signal());
    let mut told = None;
    let ended = || {
        live.position.send_replace(None);
    };
    while live.subscribers.any(ended) {
        let step = async {
            match look(&live, &mut told).await {
                Ok(true) => {}
                Ok(false) => sleep(LOOK_AGAIN).await,
                Err(error) => {
                    tracing::warn!(cause = error.cause(), "changes cannot be read for those who follow them");
                    sleep(AFTER_FAILURE).await;
                }
            }
        };
        tokio::select! {
            // First, as a signal is only heard from the first time on that it is asked for.
            biased;
            // Streams have no end of their own that a stopping service could wait for.
            () = &mut stopped => live.subscribers.close(),
            () = step => {}
        }
    }
}

/// Tells what is new. Whether there is more.
async fn look(live: &Live, told: &mut Option<u64>) -> Result<bool, Error> {
    let mut session = live.source.writer_session().await?;
    let last = changes::last(&mut session).await?;
    let more = match *told {
        None => {
            *told = Some(last);
            false
        }
        // Positions never fall, but a database may be another one than before: one that took over and has less.
        Some(after) if last < after => {
            *told = Some(last);
            live.subscribers.tell_anew();
            false
        }
        Some(after) if last == after => false,
        Some(after) => {
            let found = changes::between(&mut session, after, last).await?;
            *told = Some(found.position);
            // With all that is followed comes all that changed; a position before it would say that it was told.
            if found.anew {
                live.subscribers.tell_anew();
            } else {
                live.subscribers.tell(found.rows, session.as_of(), found.position);
            }
            found.position < last
        }
    };
    session.end();
    live.position.send_if_modified(|position| std::mem::replace(position, *told) != *told);
    Ok(more)
}
