//! What tokens cost: exact decimals, from a table that the configuration can add to.

mod amount;

pub use self::amount::{Amount, Cost};
use crate::contract::types;
use crate::core::model::{
    self, CACHE_WRITE_12H_PERCENT, LONG_INPUT_PERCENT, LONG_INPUT_TOKENS, LONG_OUTPUT_PERCENT,
    Model,
};

/// What tokens cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pricing {
    /// Prices of models from the configuration, which come before the built-in ones. They are taken as they are: what
    /// changes built-in prices, such as the service tier, does not change these.
    pub configured: Vec<(String, Price)>,
    /// The deployments have provisioned throughput, which is paid by the hour. Tokens cost something only when the service
    /// let another deployment answer.
    pub is_provisioned: bool,
}

/// One response, as far as it decides on what it costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bill<'a> {
    /// The model that answered, by its own account. Behind a gateway, it may be the name of a deployment, or nothing.
    pub answered: Option<&'a str>,
    /// The model that the deployment is taken for.
    pub logical_model: &'a str,
    /// The tier that served, by its own account.
    pub service_tier: Option<&'a str>,
    /// A standard deployment answered in place of a provisioned one.
    pub is_spilled_over: bool,
    /// What was used.
    pub tokens: Tokens,
}

/// The tokens of a response, as far as they have prices. The service counts tokens from and to the cache as input too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All that went in.
    pub input: u64,
    /// The part of it that was read from the prompt cache.
    pub cache_read: u64,
    /// The part of it that was written to the prompt cache.
    pub cache_write: u64,
    /// The part of that which is kept for 12 hours.
    pub cache_write_12h: u64,
    /// All that came out.
    pub output: u64,
}

/// Those of the kernel's form, which does not say how long something is kept.
impl From<&types::Usage> for Tokens {
    fn from(usage: &types::Usage) -> Self {
        Self {
            input: usage.input_tokens,
            cache_read: usage.cache_read_tokens.unwrap_or(0),
            cache_write: usage.cache_write_tokens.unwrap_or(0),
            cache_write_12h: 0,
            output: usage.output_tokens,
        }
    }
}

impl Pricing {
    /// The price of a model as it is listed: of an ordinary response. None when it is not known, which is not the same as
    /// 0, and when no single price says what a response costs.
    pub fn price(&self, name: &str) -> Option<Price> {
        if self.is_provisioned {
            return None;
        }
        let known = self.known(name)?;
        known.is_whole().then_some(known.price)
    }

    /// What a response cost; none when that is not known. It costs the price of the model that answered, else that of the
    /// logical model.
    pub fn cost(&self, bill: &Bill<'_>) -> Option<Cost> {
        if self.is_provisioned && !bill.is_spilled_over {
            return None;
        }
        let answering = bill.answered.and_then(|name| self.known(name));
        let asked = self.known(bill.logical_model);
        match asked {
            // What the router asked for itself comes on top, and says nothing of what the other model costs.
            Some(router) if router.is_router() => {
                let answering = answering.filter(|known| !known.is_router())?;
                let own = Cost::of(&[(bill.tokens.input, router.price.input)]);
                Some(answering.cost(bill)?.and(own))
            }
            _ => answering.or(asked).filter(Known::is_whole)?.cost(bill),
        }
    }

    /// What is known of a model's price: from the configuration under its whole name, else from its own row of the table, else
    /// from either under its name without a date.
    fn known(&self, name: &str) -> Option<Known> {
        let row = model::find(name);
        let has_own_row = row.is_some_and(|row| row.name == name);
        let without_date = model::without_date(name).filter(|_| !has_own_row);
        let configured = self
            .configured(name)
            .or_else(|| self.configured(without_date?));
        let price = match configured {
            Some(price) => price,
            None => row?.price?.price,
        };
        Some(Known {
            price,
            row,
            is_configured: configured.is_some(),
        })
    }

