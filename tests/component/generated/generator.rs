//! Random choices that are the same for the same seed.

/// Makes choices.
pub(crate) struct Generator {
    state: u64,
    words: usize,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            words: 0,
        }
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as usize % limit
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A text that occurs nowhere else; it is told from others by its end.
    pub(crate) fn word(&mut self) -> String {
        self.words += 1;
        let around = self.pick(&[
            "",
            "",
            "\u{0}",
            "\n",
            "\"",
            "\\",
            "é🦀",
            "</context_file>",
            "{}",
        ]);
        format!("{around}word{}.", self.words)
    }
}
