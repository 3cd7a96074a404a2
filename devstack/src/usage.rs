//! What processes use of the machine, as Linux tells it (`/proc`, proc(5)); elsewhere nothing is known.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Ticks of a second in `/proc`: `USER_HZ`, which is 100 on every architecture that we run on (time(7)).
const TICKS: f64 = 100.0;

/// What a process has used up to now, and has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Time on processors, its own and the system's for it.
    pub cpu: Duration,
    /// Memory that is its own or shared, and not swapped out (`VmRSS`).
    pub memory_bytes: u64,
}

impl Usage {
    /// Of the process with this id; `None` where it is not known.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let dir = Path::new("/proc").join(pid.to_string());
        let status = fs::read_to_string(dir.join("status")).ok()?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = memory.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(Self { cpu: cpu(&fs::read_to_string(dir.join("stat")).ok()?)?, memory_bytes: kib * 1_024 })
    }
}

/// Time on processors of those threads of this process that have this name.
#[must_use]
pub fn of_own_threads(name: &str) -> Duration {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let named = tasks.flatten().filter_map(|task| {
        let is = fs::read_to_string(task.path().join("comm")).ok()?;
        (is.trim_end() == name).then(|| cpu(&fs::read_to_string(task.path().join("stat")).ok()?))?
    });
    named.sum()
}

/// The 14th and 15th field. The second, a name, is in parentheses, and may have blanks and parentheses of its own.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, behind) = stat.rsplit_once(") ")?;
    let mut fields = behind.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some(Duration::from_secs_f64((ticks()? + ticks()?) / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_no_field() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 6 7";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu("7 (a) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_is_seen_by_process_and_by_thread() {
        let worker = std::thread::Builder::new().name("hard-working".to_owned());
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let before = Usage::of(std::process::id()).unwrap();
        let worker = worker.spawn(move || {
            while of_own_threads("hard-working") < Duration::from_millis(50) {}
            let _ = wait.recv();
        });
        while of_own_threads("hard-working") < Duration::from_millis(50) {}
        let after = Usage::of(std::process::id()).unwrap();
        assert!(after.cpu >= before.cpu + Duration::from_millis(50), "{before:?} {after:?}");
        assert!(after.memory_bytes > 1 << 20, "{after:?}");
        drop(done);
        worker.unwrap().join().unwrap();
        assert_eq!(Usage::of(0), None);
    }
}
