//! Holds of distinct SKUs beside transactions of the same items with nothing around them.

use std::fmt;

use super::bare::Sent;
use super::placed::Placed;

/// One run of each, on engines of their own, one after the other.
pub struct Beside {
    /// How many clients, each about a SKU of its own.
    pub clients: usize,
    /// The bare loop.
    pub bare: Sent,
    /// The command API.
    pub placed: Placed,
}

/// What was measured, as Markdown.
pub struct Path(pub Vec<Beside>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| clients, each a SKU | a second: bare loop | holds | holds to bare | CPU µs each: bare loop | hold | hold to bare | \
             calls a hold |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
        for Beside { clients, bare, placed } in &self.0 {
            let (per_second, cost) = (placed.per_second(), placed.cost());
            let ratio = |ours: f64, theirs: f64| ours / theirs.max(f64::EPSILON);
            writeln!(
                f,
                "| {clients} | {:.0} | {per_second:.0} | {:.2} | {:.0} | {:.0} | {:.2} | {:.2} |",
                bare.per_second,
                ratio(per_second, bare.per_second),
                bare.cpu_us,
                cost.cpu_us,
                ratio(cost.cpu_us, bare.cpu_us),
                cost.calls,
            )?;
        }
        Ok(())
    }
}