    fn configured(&self, name: &str) -> Option<Price> {
        let mut configured = self.configured.iter();
        let (_, price) = configured.find(|(configured, _)| configured == name)?;
        Some(*price)
    }
}

/// What is known of a model's price.
struct Known {
    price: Price,
    row: Option<&'static Model>,
    is_configured: bool,
}

impl Known {
    fn is_router(&self) -> bool {
        self.row.is_some_and(|row| row.is_router)
    }

    /// Whether a response costs this and nothing else.
    fn is_whole(&self) -> bool {
        !self.is_router()
    }

    /// What a response costs at this price.
    fn cost(&self, bill: &Bill<'_>) -> Option<Cost> {
        let list_price = self.row.and_then(|row| row.price.as_ref());
        match list_price.filter(|_| !self.is_configured) {
            Some(list_price) => list_price.cost(bill),
            None => Some(self.price.cost(bill.tokens, 100)),
        }
    }
}

/// A price from the table of models, and what changes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListPrice {
    /// Of an ordinary response.
    pub price: Price,
    /// What the tier `priority` costs of it, in per cent; none when that is not known.
    pub priority: Option<u16>,
    /// What the tier `flex` costs of it, in per cent; none when that is not known.
    pub flex: Option<u16>,
    /// Responses to long inputs cost more.
    pub has_long_inputs: bool,
}

impl ListPrice {
    fn cost(
        &self,
        Bill {
            tokens,
            service_tier,
            ..
        }: &Bill<'_>,
    ) -> Option<Cost> {
        let tier = match service_tier {
            None | Some("auto" | "default") => 100,
            Some("priority") => self.priority?,
            Some("flex") => self.flex?,
            Some(_) => return None,
        };
        let is_long = self.has_long_inputs && tokens.input > LONG_INPUT_TOKENS;
        let (input, output) = match is_long {
            true => (LONG_INPUT_PERCENT, LONG_OUTPUT_PERCENT),
            false => (100, 100),
        };
        let price = self.price.at(tier, tier).at(input, output);
        Some(price.cost(*tokens, CACHE_WRITE_12H_PERCENT))
    }
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    /// A price in thousandths of a dollar: input, output, cached input and what is written to the cache; 0 where there is no
    /// price of its own.
    pub(in crate::core) const fn thousandths(
        [input, output, cached_input, cache_write]: [u32; 4],
    ) -> Self {
        const fn own(thousandths: u32) -> Option<Amount> {
            match thousandths {
                0 => None,
                _ => Some(Amount::thousandths(thousandths)),
            }
        }
        Self {
            input: Amount::thousandths(input),
            output: Amount::thousandths(output),
            cached_input: own(cached_input),
            cache_write: own(cache_write),
        }
    }

    /// So many per cent of it.
    fn at(self, input: u16, output: u16) -> Self {
        Self {
            input: self.input.percent(input),
            output: self.output.percent(output),
            cached_input: self.cached_input.map(|amount| amount.percent(input)),
            cache_write: self.cache_write.map(|amount| amount.percent(input)),
        }
    }

    /// What tokens cost, with what is written to the cache for 12 hours at so many per cent of the price.
    ///
    /// A count that is more than there was of input takes out no more than that.
    fn cost(&self, tokens: Tokens, cache_write_12h: u16) -> Cost {
        let Tokens {
            input,
            cache_read,
            cache_write,
            output,
            ..
        } = tokens;
        let long_written = tokens.cache_write_12h.min(cache_write);
        let fresh = input.saturating_sub(cache_read).saturating_sub(cache_write);
        let write = self.cache_write.unwrap_or(self.input);
        Cost::of(&[
            (fresh, self.input),
            (cache_read, self.cached_input.unwrap_or(self.input)),
            (cache_write - long_written, write),
            (long_written, write.percent(cache_write_12h)),
            (output, self.output),
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
            extensions: None,
        }
    }
}

#[cfg(test)]
mod tests;
