//! A service that keeps each request as it came, and answers with the bytes that it was given.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The service. Each connection is for one request.
pub(crate) struct Recorder {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    seen: Mutex<Vec<Exchange>>,
    /// The answers to come, each in the pieces in which it is sent.
    answers: Mutex<VecDeque<Vec<Vec<u8>>>>,
}

/// One HTTP message, a request or an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exchange {
    /// The first line.
    pub(crate) line: String,
    /// The headers, with names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without the framing of HTTP.
    pub(crate) body: Vec<u8>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let server = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(serve(stream, Arc::clone(&state)));
                }
            }
        });
        Self {
            address,
            state,
            server,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next answer: all of its bytes, the head too.
    pub(crate) fn answer(&self, pieces: &[&[u8]]) {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        self.state.answers.lock().unwrap().push_back(pieces);
    }

    /// Forgets answers that nobody has asked for.
    pub(crate) fn forget_answers(&self) {
        self.state.answers.lock().unwrap().clear();
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Exchange> {
        self.state.seen.lock().unwrap().clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = Exchange::read(&mut stream).await else {
        return;
    };
    state.seen.lock().unwrap().push(request);
    let pieces = state.answers.lock().unwrap().pop_front();
    let pieces = pieces.unwrap_or_else(|| {
        vec![
            b"HTTP/1.1 418 I'm a teapot\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec(),
        ]
    });
    for piece in pieces {
        if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        // So that pieces arrive as such.
        tokio::task::yield_now().await;
    }
    let _ = stream.shutdown().await;
}

/// Sends the bytes of a request, and reads the answer. None when it ends before it should.
pub(crate) async fn send(address: SocketAddr, request: &[u8]) -> Option<Exchange> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever refuses a request may close before all of it was sent.
    let _ = stream.write_all(request).await;
    Exchange::read(&mut stream).await
}

impl Exchange {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(found, _)| found == name)?;
        Some(value)
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        self.line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Reads a message to the end that its head gives it.
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            more(stream, &mut bytes).await?;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut rest = bytes.split_off(end + 4);
        let mut lines = head.split("\r\n");
        let mut message = Self {
            line: lines.next().unwrap().to_owned(),
            ..Self::default()
        };
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            let header = (name.to_ascii_lowercase(), value.to_owned());
            message.headers.push(header);
        }
        message.body = if message.header("transfer-encoding") == Some("chunked") {
            chunks(stream, rest).await?
        } else if let Some(length) = message.header("content-length") {
            let length: usize = length.parse().unwrap();
            while rest.len() < length {
                more(stream, &mut rest).await?;
            }
            rest
        } else if message.line.starts_with("HTTP/") {
            while more(stream, &mut rest).await.is_some() {}
            rest
        } else {
            rest
        };
        Some(message)
    }
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(bytes).await.ok()?;
    (read > 0).then_some(())
}

/// A body in chunks. One whose end does not come is none.
async fn chunks(stream: &mut TcpStream, mut rest: Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
                break end;
            }
            more(stream, &mut rest).await?;
        };
        let length = std::str::from_utf8(&rest[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        while rest.len() < end + 2 + length + 2 {
            more(stream, &mut rest).await?;
        }
        body.extend(&rest[end + 2..end + 2 + length]);
        rest.drain(..end + 2 + length + 2);
        if length == 0 {
            return Some(body);
        }
    }
}
