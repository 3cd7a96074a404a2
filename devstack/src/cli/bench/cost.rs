//! `cargo dev bench cost`: a whole stack, with a meter before DynamoDB.

use anyhow::Result;

use crate::bench::cost::{Costs, Meter, Metering};
use crate::cli::lock::Lock;
use crate::cli::up::Engines;
use crate::cli::{build, machine};
use crate::compare;
use crate::console::tell;
use crate::engines::{Dynamodb, mysql};
use crate::stack::{self, Options, Ports, Stack};

pub(super) async fn run() -> Result<bool> {
    let state_dir = build::state_dir("bench")?;
    let _lock = Lock::take(&state_dir)?;
    stack::forget(&state_dir)?;
    std::fs::create_dir_all(&state_dir)?;
    build::services().await?;
    let engine = Dynamodb::start(&state_dir.join("dynamodb"))?;
    let meter = Meter::before(engine.endpoint()).await?;
    let engines = Engines { dynamodb_endpoint: Some(meter.url().to_owned()), mysql_url: None };
    let options = engines.options("bench", "bench", Ports::default())?;
    let costs = measured(&options, meter).await;
    engine.stop();
    stack::forget(&state_dir)?;
    let (version, costs) = costs?;
    tell(format_args!("{}; the embedded DynamoDB, begun anew, and {version}.\n", machine::described()));
    tell(costs.to_string().trim_end());
    Ok(true)
}

async fn measured(options: &Options, meter: Meter) -> Result<(String, Costs)> {
    let mut stack = Stack::start(options).await?;
    let engines = compare::Target {
        dynamodb_endpoint: stack.dynamodb_endpoint().to_owned(),
        table_prefix: options.table_prefix.to_string(),
        mysql_url: stack.mysql_url().to_owned(),
    };
    let version = mysql::version(stack.mysql_url()).await?;
    let costs = Metering { stack: &mut stack, engines, meter }.costs().await?;
    stack.stop().await?;
    Ok((version, costs))
}
