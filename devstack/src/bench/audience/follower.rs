//! One who follows a count by server-sent events.

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::told::Told;

/// What stands before a position, at the start of a line.
const ID: &[u8] = b"\nid: ";

/// A stream, and what was read of it.
pub(super) struct Follower {
    stream: TcpStream,
    text: Vec<u8>,
    position: u64,
}

impl Follower {
    /// Asks, and reads what there is at first.
    pub(super) async fn connect(base_url: &str, path: &str) -> Result<Self> {
        let host = base_url.strip_prefix("http://").context("a server without TLS was expected")?;
        let mut stream = TcpStream::connect(host).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await?;
        let mut follower = Self { stream, text: Vec::new(), position: 0 };
        follower.position = follower.next().await?;
        Ok(follower)
    }

    /// Reads for as long as there is anything, and notes what it is told.
    pub(super) async fn listen(mut self, told: Told) -> Result<()> {
        loop {
            let position = self.next().await?;
            told.note(self.position, position);
            self.position = position;
        }
    }

    /// The next position that is told.
    async fn next(&mut self) -> Result<u64> {
        loop {
            if let Some((position, end)) = last_position(&self.text) {
                self.text.drain(..end);
                return Ok(position);
            }
            ensure!(
                self.stream.read_buf(&mut self.text).await? > 0,
                "{}",
                String::from_utf8_lossy(&self.text)
            );
        }
    }
}

/// The last position whose line is whole, and where that line ends.
fn last_position(text: &[u8]) -> Option<(u64, usize)> {
    let starts = text.windows(ID.len()).enumerate().rev().filter(|(_, bytes)| *bytes == ID);
    starts.map(|(at, _)| at + ID.len()).find_map(|start| {
        let rest = text.get(start..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        let position = std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()?;
        Some((position, start + length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_when_its_line_is_whole() {
        let text = b"5a\r\nevent: stock\ndata: {}\nid: 17\n\n\r\n8\r\nid: 18\n\n\r\n9\r\nid: 1";
        let (position, end) = last_position(text).unwrap();
        assert_eq!(position, 18);
        assert_eq!(last_position(&text[end..]), None);
        assert_eq!(last_position(b"data: {}\nid: 17"), None);
    }
}
