//! What a model can do, by its logical name.

mod effort;
mod table;

pub use self::effort::{Effort, Efforts};
use crate::core::pricing::ListPrice;

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capabilities {
    /// The table of models knows the name, or what it begins with. What is said of others is a guess, and a cautious one.
    pub is_known: bool,
    /// It thinks before it answers, and takes `reasoning`.
    pub reasoning: bool,
    /// It reasons without being asked, and says what it thought when asked for a summary alone.
    pub summarizes_unasked: bool,
    /// The effort at which it reasons without being asked; none when that is not known.
    pub default_effort: Option<Effort>,
    /// The efforts that it takes.
    pub efforts: Efforts,
    /// Whether it takes `temperature` and `top_p`.
    pub sampling: Sampling,
    /// Which values of `prompt_cache_retention` it takes.
    pub retention: Retention,
    /// It takes images.
    pub vision: bool,
    /// Tokens that input and output may have together.
    pub context_window: u64,
    /// Tokens that the input may have.
    pub max_input_tokens: u64,
    /// Tokens that the output may have.
    pub max_output_tokens: u64,
}

/// Whether a model takes `temperature` and `top_p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Always.
    Always,
    /// Only when it does not reason.
    AtNone,
    /// Never.
    Never,
    /// It is not known; the service says so if it does not.
    Unknown,
}

/// Which values of `prompt_cache_retention` a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// As far as is known, any.
    Any,
    /// `24h` only.
    Day,
    /// None: such a model has `prompt_cache_options` instead.
    Nothing,
}

/// One row of the table of models.
#[derive(Debug)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// Other names that mean the same model.
    pub aliases: &'static [&'static str],
    /// What it can do.
    pub capabilities: Capabilities,
    /// When it is retired.
    pub retirement: Option<Retirement>,
    /// What it costs; none when that is not known.
    pub price: Option<ListPrice>,
    /// It chooses another model, whose price comes on top of its own.
    pub is_router: bool,
}

/// The end of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The day: `2027-07-13`.
    pub date: &'static str,
    /// The model that Microsoft names in its place, if it names one.
    pub replacement: Option<&'static str>,
}

/// Inputs of more tokens than this cost more, where a model's price says so.
pub use self::table::LONG_INPUT_TOKENS;

/// What long inputs, and what is written to the cache for long, cost of the usual, in per cent.
pub(in crate::core) use self::table::{
    CACHE_WRITE_12H_PERCENT, LONG_INPUT_PERCENT, LONG_OUTPUT_PERCENT,
};

impl Capabilities {
    /// Those of a name that nothing is known of: a deployment's own name says nothing.
    const UNKNOWN: Self = Self {
        is_known: false,
        reasoning: false,
        summarizes_unasked: false,
        default_effort: None,
        efforts: Efforts::UNKNOWN,
        sampling: Sampling::Unknown,
        retention: Retention::Any,
        vision: false,
        context_window: 128_000,
        max_input_tokens: 128_000,
        max_output_tokens: 16_384,
    };

    /// The effort to send in place of one that the model refuses; none when it is to be sent as it is.
    pub fn other_effort(&self, wanted: &str) -> Option<Effort> {
        let wanted = Effort::of_name(wanted)?;
        let nearest = self.efforts.nearest(wanted);
        (nearest != wanted).then_some(nearest)
    }

    /// Whether the model takes `temperature` and `top_p` in a request with this effort, or without one.
    pub fn takes_sampling(&self, effort: Option<&str>) -> bool {
        let none = Effort::None;
        match self.sampling {
            Sampling::Always | Sampling::Unknown => true,
            Sampling::AtNone => match effort {
                Some(effort) => effort == none.name(),
                None => self.default_effort == Some(none),
            },
            Sampling::Never => false,
        }
    }

    /// Whether the model takes this value of `prompt_cache_retention`.
    pub fn takes_retention(&self, value: &str) -> bool {
        match self.retention {
            Retention::Any => true,
            Retention::Day => value == "24h",
            Retention::Nothing => false,
        }
    }

    /// What can be said of a model that has no row itself, from the one with the longest beginning of its name: how large
    /// its windows are, and whether it reasons.
    fn of_relative(self, is_other_version: bool) -> Self {
        Self {
            // What another version does unasked is not known.
            summarizes_unasked: self.summarizes_unasked && !is_other_version,
            default_effort: None,
            efforts: Efforts::UNKNOWN,
            sampling: match self.reasoning {
                true => Sampling::Never,
                false => self.sampling,
            },
            ..self
        }
    }
}

/// The capabilities of a model, dated and suffixed names (`gpt-5.1-2025-11-13`, `gpt-5.1-codex`) included.
///
/// A name that is not known gets the most cautious capabilities.
pub fn capabilities(name: &str) -> Capabilities {
    if let Some(model) = find(name) {
        return model.capabilities;
    }
    let relatives = table::MODELS
        .iter()
        .filter(|row| is_of_family(name, row.name));
    match relatives.max_by_key(|row| row.name.len()) {
        Some(row) => {
            let is_other_version = name.as_bytes().get(row.name.len()) == Some(&b'.');
            row.capabilities.of_relative(is_other_version)
        }
        None => Capabilities::UNKNOWN,
    }
}

/// The row of a model: of its whole name, else of its name without a date or `-latest`.
pub fn find(name: &str) -> Option<&'static Model> {
    let of_name = |name: &str| {
        let is_named = |row: &&Model| row.name == name || row.aliases.contains(&name);
        table::MODELS.iter().find(is_named)
    };
    let without_version = || without_date(name).or_else(|| name.strip_suffix("-latest"));
    of_name(name).or_else(|| of_name(without_version()?))
}

/// A model's name without the date of its version: `gpt-5.1` for `gpt-5.1-2025-11-13`. None when it has no date.
pub fn without_date(model: &str) -> Option<&str> {
    const PATTERN: &str = "-0000-00-00";
    let (name, date) = model.split_at_checked(model.len().checked_sub(PATTERN.len())?)?;
    let is_like = |(found, pattern): (u8, u8)| match pattern {
        b'0' => found.is_ascii_digit(),
        _ => found == pattern,
    };
    date.bytes()
        .zip(PATTERN.bytes())
        .all(is_like)
        .then_some(name)
}

/// Whether a name is the family's prefix, or goes on after it with a separator: `gpt-5` covers `gpt-5-mini` and
/// `gpt-5.1`, but `gpt-5.1` does not cover `gpt-5.10`.
fn is_of_family(model: &str, prefix: &str) -> bool {
    match model.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with(['-', '.']),
        None => false,
    }
}

#[cfg(test)]
mod tests;
