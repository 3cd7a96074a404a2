//! When holds whose time is over are looked for: again and again beside the API, or once, or at the events of a schedule.

use std::convert::Infallible;
use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use rand::Rng;
use serde_json::Value;

use crate::app::{App, Swept};

/// Sweeps for ever, but not where AWS Lambda runs the process: there it would be stopped in the middle. The pauses differ,
/// so that several processes do not sweep at the same moment.
pub async fn every(app: App, interval: Duration) -> Infallible {
    if platform::lambda::is_here() {
        return std::future::pending().await;
    }
    loop {
        // Drawn anew each time: half of it to one and a half.
        let pause = interval.mul_f64(rand::rng().random_range(0.5..1.5));
        tokio::time::sleep(pause).await;
        match app.sweep().await {
            Ok(swept) => told(swept),
            Err(error) => tracing::warn!(%error, "a sweep was broken off; the next one begins anew"),
        }
    }
}

/// Sweeps once and prints what came of it. Where AWS Lambda runs the process, at every event instead, whatever is in it.
///
/// # Errors
/// When the holds that are due cannot be read, or some could not be ended.
pub async fn run(app: App) -> Result<(), lambda_runtime::Error> {
    if platform::lambda::is_here() {
        let sweep = |_: LambdaEvent<Value>| async { once(&app).await };
        return lambda_runtime::run(service_fn(sweep)).await;
    }
    println!("{}", serde_json::to_string(&once(&app).await?)?);
    Ok(())
}

async fn once(app: &App) -> Result<Swept, lambda_runtime::Error> {
    let swept = app.sweep().await?;
    told(swept);
    if swept.failed > 0 {
        return Err(format!("{} holds could not be ended; sweep again", swept.failed).into());
    }
    Ok(swept)
}

fn told(Swept { expired, skipped, failed }: Swept) {
    if expired + failed > 0 {
        tracing::info!(expired, skipped, failed, "swept");
    }
}
