//! What is measured of commands. Labels take names of ours only, never what a caller made up.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::{Answer, Error, Purged, Swept};
use crate::store;

const COMMANDS: &str = "torioki_commands_total";
const DURATION: &str = "torioki_command_duration_seconds";
const LOST_TRIES: &str = "torioki_command_lost_tries_total";
const GROUP: &str = "torioki_commit_commands";
const WAIT: &str = "torioki_lane_wait_seconds";
const WAITING: &str = "torioki_lane_waiting_commands";
const SWEPT: &str = "torioki_swept_holds_total";
const PURGED: &str = "torioki_purged_holds_total";

pub(super) fn describe() {
    describe_counter!(COMMANDS, Unit::Count, "Commands, by what they ask for and how they ended");
    describe_histogram!(DURATION, Unit::Seconds, "Time that a command took, with all its tries");
    describe_counter!(
        LOST_TRIES,
        Unit::Count,
        "Tries of commands that were not the last, by why: a stale read, a busy item, or no answer"
    );
    describe_histogram!(GROUP, Unit::Count, "Commands that one transaction was to write");
    describe_histogram!(WAIT, Unit::Seconds, "Time that a command waited behind others for the same count");
    describe_gauge!(WAITING, Unit::Count, "Commands that wait behind others for the same count");
    describe_counter!(SWEPT, Unit::Count, "Holds that a sweep found due, by what became of them");
    describe_counter!(PURGED, Unit::Count, "Holds that a purge found due, by what became of them");
}

pub(super) fn command(name: &'static str, done: &Result<Answer, Error>, took: Duration) {
    counter!(COMMANDS, "command" => name, "outcome" => outcome(done)).increment(1);
    histogram!(DURATION, "command" => name).record(took);
}

fn outcome(done: &Result<Answer, Error>) -> &'static str {
    match done {
        Ok(answer) if answer.replayed => "replayed",
        Ok(_) => "done",
        Err(Error::Refused(_)) => "refused",
        Err(Error::Unauthenticated | Error::Forbidden) => "denied",
        Err(Error::KeyReused) => "key_reused",
        Err(Error::Contention) => "contention",
        Err(Error::Overloaded) => "overloaded",
        Err(Error::Store(_)) => "failed",
    }
}

pub(super) fn lost_try(failure: &store::Error) {
    let reason = match failure {
        store::Error::Stale(_) => "stale",
        store::Error::Busy(_) => "busy",
        store::Error::Unavailable(_) => "unanswered",
        // Not lost: it never will be done.
        store::Error::Defect(_) => return,
    };
    counter!(LOST_TRIES, "reason" => reason).increment(1);
}

#[allow(clippy::cast_precision_loss, reason = "at most 100")]
pub(super) fn group(commands: usize) {
    histogram!(GROUP).record(commands as f64);
}

pub(super) fn waited(time: Duration) {
    histogram!(WAIT).record(time);
}

pub(super) fn waiting(more: f64) {
    gauge!(WAITING).increment(more);
}

pub(super) fn swept(Swept { expired, skipped, failed }: Swept) {
    for (outcome, holds) in [("expired", expired), ("skipped", skipped), ("failed", failed)] {
        counter!(SWEPT, "outcome" => outcome).increment(holds);
    }
}

pub(super) fn purged(Purged { anonymised, skipped, failed }: Purged) {
    for (outcome, holds) in [("anonymised", anonymised), ("skipped", skipped), ("failed", failed)] {
        counter!(PURGED, "outcome" => outcome).increment(holds);
    }
}
