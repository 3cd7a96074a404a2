//! A cable between a service and an engine that a test can cut, or pinch.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Passes connections on to an engine, for as long as the test lets it.
pub struct Proxy {
    address: SocketAddr,
    upstream: (String, u16),
    /// Whether bytes pass. Those that arrive while none do are kept.
    flowing: watch::Sender<bool>,
    /// How late whatever the engine says comes.
    late: watch::Sender<Duration>,
    serving: AbortHandle,
}

impl Proxy {
    /// A proxy of the engine at this URL, which must name host and port.
    pub async fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = reqwest::Url::parse(url).unwrap();
        let upstream = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        let (flowing, late) = (watch::Sender::new(true), watch::Sender::new(Duration::ZERO));
        let serving = serve(listener, upstream.clone(), &flowing, &late);
        Self { address, upstream, flowing, late, serving }
    }

    /// The same URL, by way of this proxy.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        let mut url = reqwest::Url::parse(url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.to_string()
    }

    /// The server is stopped (SIGSTOP): connections stay, and nothing comes.
    pub fn stall(&self) {
        self.flowing.send_replace(false);
    }

    /// The server goes on, and does what it was asked meanwhile.
    pub fn go_on(&self) {
        self.flowing.send_replace(true);
    }

    /// The server is slow: from now on whatever it says comes so late.
    pub fn slow(&self, by: Duration) {
        self.late.send_replace(by);
    }

    /// The server is gone: connections break, new ones are refused.
    pub fn cut(&self) {
        self.serving.abort();
    }

    /// The server is back.
    pub async fn restore(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = serve(listener, self.upstream.clone(), &self.flowing, &self.late);
    }
}

fn serve(
    listener: TcpListener,
    upstream: (String, u16),
    flowing: &watch::Sender<bool>,
    late: &watch::Sender<Duration>,
) -> AbortHandle {
    let (flowing, late) = (flowing.subscribe(), late.subscribe());
    let serving = tokio::spawn(async move {
        // Dropped with this task, and then all connections with it.
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            let (upstream, flowing, late) = (upstream.clone(), flowing.clone(), late.clone());
            connections.spawn(async move {
                let Ok(server) = TcpStream::connect(upstream).await else { return };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::select! {
                    () = copy(from_client, to_server, flowing.clone(), None) => {}
                    () = copy(from_server, to_client, flowing, Some(late)) => {}
                }
            });
        }
    });
    serving.abort_handle()
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut flowing: watch::Receiver<bool>,
    late: Option<watch::Receiver<Duration>>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 || flowing.wait_for(|flowing| *flowing).await.is_err() {
            return;
        }
        if let Some(late) = late.as_ref().map(|late| *late.borrow()).filter(|late| !late.is_zero()) {
            tokio::time::sleep(late).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
