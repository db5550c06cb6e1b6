//! See `tests/component/fuzz/targets.rs`.

#![no_main]

#[allow(dead_code, reason = "for one of the targets")]
#[path = "../../tests/component/fuzz/delivered.rs"]
mod delivered;
#[allow(dead_code, reason = "each program runs one of them")]
#[path = "../../tests/component/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::classifier(bytes));
