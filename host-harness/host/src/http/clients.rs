//! Pooled connections, with the system's trust store and proxy settings.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::loopback::Loopback;
use super::origin::Origin;

/// The proxy that requests to an origin go through: the client asks the same settings. Without user name and password.
pub fn proxy(origin: &Origin) -> Option<String> {
    if origin.is_local() {
        return None;
    }
    let proxies = hyper_util::client::proxy::matcher::Matcher::from_system();
    let proxy = proxies.intercept(&origin.to_string().parse().ok()?)?;
    let scheme = proxy.uri().scheme_str().unwrap_or("http");
    let authority = proxy.uri().authority()?;
    let port = authority.port_u16().map(|port| format!(":{port}"));
    Some(format!(
        "{scheme}://{}{}",
        authority.host(),
        port.unwrap_or_default()
    ))
}

/// A host's clients, each with its pool of connections, made when they are needed first.
#[derive(Clone, Default)]
pub struct Clients(Arc<Mutex<Vec<(Pool, Client)>>>);

/// What tells the pools apart.
#[derive(Clone, Copy, PartialEq)]
struct Pool {
    connect_timeout: Duration,
    is_local: bool,
    is_secure: bool,
}

impl Clients {
    /// The client for an origin.
    ///
    /// # Errors
    ///
    /// When this machine's trust store cannot be read.
    pub fn get(&self, origin: &Origin, connect_timeout: Duration) -> Result<Client, NoClient> {
        let pool = Pool {
            connect_timeout,
            is_local: origin.is_local(),
            is_secure: origin.is_secure(),
        };
        if let Some(client) = self.find(pool) {
            return Ok(client);
        }
        // Outside the lock: reading the trust store takes a while, and others have their client already.
        let client = pool.client().map_err(NoClient)?;
        // Somebody else may have made one meanwhile, which may have connections.
        Ok(self.find(pool).unwrap_or_else(|| self.keep(pool, client)))
    }

    /// The client of a pool, which goes last then: the one that was not asked for longest is the first to go.
    fn find(&self, pool: Pool) -> Option<Client> {
        let mut clients = self.lock();
        let index = clients.iter().position(|(present, _)| *present == pool)?;
        clients[index..].rotate_left(1);
        clients.last().map(|(_, client)| client.clone())
    }

    fn keep(&self, pool: Pool, client: Client) -> Client {
        let mut clients = self.lock();
        if clients.len() >= MAX_POOLS {
            clients.remove(0);
        }
        clients.push((pool, client.clone()));
        client
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Pool, Client)>> {
        // What is in the list is whole after every step, so that a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// A client with the system's trust store and proxy settings, that follows no redirects: a redirect would carry the
    /// credentials elsewhere.
    fn client(self) -> Result<Client, Box<dyn StdError + Send + Sync>> {
        let mut client = Client::builder()
            .tls_backend_preconfigured(self.tls()?)
            .redirect(Policy::none())
            .connect_timeout(self.connect_timeout)
            .referer(false);
        if self.is_local {
            // A proxy cannot reach this machine's loopback and link-local addresses.
            client = client.no_proxy().dns_resolver(Arc::new(Loopback));
        }
        Ok(client.build()?)
    }

    fn tls(self) -> Result<ClientConfig, Box<dyn StdError + Send + Sync>> {
        // Given here, because the process may have none installed, and installing one is the embedder's business.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut tls = match self.is_secure {
            true => builder.with_platform_verifier()?.with_no_client_auth(),
            // Without TLS no trust store is needed, and a small container may have none.
            false => builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth(),
        };
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(tls)
    }
}

/// This machine cannot make an HTTP client.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}; check the system's trust store")]
pub struct NoClient(Box<dyn StdError + Send + Sync>);

/// How many pools there are at most. A provider sets one limit on connecting and asks one endpoint, which makes one; a
/// hostile one could ask for as many as it likes, and those that are in use stay all the same.
const MAX_POOLS: usize = 8;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_is_used_outlives_many_that_are_not() {
        let clients = Clients::default();
        let origin = Origin::parse("http://127.0.0.1:1").unwrap();
        let get = |seconds| clients.get(&origin, Duration::from_secs(seconds)).unwrap();
        let seconds = || -> Vec<u64> {
            let clients = clients.lock();
            let pools = clients.iter().map(|(pool, _)| pool);
            pools.map(|pool| pool.connect_timeout.as_secs()).collect()
        };
        get(10);
        for other in 11..30 {
            get(other);
            get(10);
        }
        assert_eq!(seconds(), [23, 24, 25, 26, 27, 28, 29, 10]);
        // Without a use between them, it goes.
        for other in 30..38 {
            get(other);
        }
        assert_eq!(seconds(), (30..38).collect::<Vec<_>>());
    }

    #[test]
    fn connections_speak_http_2_where_the_server_does() {
        for is_secure in [true, false] {
            let pool = Pool {
                connect_timeout: Duration::from_secs(10),
                is_local: true,
                is_secure,
            };
            assert_eq!(pool.tls().unwrap().alpn_protocols[0], b"h2");
        }
    }
}
