//! How long something took, in classes.

use std::time::Duration;

/// Durations in classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// How many were in each class, and in no earlier one; the last of all is for those above every bound.
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Adds a duration.
    pub(super) fn add(&mut self, duration: Duration) {
        let class = BOUNDS.partition_point(|(_, bound)| *bound < duration);
        self.counts[class] += 1;
        self.sum = self.sum.saturating_add(duration);
    }

    /// For each bound, as it is written in seconds, how many took that long at most. The last is everything.
    pub(super) fn cumulated(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let bounds = BOUNDS.iter().map(|(seconds, _)| *seconds);
        let mut sum = 0;
        bounds
            .chain(["+Inf"])
            .zip(self.counts)
            .map(move |(bound, count)| {
                sum += count;
                (bound, sum)
            })
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    pub(super) fn sum(&self) -> Duration {
        self.sum
    }
}

/// From an answer that needs no model to a model that thinks for minutes.
const BOUNDS: [(&str, Duration); 12] = [
    ("0.01", Duration::from_millis(10)),
    ("0.1", Duration::from_millis(100)),
    ("0.25", Duration::from_millis(250)),
    ("0.5", Duration::from_millis(500)),
    ("1", Duration::from_secs(1)),
    ("2.5", Duration::from_millis(2500)),
    ("5", Duration::from_secs(5)),
    ("10", Duration::from_secs(10)),
    ("30", Duration::from_secs(30)),
    ("60", Duration::from_secs(60)),
    ("120", Duration::from_secs(120)),
    ("300", Duration::from_secs(300)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_every_class_from_its_bound_on() {
        let mut histogram = Histogram::default();
        for milliseconds in [10, 11, 700, 1_000_000] {
            histogram.add(Duration::from_millis(milliseconds));
        }
        let cumulated: Vec<_> = histogram.cumulated().collect();
        assert_eq!(
            cumulated[..5],
            [("0.01", 1), ("0.1", 2), ("0.25", 2), ("0.5", 2), ("1", 3)]
        );
        assert_eq!(cumulated[11..], [("300", 3), ("+Inf", 4)]);
        assert_eq!(
            (histogram.count(), histogram.sum()),
            (4, Duration::from_millis(1_000_721))
        );
    }
}
