//! A person and a token endpoint that do what a test says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

use super::super::browser::BrowserOpener;

pub(super) type Pairs = BTreeMap<String, String>;

fn pairs(query: &str) -> Pairs {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// A token endpoint that gives the answers of a script, and keeps what it was asked.
pub(super) struct Endpoint {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<Pairs>>>,
    server: JoinHandle<()>,
}

impl Endpoint {
    pub(super) async fn start(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Pairs>>> = Arc::default();
        let mut answers: VecDeque<(u16, String)> = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()))
            .collect();
        let keep = Arc::clone(&asked);
        let server = tokio::spawn(async move {
            while let Some((status, body)) = answers.pop_front() {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut request = String::new();
                let mut length = 0;
                stream.read_line(&mut request).await.unwrap();
                assert!(
                    request.starts_with("POST /t-1/oauth2/v2.0/token "),
                    "{request}"
                );
                loop {
                    let mut header = String::new();
                    stream.read_line(&mut header).await.unwrap();
                    match header.trim().to_ascii_lowercase().split_once(": ") {
                        Some(("content-length", value)) => length = value.parse().unwrap(),
                        Some(_) => {}
                        None => break,
                    }
                }
                let mut form = vec![0; length];
                stream.read_exact(&mut form).await.unwrap();
                keep.lock()
                    .unwrap()
                    .push(pairs(&String::from_utf8(form).unwrap()));
                let answer = format!(
                    "HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self {
            address,
            asked,
            server,
        }
    }

    pub(super) fn asked(&self) -> Vec<Pairs> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A person with a browser: goes to each of these paths on this machine, with `STATE` for the state, and keeps the pages.
#[derive(Default)]
pub(super) struct Person {
    visits: Vec<&'static str>,
    asked: Mutex<Vec<Pairs>>,
    pages: Mutex<Vec<String>>,
    pub(super) opened: Notify,
}

impl Person {
    pub(super) fn who_visits(visits: &[&'static str]) -> Arc<Self> {
        Arc::new(Self {
            visits: visits.to_vec(),
            ..Self::default()
        })
    }

    pub(super) fn pages(&self) -> Vec<String> {
        self.pages.lock().unwrap().clone()
    }

    pub(super) fn asked(&self) -> Vec<Pairs> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl BrowserOpener for Person {
    async fn open(&self, address: &Url) -> Result<(), String> {
        let asked = pairs(address.query().unwrap());
        self.asked.lock().unwrap().push(asked.clone());
        self.opened.notify_one();
        for visit in &self.visits {
            let redirect = Url::parse(&asked["redirect_uri"]).unwrap();
            assert_eq!(redirect.host_str(), Some("localhost"));
            let mut stream = TcpStream::connect(("127.0.0.1", redirect.port().unwrap()))
                .await
                .unwrap();
            let path = visit.replace("STATE", &asked["state"]);
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut page = String::new();
            stream.read_to_string(&mut page).await.unwrap();
            self.pages.lock().unwrap().push(page);
        }
        Ok(())
    }
}
