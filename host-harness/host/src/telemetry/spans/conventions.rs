//! The names of OpenTelemetry's conventions for generative AI, and ours where they have none.

pub(super) const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(super) const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_write.input_tokens";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub(super) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(super) const IS_STREAMED: &str = "gen_ai.request.stream";
pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
pub(super) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(super) const PROVIDER: &str = "gen_ai.provider.name";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const RESPONSE_ID: &str = "gen_ai.response.id";
pub(super) const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub(super) const SERVER_ADDRESS: &str = "server.address";
pub(super) const SERVER_PORT: &str = "server.port";
pub(super) const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";

/// The value of [`ERROR_TYPE`] for a failure whose kind is not known.
pub(super) const OTHER_ERROR: &str = "_OTHER";

pub(super) const BODY: &str = "amplifier.body";
pub(super) const CALL: &str = "amplifier.call";
pub(super) const COST: &str = "amplifier.cost_usd";
pub(super) const RETRIES: &str = "amplifier.retries";

/// An attribute's integer: the conventions know none without a sign.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
