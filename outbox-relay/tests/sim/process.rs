//! A relay as a process that somebody kills and stops.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::database::ModelDatabase;
use super::stream::ModelStream;
use super::world::{World, now, tell};
use crate::poll::{Driver, Health};

/// A relay, as it is made.
pub(super) fn driver(world: &World) -> Driver<ModelStream, ModelDatabase> {
    let (owner, idle) = {
        let state = &mut *world.borrow_mut();
        state.relays += 1;
        (format!("relay {}", state.relays), state.idle.clone())
    };
    let (table, database) = (ModelStream(world.clone()), ModelDatabase(world.clone()));
    Driver::new(table, database, Health::default(), idle, now, owner)
}

/// One relay after another, each killed between any two of its steps.
pub(super) async fn keep_killing(world: &World) -> Infallible {
    loop {
        let polls = {
            let state = &mut *world.borrow_mut();
            1 + state.rng.below(2 * state.weather.life)
        };
        let driver = driver(world);
        live(world, driver.run(), polls).await;
        let gracefully = world.borrow_mut().rng.chance(500);
        tell(format_args!("a relay is {}", if gracefully { "told to stop" } else { "killed" }));
        if gracefully {
            driver.release().await;
        }
        let down = {
            let state = &mut *world.borrow_mut();
            state.rng.one_of(&[1, 20, 200, 200, 1000, 8000])
        };
        sleep(Duration::from_millis(down)).await;
    }
}

/// Polls a relay so often, then drops it: it is killed wherever it waits. Now and then it is stopped for a while, as by
/// SIGSTOP, and everybody else goes on.
async fn live(world: &World, relay: impl Future<Output = ()>, polls: u64) {
    let mut relay = pin!(relay);
    let mut left = polls;
    let mut stopped: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|context| {
        {
            let state = &mut *world.borrow_mut();
            if stopped.is_none() && state.rng.chance(state.weather.stops) {
                let longest = state.rng.one_of(&[10, 300, 3000, 20_000]);
                stopped = Some(Box::pin(sleep(Duration::from_millis(1 + state.rng.below(longest)))));
            }
        }
        if let Some(sleep) = &mut stopped {
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            stopped = None;
        }
        left -= 1;
        if left == 0 || relay.as_mut().poll(context).is_ready() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
