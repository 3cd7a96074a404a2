//! One connection's bytes, under a clock.
//!
//! A connection without a request holds a place that others need. hyper's own timeout of a head begins when it starts to
//! wait for one, and so cannot tell a slow head from a connection that is kept alive; here a head has its own, shorter
//! time from its first byte on. What a request may take is not bounded here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// How long a connection may be without a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first byte of a head, or the connection's beginning, to the head's end.
    pub head: Duration,
    /// From one byte to the next after an answer: the rest of the answer, or the next request.
    pub idle: Duration,
}

/// What a connection waits for.
#[derive(Debug, Clone)]
pub(super) struct Phase(Arc<AtomicU8>);

/// What a phase is, as an atomic holds it.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Waits {
    Head,
    Answer,
    Next,
}

impl Phase {
    /// A head has come whole.
    pub(super) fn requested(&self) {
        self.0.store(Waits::Answer as u8, Ordering::Relaxed);
    }

    /// Its answer is there to be sent.
    pub(super) fn answered(&self) {
        self.0.store(Waits::Next as u8, Ordering::Relaxed);
    }
}

/// A socket that fails when its patience is over.
pub(super) struct Wire {
    stream: TcpStream,
    patience: Patience,
    phase: Phase,
    /// The phase that the clock was set for.
    seen: u8,
    clock: Pin<Box<Sleep>>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, patience: Patience) -> Self {
        let phase = Phase(Arc::new(AtomicU8::new(Waits::Head as u8)));
        Self { stream, patience, phase, seen: Waits::Head as u8, clock: Box::pin(sleep(patience.head)) }
    }

    /// For whoever knows of requests.
    pub(super) fn phase(&self) -> Phase {
        self.phase.clone()
    }

    /// Asks to be woken as well: hyper does not read again after an answer for which it was not woken.
    fn set_clock(&mut self, context: &mut Context<'_>) {
        let patience = if self.seen == Waits::Head as u8 { self.patience.head } else { self.patience.idle };
        self.clock.as_mut().reset(Instant::now() + patience);
        let _ = self.clock.as_mut().poll(context);
    }

    /// Sets the clock anew where the phase is another than before.
    fn follow(&mut self, context: &mut Context<'_>) {
        let phase = self.phase.0.load(Ordering::Relaxed);
        if phase != self.seen {
            self.seen = phase;
            self.set_clock(context);
        }
    }

    /// Nothing could be read or written now: waits for the clock as well.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.seen != Waits::Answer as u8 {
            ready!(self.clock.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.follow(context);
        match written {
            Poll::Pending => self.wait(context),
            Poll::Ready(Ok(_)) if self.seen == Waits::Next as u8 => {
                self.set_clock(context);
                written
            }
            Poll::Ready(_) => written,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.follow(context);
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            return self.wait(context);
        }
        if self.seen == Waits::Next as u8 && buffer.filled().len() > before {
            self.phase.0.store(Waits::Head as u8, Ordering::Relaxed);
            self.follow(context);
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
