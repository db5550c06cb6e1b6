//! Samples, and what the system counts.

use std::time::Duration;

/// Measured values of one thing.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Vec<f64>);

impl Samples {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The value that this part of all values is not above; 0 without values.
    pub(super) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        // The casts are of small numbers of samples, which floats hold exactly.
        let last = sorted.len().saturating_sub(1);
        let index = (part * last as f64).round() as usize;
        sorted.get(index.min(last)).copied().unwrap_or_default()
    }

    /// Where the middle half of the values lies.
    pub(super) fn spread(&self) -> (f64, f64) {
        (self.quantile(0.25), self.quantile(0.75))
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

pub(super) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// How long this process has computed, on all cores; none where the system does not say.
pub(super) fn cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(Duration::new(
            time.tv_sec.try_into().ok()?,
            time.tv_nsec.try_into().ok()?,
        ))
    }
    #[cfg(not(unix))]
    None
}

/// The bytes of this process that are in memory; none where the system does not say.
pub(super) fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let samples: Samples = (1..=101).rev().map(f64::from).collect();
        assert_eq!(samples.median(), 51.0);
        assert_eq!(samples.spread(), (26.0, 76.0));
        assert_eq!(samples.quantile(0.99), 100.0);
        assert_eq!(samples.quantile(1.0), 101.0);
        assert_eq!(Samples::default().median(), 0.0);
    }
}
