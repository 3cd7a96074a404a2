//! A client that takes hardly any time of its own: on one machine it shares the processors with what is measured.

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Ends the head of an answer.
const END: &[u8] = b"\r\n\r\n";

/// A connection on which one question is asked after the other, in HTTP/1.1.
pub(super) struct Wire {
    stream: TcpStream,
    host: String,
    /// Lines that each question has in its head.
    headers: String,
    answer: Vec<u8>,
}

impl Wire {
    /// Connects to the server at this URL.
    pub(super) async fn connect(base_url: &str, headers: &[(&str, &str)]) -> Result<Self> {
        let host = base_url.strip_prefix("http://").context("a server without TLS was expected")?.to_owned();
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        Ok(Self { stream, host, headers, answer: Vec::new() })
    }

    /// Asks, and reads the answer whole, which must be 200.
    pub(super) async fn get(&mut self, path: &str) -> Result<()> {
        let question = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{}\r\n", self.host, self.headers);
        self.stream.write_all(question.as_bytes()).await?;
        self.answer.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "{path}: the answer breaks off");
            let length = length(&self.answer).with_context(|| path.to_owned())?;
            if length.is_some_and(|length| self.answer.len() >= length) {
                return Ok(());
            }
        }
    }
}

/// Bytes of an answer, head and all, as soon as its head is there.
fn length(answer: &[u8]) -> Result<Option<usize>> {
    let Some(head) = answer.windows(END.len()).position(|bytes| bytes == END) else { return Ok(None) };
    let text = String::from_utf8_lossy(answer.get(..head).unwrap_or_default());
    ensure!(text.starts_with("HTTP/1.1 200 "), "{text}");
    let lengths = text.lines().filter_map(|line| line.split_once(':'));
    let body = lengths.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, body) = body.context("an answer of no known length")?;
    Ok(Some(head + END.len() + body.trim().parse::<usize>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\netag: \"x\"\r\n\r\nabc";
        assert_eq!(length(answer).unwrap(), Some(answer.len()));
        assert_eq!(length(&answer[..answer.len() - 4]).unwrap(), None);
        assert!(length(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").is_err());
        assert!(length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
