//! Events to an EventBridge bus.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::primitives::{DateTime, DateTimeFormat};
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use contracts::json::CloudEvent;

use super::target::Outcome;

/// Most entries of one `PutEvents` (the API's own limit).
pub(super) const MAX_ENTRIES: usize = 10;
/// Codes by which EventBridge says that an entry is at fault, and not who sends it, or the bus.
const AT_FAULT: [&str; 4] = ["MalformedDetail", "InvalidArgument", "ValidationException", "ValidationError"];

/// One bus.
pub(super) struct EventBridge {
    client: Client,
    bus: String,
}

impl EventBridge {
    pub(super) fn new(config: &SdkConfig, bus: &str) -> Self {
        // Whoever delivers tries again, and tells the log.
        let config = aws_sdk_eventbridge::config::Builder::from(config).retry_config(RetryConfig::disabled());
        Self { client: Client::from_conf(config.build()), bus: bus.to_owned() }
    }

    pub(super) async fn deliver(&self, events: &[&CloudEvent]) -> Vec<Outcome> {
        let entries: Result<Vec<_>, _> = events.iter().map(|event| self.entry(event)).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return vec![Outcome::failed(error); events.len()],
        };
        match self.client.put_events().set_entries(Some(entries)).send().await {
            Ok(answer) => {
                let mut outcomes: Vec<Outcome> =
                    answer.entries.unwrap_or_default().iter().map(outcome).collect();
                outcomes.resize(events.len(), Outcome::failed("the answer does not name it"));
                outcomes
            }
            Err(error) => {
                let reason = platform::dynamodb::cause(&error);
                let outcome = match error.code() {
                    Some(code) if events.len() == 1 && AT_FAULT.contains(&code) => Outcome::Refused(reason),
                    code => Outcome::failed_by(code.unwrap_or_default(), reason),
                };
                vec![outcome; events.len()]
            }
        }
    }

    fn entry(&self, event: &CloudEvent) -> Result<PutEventsRequestEntry, serde_json::Error> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(&event.source)
            .detail_type(&event.r#type)
            .detail(serde_json::to_string(event)?);
        let time = DateTime::from_str(&event.time, DateTimeFormat::DateTime);
        Ok(entry.set_time(time.ok()).build())
    }
}

/// What became of an entry: it has an id, or it is not on the bus.
fn outcome(entry: &PutEventsResultEntry) -> Outcome {
    if entry.event_id.is_some() && entry.error_code.is_none() {
        return Outcome::Taken;
    }
    let code = entry.error_code.as_deref().unwrap_or("no id");
    let reason = format!("{code}: {}", entry.error_message.as_deref().unwrap_or_default());
    if AT_FAULT.contains(&code) { Outcome::Refused(reason) } else { Outcome::failed_by(code, reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_an_id_is_not_on_the_bus() {
        let entry = PutEventsResultEntry::builder;
        assert_eq!(outcome(&entry().event_id("1").build()), Outcome::Taken);
        assert_eq!(outcome(&entry().build()), Outcome::failed("no id: "));
        let throttled = entry().error_code("ThrottlingException").error_message("slow").build();
        assert_eq!(outcome(&throttled), Outcome::Busy("ThrottlingException: slow".to_owned(), None));
        let failed = entry().error_code("InternalFailure").build();
        assert_eq!(outcome(&failed), Outcome::failed("InternalFailure: "));
        let refused = Outcome::Refused("MalformedDetail: ".to_owned());
        assert_eq!(outcome(&entry().error_code("MalformedDetail").build()), refused);
    }
}
