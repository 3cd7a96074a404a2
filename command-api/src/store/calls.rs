//! How often DynamoDB is called: the round trips that commands are measured by.

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use metrics::{Unit, counter, describe_counter};

const CALLS: &str = "torioki_dynamodb_calls_total";

/// Counts what a client sends, every try of the SDK by itself.
#[derive(Debug)]
pub struct Calls(());

impl Calls {
    /// Counts from now on.
    #[must_use]
    pub fn counted() -> Self {
        describe_counter!(CALLS, Unit::Count, "Requests sent to DynamoDB, every try by itself");
        Self(())
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        counter!(CALLS).increment(1);
        Ok(())
    }
}
