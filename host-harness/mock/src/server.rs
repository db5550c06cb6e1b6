//! The mock's connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::mock::Mock;
use crate::wire::listener;
use crate::wire::socket::{Reset, Socket};

/// Serves HTTP/1.1 and HTTP/2 until it is dropped, and the connections with it.
pub(crate) async fn serve(listener: TcpListener, mock: Arc<Mock>) {
    let mut connections = JoinSet::new();
    let connect = |stream| connection(stream, Arc::clone(&mock));
    listener::accept(&listener, &mut connections, connect).await;
}

async fn connection(stream: TcpStream, mock: Arc<Mock>) {
    mock.connections.fetch_add(1, Ordering::Relaxed);
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
