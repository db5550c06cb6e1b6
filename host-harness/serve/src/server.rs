//! The connections, and their end.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::exchange::Options;
use super::patience::Patient;
use crate::listener;

/// Serves until `stop` says how long running answers may take from then on. Returns how many did not come to their end
/// within that time.
///
/// Hyper itself and not `axum::serve`, which has no limit on the time and the size of a head. HTTP/1.1 alone: it is what SDKs speak without TLS, and with it a connection that ends is one request that nobody waits
/// for any more.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    options: &Options,
    stop: watch::Receiver<Option<Duration>>,
) -> usize {
    let mut connections = JoinSet::new();
    let most = options.max_connections;
    let connect = |stream| connection(stream, router.clone(), options.clone(), stop.clone());
    let limit = tokio::select! {
        never = listener::accept(&listener, &mut connections, most, connect) => match never {},
        limit = stopped(stop.clone()) => limit,
    };
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limit, finished).await;
    let cut = connections.len();
    // Awaited, so that whoever counts their calls and hears their events has all of them.
    connections.shutdown().await;
    cut
}

async fn connection(
    stream: TcpStream,
    router: Router,
    options: Options,
    stop: watch::Receiver<Option<Duration>>,
) {
    let Options {
        header_time,
        send_time,
        ..
    } = options;
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
        .max_header_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(Patient::new(stream, send_time)), service);
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stopped(stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection ended early"
        );
    }
}

/// Waits until the service is told to stop, and returns how long answers may still take. That is not at all when nobody is
/// left to tell it.
async fn stopped(mut stop: watch::Receiver<Option<Duration>>) -> Duration {
    let limit = stop.wait_for(Option::is_some).await;
    limit.map_or(None, |limit| *limit).unwrap_or_default()
}

/// The most that the head of a request may have: those of SDKs have less than 2 KB, and a gateway's token some KB more.
const MAX_HEADER_BYTES: usize = 32 * 1024;
