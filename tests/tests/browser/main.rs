//! The pages in a real browser, on the real stack: a shopper on a phone, staff at the counter.
//!
//! Whatever happens, a page writes no error to the console, breaks no rule of its content security policy, asks nobody but
//! our services, and keeps no cookie: `Shop::close` looks at that in every test.

mod axe;
mod counter;
mod flow;
mod hold;
mod late;
mod layout;
mod network;
mod phone;
mod reading;
mod shop;
mod taps;
