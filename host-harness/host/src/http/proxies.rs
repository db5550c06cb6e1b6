//! Which proxy requests go through.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy};

use super::Origin;
use crate::environment::Environment;

/// Which proxies requests go through. Those to this machine's loopback and link-local addresses go through none: a proxy cannot
/// reach them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Proxies(Choice);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Choice {
    #[default]
    System,
    These {
        http: Option<String>,
        https: Option<String>,
        /// Where none is used, as `NO_PROXY` has it.
        except: Option<String>,
    },
}

impl Proxies {
    /// The machine's: the variables of the process, as curl reads them, and on macOS and Windows the settings of the system.
    pub fn of_system() -> Self {
        Self(Choice::System)
    }

    /// Those that an environment names as curl reads it (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, and the same in
    /// lower case), and no others.
    pub fn of_environment(environment: &Environment) -> Self {
        let first = |names: [&str; 2]| {
            let mut values = names.iter().filter_map(|name| environment.get(name));
            values
                .find(|value| !value.trim().is_empty())
                .map(str::to_owned)
        };
        let all = first(["ALL_PROXY", "all_proxy"]);
        let http = first(["HTTP_PROXY", "http_proxy"]);
        // A server's request may set it there, as the header `Proxy`.
        let is_cgi = environment.get("REQUEST_METHOD").is_some();
        Self(Choice::These {
            http: http.filter(|_| !is_cgi).or_else(|| all.clone()),
            https: first(["HTTPS_PROXY", "https_proxy"]).or(all),
            except: first(["NO_PROXY", "no_proxy"]),
        })
    }

    /// None.
    pub fn none() -> Self {
        Self(Choice::These {
            http: None,
            https: None,
            except: None,
        })
    }

    /// One for everything, such as `http://proxy.example:3128`. It may have a user name and a password.
    pub fn all(address: impl Into<String>) -> Self {
        let address = address.into();
        Self(Choice::These {
            http: Some(address.clone()),
            https: Some(address),
            except: None,
        })
    }

    /// Where none is used: names, addresses and networks as in `NO_PROXY`. The system's proxies have their own exceptions, and
    /// stay as they are.
    pub fn except(mut self, places: impl Into<String>) -> Self {
        if let Choice::These { except, .. } = &mut self.0 {
            *except = Some(places.into());
        }
        self
    }

    /// The proxy that requests to an origin go through, without user name and password; none when there is none.
    pub fn to(&self, origin: &Origin) -> Option<String> {
        if origin.is_local() {
            return None;
        }
        let matcher = match &self.0 {
            Choice::System => Matcher::from_system(),
            Choice::These {
                http,
                https,
                except,
            } => {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let matcher = Matcher::builder().http(text(http)).https(text(https));
                matcher.no(text(except)).build()
            }
        };
        let proxy = matcher.intercept(&origin.to_string().parse().ok()?)?;
        let scheme = proxy.uri().scheme_str().unwrap_or("http");
        let authority = proxy.uri().authority()?;
        let port = authority.port_u16().map(|port| format!(":{port}"));
        Some(format!(
            "{scheme}://{}{}",
            authority.host(),
            port.unwrap_or_default()
        ))
    }

    /// A client that uses them.
    ///
    /// # Errors
    ///
    /// When one has no valid address.
    pub(super) fn configure(
        &self,
        client: reqwest::ClientBuilder,
    ) -> reqwest::Result<reqwest::ClientBuilder> {
        let Choice::These {
            http,
            https,
            except,
        } = &self.0
        else {
            return Ok(client);
        };
        let except = except.as_deref().and_then(NoProxy::from_string);
        let mut client = client.no_proxy();
        if let Some(address) = http {
            client = client.proxy(Proxy::http(address)?.no_proxy(except.clone()));
        }
        if let Some(address) = https {
            client = client.proxy(Proxy::https(address)?.no_proxy(except));
        }
        Ok(client)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_those_that_an_environment_names() {
        let (http, https) = ("http://a.example", "https://a.example");
        // variables → the proxy of plain requests, and of encrypted ones
        for (variables, of_http, of_https) in [
            (vec![], None, None),
            (
                vec![("HTTPS_PROXY", "http://p.example:1")],
                None,
                Some("http://p.example:1"),
            ),
            (
                vec![("http_proxy", "http://p.example:1")],
                Some("http://p.example:1"),
                None,
            ),
            (
                vec![
                    ("ALL_PROXY", "p.example:1"),
                    ("https_proxy", "http://u:s@q.example:2"),
                ],
                Some("http://p.example:1"),
                Some("http://q.example:2"),
            ),
            (
                vec![
                    ("ALL_PROXY", "http://p.example:1"),
                    ("NO_PROXY", ".example"),
                ],
                None,
                None,
            ),
            (
                vec![
                    ("HTTP_PROXY", "http://p.example:1"),
                    ("REQUEST_METHOD", "GET"),
                ],
                None,
                None,
            ),
        ] {
            let proxies = Proxies::of_environment(&Environment::from_iter(variables.clone()));
            let proxy = |address| proxies.to(&Origin::parse(address).unwrap());
            assert_eq!(proxy(http).as_deref(), of_http, "{variables:?}");
            assert_eq!(proxy(https).as_deref(), of_https, "{variables:?}");
            drop(proxies.configure(reqwest::Client::builder()).unwrap());
        }
    }

    #[test]
    fn a_given_proxy_is_used_but_where_it_cannot_be_or_may_not() {
        let proxies = Proxies::all("http://p.example:1").except("b.example,10.0.0.0/8");
        for (address, is_used) in [
            ("https://a.example", true),
            ("http://a.example", true),
            ("https://b.example", false),
            ("https://10.1.2.3", false),
            ("http://127.0.0.1:5", false),
            ("http://169.254.169.254", false),
            ("http://x.localhost", false),
        ] {
            let proxy = proxies.to(&Origin::parse(address).unwrap());
            let expected = is_used.then(|| "http://p.example:1".to_owned());
            assert_eq!(proxy, expected, "{address}");
        }
        assert_eq!(
            Proxies::none().to(&Origin::parse("https://a.example").unwrap()),
            None
        );
    }
}
