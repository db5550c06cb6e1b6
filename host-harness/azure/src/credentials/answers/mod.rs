//! What services and programs answer: tokens, errors, and which of their words an error message shows.

mod service_error;
mod token_answer;
mod words;

pub(in crate::credentials) use self::service_error::{ServiceError, busy, is_busy, retry_after};
pub(in crate::credentials) use self::token_answer::{TokenAnswer, TokenFields};
pub(in crate::credentials) use self::words::error_line;
