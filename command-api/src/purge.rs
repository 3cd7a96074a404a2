//! When ended holds forget whose they were: once, or at the events of a schedule.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::app::{App, Purged};

/// Purges once and prints what came of it. Where AWS Lambda runs the process, at every event instead, whatever is in it.
///
/// # Errors
/// When the holds that are due cannot be read, or some could not be made anonymous.
pub async fn run(app: App, days: i64) -> Result<(), lambda_runtime::Error> {
    if platform::lambda::is_here() {
        let purge = |_: LambdaEvent<Value>| async { once(&app, days).await };
        return lambda_runtime::run(service_fn(purge)).await;
    }
    println!("{}", serde_json::to_string(&once(&app, days).await?)?);
    Ok(())
}

async fn once(app: &App, days: i64) -> Result<Purged, lambda_runtime::Error> {
    let purged = app.purge(days).await?;
    let Purged { anonymised, skipped, failed } = purged;
    tracing::info!(anonymised, skipped, failed, "purged");
    if failed > 0 {
        return Err(format!("{failed} holds could not be made anonymous; purge again").into());
    }
    Ok(purged)
}
