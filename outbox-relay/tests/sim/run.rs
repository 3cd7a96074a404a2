//! One run: phases of writing while relays are killed, then calm, then the verdict.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

use super::fold::fold;
use super::mutation::Mutation;
use super::process::{driver, keep_killing};
use super::world::{Event, World, begin};

/// How long a relay may take to catch up once all is calm.
const CATCHES_UP_WITHIN: Duration = Duration::from_secs(120);
/// How often it is looked.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Runs the world of a seed; why it fails.
pub(super) fn run(seed: u64, mutation: Option<Mutation>) -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(simulate(seed, mutation))
}

async fn simulate(seed: u64, mutation: Option<Mutation>) -> Result<(), String> {
    let world = begin(seed, mutation);
    let (phases, two) = {
        let state = &mut *world.borrow_mut();
        (2 + state.rng.below(2), state.weather.two)
    };
    // Whoever begins with a stream that has lost events already cannot know of them.
    settle(&world).await;
    world.borrow_mut().calm = false;
    for phase in 0..phases {
        tokio::select! {
            biased;
            () = write(&world) => {}
            _ = keep_killing(&world) => {}
            _ = keep_killing(&world), if two => {}
        }
        if phase + 1 < phases {
            nobody_runs(&world).await;
        }
    }
    settle(&world).await;
    let records = {
        let state = world.borrow();
        let mut applied: Vec<&Event> =
            state.events.iter().filter(|event| event.applied && !event.bad).collect();
        applied.sort_by_key(|event| event.order);
        applied.into_iter().map(|event| event.record.clone()).collect::<Vec<_>>()
    };
    let rows = fold(&records).await;
    let state = world.borrow();
    state.verdict(&rows)?;
    if state.is_settled() { Ok(()) } else { Err("it does not catch up".to_owned()) }
}

/// All is calm, and one relay runs until it has caught up.
async fn settle(world: &World) {
    world.borrow_mut().calm = true;
    let driver = driver(world);
    let start = Instant::now();
    let settled = async {
        while !world.borrow().is_settled() && start.elapsed() < CATCHES_UP_WITHIN {
            sleep(LOOK_AGAIN).await;
        }
    };
    tokio::select! {
        biased;
        () = settled => {}
        () = driver.run() => {}
    }
}

/// The write side, for a phase.
async fn write(world: &World) {
    let count = 5 + world.borrow_mut().rng.below(25);
    for _ in 0..count {
        let wait = {
            let state = &mut *world.borrow_mut();
            state.write();
            if state.rng.chance(60) {
                state.split();
            }
            state.rng.one_of(&[0, 5, 50, 300, 1000])
        };
        sleep(Duration::from_millis(wait)).await;
    }
    let after = world.borrow_mut().rng.one_of(&[0, 200, 2000, 8000]);
    sleep(Duration::from_millis(after)).await;
}

/// Nobody relays for a while, and the write side goes on.
async fn nobody_runs(world: &World) {
    let wait = {
        let state = &mut *world.borrow_mut();
        for _ in 0..state.rng.below(4) {
            state.write();
        }
        let hours = if state.weather.outage { 1 + state.rng.below(50) } else { 0 };
        Duration::from_secs(hours * 3600 + state.rng.below(30))
    };
    sleep(wait / 2).await;
    {
        let state = &mut *world.borrow_mut();
        if state.rng.chance(300) {
            state.split();
        }
        state.write();
    }
    sleep(wait / 2).await;
}
