//! How numbers lie on an axis, and which of them are written beside it.

/// How numbers lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From nothing on, evenly.
    Linear,
    /// By powers of ten.
    Logarithmic,
}

/// Ticks that an axis has about; a few more where the steps fall so.
const TICKS: f64 = 6.0;
/// Steps between two ticks, in tens of which power ever: such as one counts in.
const STEPS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

impl Scale {
    /// Whether a number has a place on it.
    pub(super) fn has(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }

    /// Where it is, before it is stretched.
    fn at(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.log10(),
        }
    }
}

/// The part of an axis that is shown.
pub(super) struct Span {
    scale: Scale,
    from: f64,
    to: f64,
    step: f64,
}

impl Span {
    /// From one tick to another, with all these numbers between them.
    pub(super) fn over(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let places: Vec<f64> = values.map(|value| scale.at(value)).collect();
        let least = places.iter().copied().reduce(f64::min).unwrap_or(0.0);
        let most = places.iter().copied().reduce(f64::max).unwrap_or(1.0);
        let least = if scale == Scale::Linear { least.min(0.0) } else { least };
        let step = match scale {
            Scale::Linear => nice((most - least) / TICKS),
            Scale::Logarithmic => 1.0,
        };
        let from = (least / step).floor() * step;
        let to = ((most / step).ceil() * step).max(from + step);
        Self { scale, from, to, step }
    }

    /// How far along a number is: nothing at the beginning, one at the end.
    pub(super) fn part(&self, value: f64) -> f64 {
        (self.scale.at(value) - self.from) / (self.to - self.from)
    }

    /// The numbers that are written beside it.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f64> {
        let places = (0..).map(|n| self.from + f64::from(n) * self.step);
        // Half a step more: adding up does not meet the end by the last digit.
        places.take_while(|place| *place < self.to + self.step / 2.0).map(|place| match self.scale {
            Scale::Linear => place,
            Scale::Logarithmic => 10_f64.powf(place),
        })
    }
}

/// The least step that one counts in and that is no shorter.
fn nice(length: f64) -> f64 {
    if length <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(length.log10().floor());
    STEPS.map(|step| step * power).into_iter().find(|step| *step >= length).unwrap_or(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, values: &[f64]) -> Vec<f64> {
        Span::over(scale, values.iter().copied()).ticks().map(|tick| (tick * 1e9).round() / 1e9).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_everything() {
        assert_eq!(ticks(Scale::Linear, &[3.0, 97.0]), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(Scale::Linear, &[-1.0, 2.0]), [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(ticks(Scale::Linear, &[0.0, 0.0]), [0.0, 1.0]);
        assert_eq!(ticks(Scale::Logarithmic, &[3.0, 1200.0]), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(ticks(Scale::Logarithmic, &[10.0]), [10.0, 100.0]);
    }

    #[test]
    fn what_is_very_large_or_very_small_has_a_few_ticks_as_well() {
        for value in [1e-9, 1e-3, 7.0, 12_345.0, 9e15] {
            let ticks = ticks(Scale::Linear, &[value]).len();
            assert!((2..=9).contains(&ticks), "{value}: {ticks}");
        }
    }
}
