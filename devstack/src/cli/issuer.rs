//! `cargo dev issuer`: the issuer of tokens by itself, for a stack in containers.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::build;
use super::stop::Stop;
use super::try_it;
use crate::console::tell;
use crate::dataset::Dataset;
use crate::issuer::{self, SignIn};

/// How often it is looked whether it still serves.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(super) struct Issuer {
    /// Address and port to listen on; port 0 takes a free one. It gives a token to whoever reaches it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
    /// Directory of its key, which is made there at the first start.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// What it calls itself, if services find it elsewhere than at the address: their JWT_ISSUER.
    #[arg(long)]
    url: Option<String>,
    /// Origin of pages whose visitors sign in here, as people of the demo data; give it again for another.
    #[arg(long, value_name = "ORIGIN")]
    page: Vec<String>,
}

impl Issuer {
    pub(super) async fn run(self) -> Result<bool> {
        let mut stop = Stop::listen()?;
        let dir = match self.dir {
            Some(dir) => dir,
            None => build::state_dir("issuer")?,
        };
        let issuer = issuer::Issuer::listen(&dir, self.listen, self.url.as_deref())?;
        let personas = try_it::personas(Some(&Dataset::demo()?))?;
        issuer.offer(SignIn { pages: self.page, personas });
        tell(format_args!("listening on http://{}", issuer.address()));
        for (name, value) in issuer.environment() {
            tell(format_args!("{name}={value}"));
        }
        let watch = async {
            loop {
                issuer.check()?;
                tokio::time::sleep(WATCH_INTERVAL).await;
            }
        };
        tokio::select! {
            ended = watch => ended,
            () = stop.requested() => Ok(true),
        }
    }
}
