//! How much a model reasons.

/// An effort, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// It does not reason.
    None,
    /// As little as the first GPT-5 can.
    Minimal,
    /// Little.
    Low,
    /// What most models do unasked.
    Medium,
    /// Much.
    High,
    /// More than that.
    Xhigh,
    /// As much as it can.
    Max,
}

impl Effort {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Xhigh,
        Self::Max,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The efforts that a model takes. Without any, they are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Efforts(u8);

impl Efforts {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self(0);

    /// These.
    pub const fn of(efforts: &[Effort]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < efforts.len() {
            bits |= efforts[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Those that are taken, from the least to the most.
    pub fn iter(self) -> impl Iterator<Item = Effort> {
        Effort::ALL
            .into_iter()
            .filter(move |effort| self.0 & effort.bit() != 0)
    }

    /// The effort to send for one that is wanted: itself, if it is taken or nothing is known, else the nearest that is
    /// taken, and the lesser of two that are equally near. A model that is to reason is not kept from it: `minimal` becomes
    /// `low`, not `none`.
    pub fn nearest(self, wanted: Effort) -> Effort {
        let distance = |effort: &Effort| {
            (
                *effort != wanted && *effort == Effort::None,
                (*effort as u8).abs_diff(wanted as u8),
            )
        };
        self.iter().min_by_key(distance).unwrap_or(wanted)
    }
}
