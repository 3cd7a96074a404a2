//! Logs: JSON lines on standard error, so that standard output stays free for what a person asked for.
//!
//! No line may hold a customer's name, phone or mail, nor a secret. Our own lines name ids only; other people's are kept
//! from going into detail.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Crates whose lines are as fine as `RUST_LOG` asks for. All others stop at `info`: below it the AWS SDK, hyper and the
/// Lambda runtime print requests and answers whole, with the customers and tokens in them. Crates that are not known here
/// are not trusted, so that a new dependency brings no leak.
const OURS: [&str; 7] =
    ["command_api", "contracts", "migrate", "migrations", "outbox_relay", "platform", "query_api"];
/// The finest lines of the others.
const FINEST_OF_OTHERS: Level = Level::INFO;

/// Starts logging. The filter comes from `RUST_LOG`; without it, from `info` up.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if std::io::stderr().is_terminal() {
        lines.boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    };
    tracing_subscriber::registry().with(filter).with(filter_fn(may_be_logged)).with(lines).init();
}

fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let krate = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= FINEST_OF_OTHERS || OURS.contains(&krate)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl<S: tracing::Subscriber> Layer<S> for Seen {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            let metadata = event.metadata();
            self.0.lock().unwrap().push(format!("{} {}", metadata.level(), metadata.target()));
        }
    }

    #[test]
    fn only_our_own_lines_go_into_detail() {
        let seen = Seen::default();
        let subscriber = tracing_subscriber::registry()
            .with(EnvFilter::new("trace"))
            .with(filter_fn(may_be_logged))
            .with(seen.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "command_api::store", "ours");
            tracing::trace!(target: "lambda_runtime::layers", "an event");
            tracing::debug!(target: "aws_smithy_runtime::client", "an answer");
            tracing::debug!(target: "platform_of_others", "something");
            tracing::info!(target: "aws_config", "a region");
            tracing::error!(target: "hyper", "a failure");
        });
        let expected = ["TRACE command_api::store", "INFO aws_config", "ERROR hyper"];
        assert_eq!(*seen.0.lock().unwrap(), expected);
    }
}
