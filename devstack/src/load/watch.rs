//! What each process uses of the machine while the day goes on.

use std::time::{Duration, Instant};

use crate::usage::{self, Usage};

/// How often it is looked: a burst of half a minute has thirty points.
pub(super) const EVERY: Duration = Duration::from_secs(1);
/// Threads that the embedded engine works on, which are in this process.
const ENGINE: &str = "dynamodb";
/// What they are called in the report.
const ENGINE_NAME: &str = "DynamoDB (embedded)";
/// What the rest of this process is called.
const OURSELVES: &str = "load generator";

/// One process, or a part of ours, over time.
#[derive(Debug, Clone)]
pub(super) struct Usages {
    pub(super) name: String,
    /// The second of the day, and the processors that it kept busy since the point before.
    pub(super) cores: Vec<(f64, f64)>,
    /// The second of the day, and MiB; empty where it has none of its own.
    pub(super) memory_mib: Vec<(f64, f64)>,
}

/// Looks at all of them.
#[derive(Debug)]
pub(super) struct Watch {
    start: Instant,
    /// The services and the engines that are processes, by their names.
    processes: Vec<(String, u32)>,
    /// When it was looked last, and what each had used by then.
    before: (Instant, Vec<Option<Duration>>),
    seen: Vec<Usages>,
}

impl Watch {
    /// From now on, on a day that begins then.
    pub(super) fn begin(processes: &[(String, u32)], start: Instant) -> Self {
        let names = processes.iter().map(|(name, _)| name.as_str()).chain([OURSELVES, ENGINE_NAME]);
        let seen =
            names.map(|name| Usages { name: name.to_owned(), cores: Vec::new(), memory_mib: Vec::new() });
        let (processes, seen) = (processes.to_vec(), seen.collect());
        let mut watch = Self { start, processes, before: (Instant::now(), Vec::new()), seen };
        watch.before.1 = watch.now().into_iter().map(|(cpu, _)| cpu).collect();
        watch
    }

    /// Time on processors, and memory in bytes, of each.
    fn now(&self) -> Vec<(Option<Duration>, Option<u64>)> {
        let used = |pid| match Usage::of(pid) {
            Some(Usage { cpu, memory_bytes }) => (Some(cpu), Some(memory_bytes)),
            None => (None, None),
        };
        let (ours, memory) = used(std::process::id());
        let engine = usage::of_own_threads(ENGINE);
        let ourselves = [(ours.map(|cpu| cpu.saturating_sub(engine)), memory), (ours.map(|_| engine), None)];
        self.processes.iter().map(|(_, pid)| used(*pid)).chain(ourselves).collect()
    }

    /// Looks once more.
    #[allow(clippy::cast_precision_loss, reason = "bytes of a process")]
    pub(super) fn look(&mut self) {
        let (at, now) = (Instant::now(), self.now());
        let second = at.saturating_duration_since(self.start).as_secs_f64();
        let since = at.saturating_duration_since(self.before.0).as_secs_f64();
        for ((seen, before), (cpu, memory)) in self.seen.iter_mut().zip(&self.before.1).zip(&now) {
            if let (Some(before), Some(cpu)) = (before, cpu) {
                let used = cpu.saturating_sub(*before).as_secs_f64();
                seen.cores.push((second, used / since.max(f64::EPSILON)));
            }
            seen.memory_mib.extend(memory.map(|bytes| (second, bytes as f64 / 1_048_576.0)));
        }
        self.before = (at, now.into_iter().map(|(cpu, _)| cpu).collect());
    }

    /// What was seen, without what uses nothing: where the engine is somebody else's, that in this process.
    pub(super) fn seen(self) -> Vec<Usages> {
        let uses = |usages: &Usages| usages.cores.iter().any(|(_, cores)| *cores > 0.0);
        self.seen.into_iter().filter(uses).collect()
    }
}
