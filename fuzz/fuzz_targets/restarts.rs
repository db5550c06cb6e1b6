//! See `tests/component/fuzz/restarts.rs`.

#![no_main]

#[path = "../../tests/component/fuzz/delivered.rs"]
mod delivered;
#[allow(dead_code, reason = "what is counted is for the tests")]
#[path = "../../tests/component/fuzz/restarts.rs"]
mod restarts;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    restarts::restarts(bytes);
});
