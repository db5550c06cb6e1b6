//! A person who does what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use url::Url;

use crate::credentials::interactive_browser::browser::BrowserOpener;

type Pairs = BTreeMap<String, String>;

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
        let asked: Pairs = address.query_pairs().into_owned().collect();
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
