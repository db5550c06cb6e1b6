//! Accepting connections, and reading the bodies of requests.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Accepts connections until it is dropped. Each becomes a task of `connections`.
pub(crate) async fn accept<C>(
    listener: &TcpListener,
    connections: &mut JoinSet<()>,
    connect: impl Fn(TcpStream) -> C,
) -> Infallible
where
    C: Future<Output = ()> + Send + 'static,
{
    let mut warned: Option<Instant> = None;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Events are small, and must not wait for each other.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "cannot turn off Nagle's algorithm");
                    }
                    connections.spawn(connect(stream));
                }
                Err(error) => {
                    // It fails again and again until another connection ends.
                    if warned.is_none_or(|warned| warned.elapsed() >= WARNING_INTERVAL) {
                        warned = Some(Instant::now());
                        tracing::warn!(
                            "cannot accept a connection: {error}; if there are too many open files, raise the limit \
                             (`ulimit -n`) or let fewer clients in"
                        );
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Reads the body of a request; none when it has more bytes than `limit`. It is read to its end all the same: a client
/// hears no answer while it is still sending.
pub(crate) async fn read(mut body: Incoming, limit: usize) -> hyper::Result<Option<Bytes>> {
    let mut bytes = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        match length > limit {
            true => bytes = BytesMut::new(),
            false => bytes.extend_from_slice(&data),
        }
    }
    Ok((length <= limit).then(|| bytes.freeze()))
}

/// How often it is said that connections cannot be accepted.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// How long to wait for file descriptors to come back when the process has run out of them.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
