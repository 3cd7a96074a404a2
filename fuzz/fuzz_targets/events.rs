//! The JSON of Lambda events, changed at any place.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| torioki_fuzz::lambda_events::run(data));
