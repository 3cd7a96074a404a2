//! Events to an SQS queue.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use contracts::json::CloudEvent;
use sha2::{Digest, Sha256};

use super::target::Outcome;

/// Most messages of one `SendMessageBatch` (the API's own limit).
pub(super) const MAX_ENTRIES: usize = 10;
/// Longest message group id, in characters (the API's own limit). An aggregate's key can be longer.
const MAX_GROUP_CHARS: usize = 128;
/// Codes by which SQS says that a message is at fault, and not who sends it, or the queue.
const AT_FAULT: [&str; 4] = [
    "InvalidMessageContents",
    "InvalidParameterValue",
    "BatchRequestTooLong",
    "AWS.SimpleQueueService.BatchRequestTooLong",
];

/// One queue.
pub(super) struct Sqs {
    client: Client,
    queue_url: String,
}

impl Sqs {
    pub(super) fn new(config: &SdkConfig, queue_url: &str) -> Self {
        // Whoever delivers tries again, and tells the log.
        let config = aws_sdk_sqs::config::Builder::from(config).retry_config(RetryConfig::disabled());
        Self { client: Client::from_conf(config.build()), queue_url: queue_url.to_owned() }
    }

    pub(super) async fn deliver(&self, events: &[&CloudEvent]) -> Vec<Outcome> {
        let entries: Result<Vec<_>, _> =
            events.iter().enumerate().map(|(n, event)| self.entry(n, event)).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return vec![Outcome::failed(error); events.len()],
        };
        let request = self.client.send_message_batch().queue_url(&self.queue_url);
        match request.set_entries(Some(entries)).send().await {
            Ok(answer) => {
                let taken = answer.successful.iter().map(|entry| entry.id.as_str());
                outcomes(events.len(), taken, &answer.failed)
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

    fn entry(
        &self,
        n: usize,
        event: &CloudEvent,
    ) -> Result<SendMessageBatchRequestEntry, Box<dyn std::error::Error + Send + Sync>> {
        let entry = SendMessageBatchRequestEntry::builder().id(n.to_string());
        let entry = entry.message_body(serde_json::to_string(event)?);
        // Names of FIFO queues, and of no others, end so (SQS developer guide, FIFO queues).
        let entry = if self.queue_url.ends_with(".fifo") {
            entry.message_group_id(group(&event.subject)).message_deduplication_id(&event.id)
        } else {
            entry
        };
        Ok(entry.build()?)
    }
}

/// What is neither taken nor failed in the answer is not known to be taken.
fn outcomes<'a>(
    events: usize,
    taken: impl Iterator<Item = &'a str>,
    failed: &[BatchResultErrorEntry],
) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::failed("the answer does not name it"); events];
    let failed = failed.iter().map(|entry| {
        let reason = format!("{}: {}", entry.code, entry.message.as_deref().unwrap_or_default());
        let at_fault = entry.sender_fault && AT_FAULT.contains(&entry.code.as_str());
        let outcome =
            if at_fault { Outcome::Refused(reason) } else { Outcome::failed_by(&entry.code, reason) };
        (entry.id.as_str(), outcome)
    });
    for (id, outcome) in taken.map(|id| (id, Outcome::Taken)).chain(failed) {
        if let Some(place) = id.parse::<usize>().ok().and_then(|n| outcomes.get_mut(n)) {
            *place = outcome;
        }
    }
    outcomes
}

/// The message group of an aggregate: its key, or what stands for one that is too long.
fn group(aggregate: &str) -> String {
    if aggregate.len() <= MAX_GROUP_CHARS {
        aggregate.to_owned()
    } else {
        hex::encode(Sha256::digest(aggregate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_the_outcome_that_the_answer_gives_it() {
        let failed = |id: &str, sender_fault, code: &str| {
            let entry = BatchResultErrorEntry::builder().id(id).sender_fault(sender_fault).code(code);
            entry.build().unwrap()
        };
        let failed = [failed("2", true, "InvalidMessageContents"), failed("0", false, "InternalError")];
        assert_eq!(
            outcomes(4, ["3", "9", "x"].into_iter(), &failed),
            [
                Outcome::failed("InternalError: "),
                Outcome::failed("the answer does not name it"),
                Outcome::Refused("InvalidMessageContents: ".to_owned()),
                Outcome::Taken,
            ]
        );
    }

    #[test]
    fn a_group_is_the_aggregate_as_far_as_it_fits() {
        assert_eq!(group("stock#a#b"), "stock#a#b");
        let long = format!("stock#{}", "a".repeat(200));
        assert_eq!(group(&long).len(), 64);
        assert_ne!(group(&long), group(&format!("{long}b")));
    }
}
