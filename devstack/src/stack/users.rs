//! Whom the services of a stack sign in to MySQL as: a user in the role of each, and never whoever migrates.

use anyhow::Context;
use reqwest::Url;

use super::Options;
use crate::secret;

/// Has a user of that role in the database at this URL, and returns the URL by which a service signs in as that user.
pub(super) async fn user(options: &Options, mysql: &str, role: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(mysql).context("the URL of MySQL is no URL")?;
    // Users are a server's: those of two stacks must not be one.
    let name = format!("{}_{role}", url.path().trim_matches('/'));
    let file = format!("{role}-password");
    let password = secret::key(&options.state_dir, &file)?;
    let file = options.state_dir.join(file);
    let arguments = ["access", "user", "add", &name, "--role", role, "--password-file"].map(str::to_owned);
    let arguments = arguments.into_iter().chain([file.to_string_lossy().into_owned()]).collect();
    options.migrate(arguments, "", mysql).await?;
    for set in [url.set_username(&name), url.set_password(Some(&password))] {
        set.ok().context("the URL of MySQL takes no user")?;
    }
    Ok(url.into())
}
