//! The bytes of envelopes, changed at any place, in rows whose keys fit and in rows whose keys do not.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| torioki_fuzz::outbox_rows::run(data));
