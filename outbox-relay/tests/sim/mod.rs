//! The seeded simulation: the real core and the real poll driver, on a stream and a database that do all that is allowed
//! to go wrong. One number decides everything; the same number does the same again.
//!
//! Time is tokio's, paused: hours pass in milliseconds. `cargo dev sim` runs many seeds.

mod database;
mod events;
mod fold;
mod mutation;
mod process;
mod rng;
mod run;
mod stream;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use mutation::Mutation;
use run::run;

/// Seeds that once found a bug, here or in the simulation itself.
const KNOWN: [u64; 2] = [0, 114];
/// Seeds that every run of the tests tries, besides.
const EVERY_RUN: u64 = 300;
/// Seeds within which a mutation must be caught.
const CAUGHT_WITHIN: u64 = 1000;

/// A number from the environment, which is how `cargo dev sim` says what to run.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The lowest seeds first, on every core; the first that fails, and why.
fn first_failure(
    seeds: std::ops::Range<u64>,
    mutation: Option<Mutation>,
    told: bool,
) -> Option<(u64, String)> {
    let (next, failed_at) = (AtomicU64::new(seeds.start), AtomicU64::new(u64::MAX));
    let work = || {
        let mut failure = None;
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || seed > failed_at.load(Ordering::Relaxed) {
                return failure;
            }
            if told && (seed + 1) % 100 == 0 {
                eprint!("\r{} of {} seeds", seed + 1, seeds.end);
            }
            if let Err(why) = run(seed, mutation) {
                failed_at.fetch_min(seed, Ordering::Relaxed);
                failure = Some((seed, why));
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap()).min()
    })
}

#[test]
fn seeds_that_found_bugs_and_some_more() {
    for seed in KNOWN {
        run(seed, None).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    if let Some((seed, why)) = first_failure(0..EVERY_RUN, None, false) {
        panic!("seed {seed}: {why}\n`cargo dev sim --seed {seed}` does it again");
    }
}

#[test]
fn every_mutation_is_caught() {
    for mutation in Mutation::ALL {
        let caught = first_failure(0..CAUGHT_WITHIN, Some(mutation), false);
        let (seed, why) = caught.unwrap_or_else(|| panic!("{mutation:?} is not caught"));
        println!("{mutation:?}: seed {seed}: {why}");
    }
}

/// What `cargo dev sim` runs.
#[test]
#[ignore = "takes minutes"]
fn simulate() {
    if let Some(seed) = given("TORIOKI_SIM_SEED") {
        let done = run(seed, None);
        eprintln!("seed {seed}: {}", done.as_ref().map_or_else(String::as_str, |()| "holds"));
        return done.unwrap_or_else(|why| panic!("{why}"));
    }
    let seeds = given("TORIOKI_SIM_SEEDS").unwrap_or(10_000);
    let failure = first_failure(0..seeds, None, true);
    eprintln!();
    if let Some((seed, why)) = failure {
        panic!("seed {seed}: {why}\n`cargo dev sim --seed {seed}` does it again");
    }
}
