//! A cable between the service and MySQL that a test can cut, or pinch.

use std::net::SocketAddr;

use sqlx::mysql::MySqlConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

pub struct Proxy {
    address: SocketAddr,
    upstream: (String, u16),
    /// Whether bytes pass. Those that arrive while none do are kept.
    flowing: watch::Sender<bool>,
    serving: AbortHandle,
}

impl Proxy {
    pub async fn start(options: &MySqlConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = (options.get_host().to_owned(), options.get_port());
        let flowing = watch::Sender::new(true);
        let serving = serve(listener, upstream.clone(), &flowing);
        Self { address, upstream, flowing, serving }
    }

    /// The same database, by way of this proxy.
    pub fn options(&self, options: &MySqlConnectOptions) -> MySqlConnectOptions {
        options.clone().host(&self.address.ip().to_string()).port(self.address.port())
    }

    /// The server is stopped (SIGSTOP): connections stay, and nothing comes.
    pub fn stall(&self) {
        self.flowing.send_replace(false);
    }

    /// The server goes on, and does what it was asked meanwhile.
    pub fn go_on(&self) {
        self.flowing.send_replace(true);
    }

    /// The server is gone: connections break, new ones are refused.
    pub fn cut(&self) {
        self.serving.abort();
    }

    /// The server is back.
    pub async fn restore(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = serve(listener, self.upstream.clone(), &self.flowing);
    }
}

fn serve(listener: TcpListener, upstream: (String, u16), flowing: &watch::Sender<bool>) -> AbortHandle {
    let flowing = flowing.subscribe();
    let serving = tokio::spawn(async move {
        // Dropped with this task, and then all connections with it.
        let mut connections = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            let (upstream, flowing) = (upstream.clone(), flowing.clone());
            connections.spawn(async move {
                let Ok(server) = TcpStream::connect(upstream).await else { return };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::select! {
                    () = copy(from_client, to_server, flowing.clone()) => {}
                    () = copy(from_server, to_client, flowing) => {}
                }
            });
        }
    });
    serving.abort_handle()
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut flowing: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 || flowing.wait_for(|flowing| *flowing).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
