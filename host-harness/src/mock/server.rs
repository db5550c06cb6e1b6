//! The listener and its connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::exchange::Mock;
use super::socket::{Reset, Socket};

/// Serves HTTP/1.1 and HTTP/2 until it is dropped, and the connections with it.
pub(super) async fn serve(listener: TcpListener, mock: Arc<Mock>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    mock.connections.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(connection(stream, Arc::clone(&mock)));
                }
                Err(error) => {
                    tracing::warn!(%error, "the mock cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, mock: Arc<Mock>) {
    // Events are small, and must not wait for each other.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the mock cannot turn off Nagle's algorithm");
    }
    let reset = Reset::default();
    let socket = Socket::new(stream, reset.clone());
    let service = service_fn(move |request| {
        let (mock, reset) = (Arc::clone(&mock), reset.clone());
        async move { mock.answer(request, &reset).await }
    });
    let served = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(error, "a connection of the mock ended early");
    }
}

/// How long to wait for file descriptors to come back when the process has run out of them.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
