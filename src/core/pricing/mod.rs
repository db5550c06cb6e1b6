//! What tokens cost: exact decimals, from a table that the configuration can add to.

mod amount;
mod table;

pub use self::amount::Amount;
use crate::contract::types::{self, Usage};
use crate::core::model;

/// What tokens cost.
#[derive(Clone, Debug, PartialEq)]
pub enum Pricing {
    /// By the token: these prices of models, and the built-in ones of all others.
    PerToken(Vec<(String, Price)>),
    /// Nothing, as provisioned throughput is paid by the hour.
    Provisioned,
}

impl Pricing {
    /// The price of a model: under its whole name, else under its name without a date. None when it is not known, which
    /// is not the same as 0.
    pub fn price(&self, model: &str) -> Option<Price> {
        let Self::PerToken(configured) = self else {
            return None;
        };
        let of_name = |name: &str| {
            let mut configured = configured.iter();
            configured
                .find(|(configured, _)| configured == name)
                .map(|(_, price)| *price)
                .or_else(|| table::built_in(name))
        };
        of_name(model).or_else(|| of_name(model::without_date(model)?))
    }

    /// What an exchange cost: at the price of the model that answered, by its own account, else at that of the logical
    /// model. Behind a gateway, the former may be the name of a deployment, or nothing.
    pub fn cost(
        &self,
        answered: Option<&str>,
        logical_model: &str,
        usage: &Usage,
    ) -> Option<String> {
        let price = answered
            .and_then(|model| self.price(model))
            .or_else(|| self.price(logical_model))?;
        Some(price.cost(usage))
    }
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Tokens of the request.
    pub input: Amount,
    /// Tokens of the response, reasoning included.
    pub output: Amount,
    /// Tokens of the request that came from the prompt cache; as `input` when there is none.
    pub cached_input: Option<Amount>,
    /// Tokens of the request that were written to the prompt cache; as `input` when there is none.
    pub cache_write: Option<Amount>,
}

impl Price {
    /// What an exchange cost in US dollars, as a decimal.
    ///
    /// The service counts tokens from and to the cache as input too, so that they are taken out of it. A count that is more
    /// than there was of input takes out no more than that.
    fn cost(&self, usage: &Usage) -> String {
        let read = usage.cache_read_tokens.unwrap_or(0);
        let written = usage.cache_write_tokens.unwrap_or(0);
        let fresh = usage
            .input_tokens
            .saturating_sub(read)
            .saturating_sub(written);
        amount::total([
            (fresh, self.input),
            (read, self.cached_input.unwrap_or(self.input)),
            (written, self.cache_write.unwrap_or(self.input)),
            (usage.output_tokens, self.output),
        ])
    }
}

/// As models are listed with it, in the kernel's floating point numbers.
impl From<Price> for types::Pricing {
    fn from(price: Price) -> Self {
        Self {
            input_per_million: price.input.dollars(),
            output_per_million: price.output.dollars(),
            cache_read_per_million: price.cached_input.map(Amount::dollars),
            cache_write_per_million: price.cache_write.map(Amount::dollars),
            currency: "USD".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
