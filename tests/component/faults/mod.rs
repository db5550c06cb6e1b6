//! Whatever goes wrong between us and the service, and whenever it does: what is sent again, after which wait, and what
//! the host and the caller are told. Time is a clock of the tests' own, so that nothing here waits.

mod answer;
mod cancelling;
mod conductor;
mod long_streams;
mod matrix;
mod odd_streams;
mod replay;
mod time_limits;
mod waits;
mod wire;
