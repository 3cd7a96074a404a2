//! Two command APIs behind one bad way to DynamoDB, and a client that does not give up.

use std::time::Duration;

use devstack::service::Service;
use reqwest::Method;
use serde_json::Value;

use crate::{Answer, Api, Faults, Ledger, System, until};

/// How often a client sends one command before the test has failed. A storm turns a command away a few times.
const MAX_SENDINGS: usize = 40;
/// Pause between two sendings. Shorter than what `Retry-After` asks: nobody else is to be spared here.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a process may take until it is ready.
const READY: Duration = Duration::from_secs(30);

/// The processes and what they stand on.
pub struct Pair {
    /// The two processes.
    pub services: [Service; 2],
    /// Their way to DynamoDB.
    pub faults: Faults,
    /// The engines.
    pub system: System,
    apis: [Api; 2],
}

impl Pair {
    /// Ready, and without any fault yet.
    pub async fn new() -> Self {
        let system = System::new().await;
        let faults = Faults::start(&system.tables.endpoint).await;
        let start = || async {
            let mut service = system.command_api_at(faults.url()).await;
            service.wait_ready(READY).await.unwrap();
            service
        };
        let (one, two) = tokio::join!(start(), start());
        let apis = [Api::from(&one), Api::from(&two)];
        Self { services: [one, two], faults, system, apis }
    }

    /// One of the two, 0 or 1.
    #[must_use]
    pub fn api(&self, n: usize) -> &Api {
        &self.apis[n % 2]
    }

    /// Sends a command again and again, to either process in turn, until it is answered otherwise than 503.
    ///
    /// # Panics
    /// When a 503 does not say when to come again, or the command is never answered.
    pub async fn insist(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        self.insist_from(0, method, path, key, body).await
    }

    async fn insist_from(&self, first: usize, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        for n in first..first + MAX_SENDINGS {
            let answer = self.api(n).command(method.clone(), path, key, body).await;
            if answer.status != 503 {
                return answer;
            }
            assert!(answer.says_when_to_retry(), "{}", answer.body);
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{method} {path} was sent {MAX_SENDINGS} times in vain");
    }

    /// Sends a command that was carried out to both processes, which must give this answer again in the end: what a first sending
    /// did not have to read, a repetition may, and meets what was to go wrong with that.
    ///
    /// # Panics
    /// When one does not.
    pub async fn answered_again(&self, method: &Method, path: &str, key: &str, body: &Value, first: &Answer) {
        for process in 0..self.apis.len() {
            let again = self.insist_from(process, method.clone(), path, key, body).await;
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{method} {path}");
            assert!(again.headers.contains_key("idempotent-replay"), "{method} {path} was carried out again");
        }
    }

    /// What was written, once nothing is on its way any more.
    pub async fn ledger(&self) -> Ledger {
        until("no call is on its way", || async { self.faults.idle() }).await;
        self.system.tables.ledger().await
    }
}
