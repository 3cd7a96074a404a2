//! Where Chromium and its driver come from: this machine, or its package manager.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::programs::{Package, install, programs};

/// Chromium, its driver, and letters for Japanese, which a server has none of.
const PACKAGE: Package = Package {
    name: "Chromium, in which the pages are looked at",
    apt: &["chromium", "chromium-driver", "fonts-noto-cjk"],
    dnf: &["chromium", "chromedriver", "google-noto-sans-cjk-fonts"],
    apk: &["chromium", "chromium-chromedriver", "font-noto-cjk"],
    pacman: &["chromium", "noto-fonts-cjk"],
    brew: &["chromium", "chromedriver"],
};
/// What browsers that the driver drives are called.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// The variable with the browser's path.
const BROWSER: &str = "CHROMIUM";
/// The variable with the driver's path.
const DRIVER: &str = "CHROMEDRIVER";

/// The two programs.
#[derive(Debug, Clone)]
pub struct Chromium {
    pub(super) browser: PathBuf,
    pub(super) driver: PathBuf,
}

impl Chromium {
    /// Those of this machine; they are installed where there are none.
    ///
    /// # Errors
    /// When they cannot be had; the error says what to do.
    pub async fn have() -> anyhow::Result<Self> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        if let Err(error) = install(&PACKAGE).await {
            bail!("there is no Chromium with its chromedriver on this machine: {error:#}; install both");
        }
        Self::find().context("the installed packages brought no Chromium with its chromedriver")
    }

    fn find() -> Option<Self> {
        let first = |names| programs(names).next();
        Some(Self { browser: first(&BROWSERS)?, driver: first(&["chromedriver"])? })
    }

    /// The variables in which `cargo dev test` hands them to tests.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [(BROWSER, &self.browser), (DRIVER, &self.driver)]
            .map(|(name, path)| (name, path.to_string_lossy().into_owned()))
    }

    /// Those in the environment.
    ///
    /// # Errors
    /// When they are not there.
    pub fn given() -> anyhow::Result<Self> {
        let path = |name| {
            std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from).with_context(|| {
                format!(
                    "{name} is not set: `cargo dev test` sets it, and says so first where it has no Chromium"
                )
            })
        };
        Ok(Self { browser: path(BROWSER)?, driver: path(DRIVER)? })
    }
}
