//! A window that is photographed.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::browser::{Chromium, Look, Window};
use crate::stack::Stack;

/// A window, and where its pictures go.
pub(super) struct Camera {
    pub(super) window: Window,
    look: Look,
    base_url: String,
    dir: PathBuf,
    taken: Cell<usize>,
}

impl Camera {
    pub(super) async fn new(stack: &Stack, chromium: &Chromium, look: Look, dir: &Path) -> Result<Self> {
        let window = Window::open(chromium, look).await?;
        let base_url = stack.query_url().to_owned();
        Ok(Self { window, look, base_url, dir: dir.to_owned(), taken: Cell::new(0) })
    }

    /// A phrase in the window's language.
    pub(super) fn says<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        if self.look.lang == "ja" { ja } else { en }
    }

    /// Goes to one of our pages, anew even where only the fragment differs.
    pub(super) async fn go(&self, path: &str) -> Result<()> {
        self.window.go("about:blank").await?;
        self.window.go(&format!("{}{path}", self.base_url)).await
    }

    /// Goes to a page and takes its picture.
    pub(super) async fn visit(&self, path: &str, name: &str) -> Result<()> {
        self.go(path).await?;
        self.keep(name).await
    }

    /// Takes a picture of what is there.
    pub(super) async fn keep(&self, name: &str) -> Result<()> {
        let Look { width, lang, dark, .. } = self.look;
        let dark = if dark { "-dark" } else { "" };
        let file = self.dir.join(format!("{name}-{width}-{lang}{dark}.png"));
        std::fs::write(&file, self.window.picture().await?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        self.taken.set(self.taken.get() + 1);
        Ok(())
    }

    /// Closes the window; answers how many pictures were taken.
    pub(super) async fn close(self) -> Result<usize> {
        self.window.close().await?;
        Ok(self.taken.get())
    }
}
