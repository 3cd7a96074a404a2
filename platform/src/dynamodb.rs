//! How a service reaches DynamoDB.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls;
use contracts::TablePrefix;

/// Longest that connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest that one try of a call may take. DynamoDB answers in milliseconds; what takes longer is lost.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest that a call may take with all its tries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// Tries of one call by the SDK (of throttling, 500s and lost connections; never of a cancelled transaction).
const ATTEMPTS: u32 = 3;

/// Where the tables are.
#[derive(Debug, Clone, clap::Args)]
pub struct Dynamodb {
    /// Endpoint of a local DynamoDB; without it, AWS's own for the region.
    #[arg(long, env = "DYNAMODB_ENDPOINT")]
    pub dynamodb_endpoint: Option<String>,
    /// What stands before every table name.
    #[arg(long, env = "TABLE_PREFIX", default_value = "torioki-")]
    pub table_prefix: TablePrefix,
}

impl Dynamodb {
    /// The configuration for the clients of the tables and their streams.
    pub async fn sdk_config(&self) -> SdkConfig {
        sdk_config(self.dynamodb_endpoint.as_deref()).await
    }
}

/// The configuration for AWS clients. A local endpoint takes any credentials, so none have to be set for one.
pub async fn sdk_config(endpoint: Option<&str>) -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    let loader = match endpoint {
        Some(endpoint) => {
            let loader = loader.endpoint_url(endpoint).region(Region::new("local"));
            if std::env::var_os("AWS_ACCESS_KEY_ID").is_some() { loader } else { loader.test_credentials() }
        }
        None => loader,
    };
    loader.load().await
}

/// Why a call failed, for the log: the error and its sources. Never its `Debug`, nor the SDK's `DisplayErrorContext`:
/// they print the whole answer, with the items that came in it.
#[must_use]
pub fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
