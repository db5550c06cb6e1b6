//! A client that writes every byte itself, so that a test can leave out what a real one would not.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::in_time;

/// An answer that has come to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// An answer that may still be coming.
pub(crate) struct Coming {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// A request with a JSON body.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    send(address, "POST", path, &headers, &body.to_string()).await
}

/// A request without a body.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, &[], "").await
}

/// A request with these headers beside those of its connection. A `host` among them takes the place of the right one.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    begin(address, method, path, headers, body)
        .await
        .end()
        .await
}

/// The same, without waiting for the answer.
pub(crate) async fn begin(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Coming {
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head += &format!("host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if method == "POST" {
        head += &format!("content-length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .await
        .unwrap();
    Coming {
        stream,
        bytes: Vec::new(),
    }
}

impl Coming {
    /// Reads until a text has come.
    pub(crate) async fn until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.bytes).contains(text) {
            let read = in_time(self.stream.read_buf(&mut self.bytes))
                .await
                .unwrap();
            assert_ne!(
                read,
                0,
                "it ends without {text}: {}",
                String::from_utf8_lossy(&self.bytes)
            );
        }
    }

    /// Reads to the end of the connection.
    pub(crate) async fn end(mut self) -> Answer {
        in_time(self.stream.read_to_end(&mut self.bytes))
            .await
            .unwrap();
        let text = String::from_utf8(self.bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked");
        Answer {
            status,
            head: head.to_owned(),
            body: match is_chunked {
                true => joined(body),
                false => body.to_owned(),
            },
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The names and the data of the events of a stream. Comments are none.
    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        assert_eq!(self.status, 200, "{self:?}");
        let kind = self.header("content-type");
        assert_eq!(kind, Some("text/event-stream; charset=utf-8"));
        let frames = self.body.split_terminator("\n\n");
        let events = frames.filter(|frame| !frame.starts_with(':'));
        events
            .map(|event| {
                let (name, data) = event.split_once('\n').unwrap();
                let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                (name.strip_prefix("event: ").unwrap().to_owned(), data)
            })
            .collect()
    }
}

/// A body that came in chunks. One that has no end fails.
fn joined(mut rest: &str) -> String {
    let mut body = String::new();
    loop {
        let (length, after) = rest.split_once("\r\n").unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return body;
        }
        body += &after[..length];
        rest = after[length..].strip_prefix("\r\n").unwrap();
    }
}
