//! What axe-core finds on the pages, in light and in dark.
//!
//! It is fetched once, at one version with one checksum, and kept under cargo's target directory. Where it cannot be fetched
//! nothing is looked at, and that is said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use devstack::browser::{Look, Window};
use harness::variable;
use serde_json::{Value, json};

use crate::layout::{MISSING, pages, see};
use crate::shop::Shop;

/// The release that is pinned.
const PACKAGE: &str = "axe-core@4.14.1";
/// Its file, as npm calls it.
const FILE: &str = "axe-core-4.14.1.tgz";
/// SHA-512 of the file.
const CHECKSUM: &str =
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";

/// The script, or why it cannot be had.
fn axe() -> Result<Result<String, String>> {
    let target = PathBuf::from(variable("TORIOKI_BIN_DIR"));
    let kept = target.parent().context("a target directory")?.join("axe");
    std::fs::create_dir_all(&kept)?;
    let file = kept.join(FILE);
    if !file.exists()
        && let Err(why) = fetch(&kept)
    {
        return Ok(Err(format!("{why:#}")));
    }
    let packed = std::fs::read(&file)?;
    let sum = BASE64_STANDARD.encode(ring::digest::digest(&ring::digest::SHA512, &packed));
    ensure!(sum == CHECKSUM, "{} is not what it was: {sum}", file.display());
    let unpacked = run(Command::new("tar").arg("-xzOf").arg(&file).arg("package/axe.min.js"))?;
    Ok(Ok(String::from_utf8(unpacked.stdout)?))
}

fn fetch(kept: &Path) -> Result<()> {
    let dir = tempfile::tempdir_in(kept)?;
    run(Command::new("npm").args(["pack", PACKAGE, "--pack-destination"]).arg(dir.path()))?;
    Ok(std::fs::rename(dir.path().join(FILE), kept.join(FILE))?)
}

fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{program} is not here"))?;
    ensure!(output.status.success(), "{program} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

/// The serious and critical issues of what a window shows.
async fn issues(window: &Window, axe: &str) -> Result<Vec<String>> {
    let script = format!(
        "{axe}; return axe.run(document, {{resultTypes: ['violations']}}).then(({{violations}}) => violations\
         .filter(({{impact}}) => impact === 'serious' || impact === 'critical')\
         .flatMap(({{id, nodes}}) => nodes.map(({{html, failureSummary}}) => `${{id}}: ${{html}} ${{failureSummary}}`)));"
    );
    let found: Value = window.run(&script, json!([])).await?;
    Ok(serde_json::from_value(found)?)
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page() -> Result<()> {
    let axe = match axe()? {
        Ok(axe) => axe,
        Err(why) => {
            // Past the harness, which keeps what a test that passes prints, and behind what it has begun to print itself.
            writeln!(std::io::stderr(), "\nSKIPPED: no page was looked at with axe-core: {why}")?;
            return Ok(());
        }
    };
    let shop = Shop::open().await?;
    let hold = shop.hold().await;
    let mut found = Vec::new();
    let mut look_at = async |window: &Window, look: Look, what: &str| -> Result<()> {
        for dark in [false, true] {
            window.look(Look { dark, ..look }).await?;
            let issues = issues(window, &axe).await?;
            found.extend(issues.into_iter().map(|issue| format!("{what} (dark: {dark}): {issue}")));
        }
        Ok(())
    };

    let look = Look::phone("ja");
    let phone = shop.window(look).await?;
    for page in pages(&hold) {
        see(&phone, &shop.page(&page)).await?;
        look_at(&phone, look, &page).await?;
    }
    see(&phone, &shop.page(&pages(&hold)[5])).await?;
    phone.click("[data-hold]:not([disabled])").await?;
    look_at(&phone, look, "placing a hold").await?;

    let astray = shop.window(look).await?;
    astray.go(&shop.page(MISSING)).await?;
    look_at(&astray, look, MISSING).await?;
    astray.close().await?;

    let look = Look::desk("en");
    let counter = shop.window(look).await?;
    counter.go(&shop.page("/staff")).await?;
    counter.until("document.querySelector('#sign-in').checkVisibility()").await?;
    look_at(&counter, look, "signing in").await?;
    counter.close().await?;
    let counter = shop.counter(look, "Sato").await?;
    counter.until("document.querySelector('#held-list .hold')").await?;
    look_at(&counter, look, "/staff").await?;
    for (button, dialog) in
        [("#new", "#hold-dialog"), ("#adjust", "#count-dialog"), ("#help", "#help-dialog")]
    {
        counter.click(button).await?;
        counter.until(&format!("document.querySelector('{dialog}[open]')")).await?;
        look_at(&counter, look, dialog).await?;
        counter.click(&format!("{dialog} [data-close]")).await?;
    }
    ensure!(found.is_empty(), "axe found:\n{}", found.join("\n"));
    shop.close([phone, counter]).await
}
