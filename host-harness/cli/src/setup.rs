//! What the commands that use a provider have in common: its configuration, its environment, its host.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use azure_openai_mock::MockAzure;
use provider_host::telemetry::TracingSubscriber;
use provider_host::{Environment, EventSubscriber, Host, Provider};
use provider_host_azure::credentials::AzureCredentials;
use provider_host_azure::policy::{DEPLOYMENT_MAPPING, policy};
use provider_host_azure::{config_file, host_builder};
use serde_json::{Map, Value, json};

use super::args::{KEY_VARIABLE, ProviderArguments};
use super::event_log::EventLog;
use super::failure::{Failure, notice};
use super::terminal::Terminal;
use super::watch::Watch;

/// Between two words of the embedded mock: slow enough to see that they stream, fast enough not to be waited for.
const MOCK_DELTA_PAUSE: Duration = Duration::from_millis(15);

/// The ways to authenticate other than with a key: their settings, and the variables of these.
const OTHER_WAYS: [(&str, &str); 4] = [
    ("azure_ad_token", "AZURE_OPENAI_AD_TOKEN"),
    (
        "managed_identity_client_id",
        "AZURE_MANAGED_IDENTITY_CLIENT_ID",
    ),
    ("use_default_credential", "AZURE_USE_DEFAULT_CREDENTIAL"),
    ("use_managed_identity", "AZURE_USE_MANAGED_IDENTITY"),
];

/// The settings that a mock's take the place of.
const MOCKED: [&str; 2] = ["api_key", "azure_endpoint"];

/// What opens something, beside the variables that begin with `AZURE_`: the tokens of the machine's managed identity, and
/// the service that `serve` makes of the provider.
const SECRET_VARIABLES: [&str; 5] = [
    KEY_VARIABLE,
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];

/// A provider that is not loaded yet.
pub(super) struct Setup {
    pub(super) config: Map<String, Value>,
    pub(super) environment: Environment,
    pub(super) credentials: Arc<AzureCredentials>,
    component: PathBuf,
    seals_secrets: bool,
    secrets: Secrets,
}

/// A provider that answers, until this is dropped.
pub(super) struct Opened {
    pub(super) provider: Provider,
    pub(super) events: Arc<EventLog>,
    /// Dropping it stops the mock.
    _mock: Option<MockAzure>,
}

impl Setup {
    /// Reads what the arguments name. Nobody is asked to sign in where programs read along, as they do with `json`.
    pub(super) fn read(arguments: &ProviderArguments, json: bool) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        // The variables that the file names with `${VAR}`.
        let named = RefCell::new(BTreeSet::new());
        let config = match &arguments.config {
            Some(path) => {
                let instance = arguments.instance.as_deref();
                let variable = |name: &str| {
                    named.borrow_mut().insert(name.to_owned());
                    environment.get(name).map(str::to_owned)
                };
                let file = config_file::load(path, instance, &variable)?;
                for warning in &file.warnings {
                    notice(json, &format!("warning: {warning}"));
                }
                file.settings
            }
            None => Map::new(),
        };
        let is_interactive = !json && io::stdin().is_terminal() && io::stderr().is_terminal();
        let credentials = AzureCredentials::builder()
            .environment(environment.clone())
            .is_interactive(is_interactive);
        Ok(Self {
            secrets: Secrets::of(&config, &environment, named.into_inner()),
            config,
            environment,
            credentials: Arc::new(credentials.build()),
            component: arguments.component.path(),
            seals_secrets: !arguments.no_sealed_secrets,
        })
    }

    /// Without an endpoint: starts a mock, and configures the provider for it.
    pub(super) async fn mock_unless_configured(
        &mut self,
        json: bool,
    ) -> Result<Option<MockAzure>, Failure> {
        match policy().address(&self.config, &self.environment) {
            Some(_) => Ok(None),
            None => {
                let mock = embedded_mock(&mut self.config, &self.environment, json).await?;
                self.authenticate_with(mock.api_key());
                Ok(Some(mock))
            }
        }
    }

    /// Leaves one way to authenticate, a mock's key: no real secret goes there, and nobody is warned that the key comes
    /// before the ways that are configured for the service.
    fn authenticate_with(&mut self, api_key: &str) {
        let is_other = |name: &str| {
            OTHER_WAYS
                .iter()
                .any(|(key, variable)| [*key, *variable].contains(&name))
        };
        self.config.retain(|key, _| !is_other(key));
        if let Some(Value::Object(mapping)) = self.config.get_mut(DEPLOYMENT_MAPPING) {
            mapping.retain(|key, _| !is_other(key) && !MOCKED.contains(&key.as_str()));
        }
        self.config.insert("api_key".to_owned(), json!(api_key));
        let variables = self.environment.variables();
        self.environment = variables.filter(|(name, _)| !is_other(name)).collect();
    }

    /// What the terminal can show.
    pub(super) fn terminal(&self) -> Terminal {
        Terminal::of(&self.environment)
    }

    /// What opens the service, and ours, as far as it is written down: in the configuration, and in variables.
    pub(super) fn secrets(&self) -> Vec<String> {
        let Secrets {
            configured,
            variables,
            ..
        } = &self.secrets;
        configured.iter().chain(variables).cloned().collect()
    }

    /// The environment of programs that a model has run: ours without what opens the service, under whatever name. A tool needs
    /// none of it, and what a command prints goes to the model.
    pub(super) fn environment_of_tools(&self) -> Environment {
        let is_kept = |(name, value): &(&str, &str)| {
            let is_secret = name.starts_with("AZURE_") || SECRET_VARIABLES.contains(name);
            !is_secret && !self.secrets.are_in(name, value)
        };
        self.environment.variables().filter(is_kept).collect()
    }

    /// Everything that an answer takes: the provider, opened, and where its events go.
    pub(super) async fn open(
        &mut self,
        event_log: Option<&Path>,
        json: bool,
    ) -> Result<Opened, Failure> {
        let mock = self.mock_unless_configured(json).await?;
        let events = Arc::new(EventLog::create(event_log, json)?);
        let host = self.host(events.clone()).await?;
        Ok(Opened {
            provider: host.open(&self.config).await?,
            events,
            _mock: mock,
        })
    }

    /// The component's file as it is now, if it is watched.
    pub(super) async fn watch(&self, is_watched: bool) -> Watch {
        match is_watched {
            true => Watch::new(&self.component).await,
            false => Watch::nothing(),
        }
    }

    /// Loads the provider. Who set `RUST_LOG` sees its events in the log too.
    pub(super) async fn host(&self, events: Arc<dyn EventSubscriber>) -> Result<Host, Failure> {
        let events = match self.environment.get("RUST_LOG") {
            Some(_) => Arc::new(TracingSubscriber::around(events)),
            None => events,
        };
        let host = host_builder(self.environment.clone())
            .credentials(self.credentials.clone())
            .sealed_secrets(self.seals_secrets)
            .events(events)
            .load(&self.component);
        let _progress = self.terminal().progress("compiling the component");
        Ok(host.await?)
    }
}

/// What is not for tools and histories. It is gathered before anything is changed for a mock: what is not used there is a
/// secret all the same.
struct Secrets {
    /// The values in the configuration.
    configured: Vec<String>,
    /// Those of variables.
    variables: Vec<String>,
    /// The variables that the configuration file is made with.
    named: BTreeSet<String>,
}

impl Secrets {
    fn of(config: &Map<String, Value>, environment: &Environment, named: BTreeSet<String>) -> Self {
        let policy = policy();
        let headers = policy
            .value(config, "extra_headers")
            .and_then(Value::as_object);
        let configured = ["api_key", "azure_ad_token"]
            .iter()
            .filter_map(|key| policy.value(config, key))
            .chain(headers.into_iter().flat_map(Map::values))
            .filter_map(Value::as_str);
        let is_secret = |name: &str| {
            let is_of_azure = name.starts_with("AZURE_")
                && ["KEY", "PASSWORD", "SECRET", "TOKEN"]
                    .iter()
                    .any(|word| name.contains(word));
            is_of_azure || [KEY_VARIABLE, "IDENTITY_HEADER", "MSI_SECRET"].contains(&name)
        };
        let variables = environment.variables();
        let variables = variables.filter(|(name, _)| is_secret(name));
        let owned = |secret: &str| {
            let secret = secret.trim();
            (!secret.is_empty()).then(|| secret.to_owned())
        };
        Self {
            configured: configured.filter_map(owned).collect(),
            variables: variables.filter_map(|(_, value)| owned(value)).collect(),
            named,
        }
    }

    /// Whether a variable holds one of them, or a part of one: a copy, a header that is made with it, or what the configuration
    /// makes a header of, as `"Bearer ${TOKEN}"` does.
    fn are_in(&self, name: &str, value: &str) -> bool {
        let value = value.trim();
        let is_whole = |text: &str| text.len() >= MIN_SECRET_BYTES;
        let mut secrets = self.configured.iter().chain(&self.variables);
        secrets.any(|secret| {
            let is_part = is_whole(value) || (self.named.contains(name) && !value.is_empty());
            secret == value
                || (is_whole(secret) && value.contains(secret))
                || (is_part && secret.contains(value))
        })
    }
}

/// What is shorter is found in texts that have nothing to do with it.
const MIN_SECRET_BYTES: usize = 8;

/// Starts a mock and lets the configuration point to it: with the deployments that are configured, so that a configuration
/// can be tried before it has an endpoint.
async fn embedded_mock(
    config: &mut Map<String, Value>,
    environment: &Environment,
    json: bool,
) -> Result<MockAzure, Failure> {
    let policy = policy();
    let mapping = config.get(DEPLOYMENT_MAPPING).and_then(Value::as_object);
    let mapped = mapping
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str);
    let default = ["default_deployment", "deployment_name"].map(|key| policy.value(config, key));
    let variables = [
        "AZURE_OPENAI_DEFAULT_DEPLOYMENT",
        "AZURE_OPENAI_DEPLOYMENT_NAME",
    ];
    let deployments = mapped
        .chain(default.into_iter().flatten().filter_map(Value::as_str))
        .chain(variables.iter().filter_map(|name| environment.get(name)))
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let mock = deployments
        .fold(MockAzure::builder(), |mock, name| {
            mock.deployment(name, name)
        })
        .delta_pause(MOCK_DELTA_PAUSE)
        .start()
        .await?;
    notice(
        json,
        "no endpoint is configured, so the embedded mock of Azure OpenAI answers; set AZURE_OPENAI_ENDPOINT and \
         AZURE_OPENAI_API_KEY, or use --config FILE, to ask a real one",
    );
    config.insert("azure_endpoint".to_owned(), json!(mock.endpoint()));
    Ok(mock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_get_the_environment_without_what_opens_the_service() {
        let variables = [
            ("AZURE_CLIENT_SECRET", "s"),
            ("AZURE_OPENAI_API_KEY", "k"),
            ("HOME", "/home/me"),
            ("HOST_HARNESS_KEY", "ours"),
            ("IDENTITY_HEADER", "h"),
            ("KEY_OF_MINE", "key"),
            ("PATH", "/bin"),
            ("PROXY_TOKEN", "token"),
        ];
        let config = json!({ "api_key": "key", "extra_headers": { "x-gateway": "token" }, "azure_endpoint": "/bin" });
        let setup = setup(&config, &variables);
        let kept = [("HOME", "/home/me"), ("PATH", "/bin")];
        assert_eq!(setup.environment_of_tools(), kept.into_iter().collect());
        assert_eq!(setup.secrets(), ["key", "token", "s", "k", "ours", "h"]);
    }

    #[test]
    fn tools_get_no_copy_of_a_secret_under_whatever_name() {
        const KEY: &str = "0123456789abcdef";
        const TOKEN: &str = "token-of-the-gateway";
        let variables = [
            ("AZURE_OPENAI_API_KEY", KEY),
            (
                "CONNECTION",
                "Endpoint=https://r.example/;Key=0123456789abcdef;",
            ),
            ("HEADER", "api-key: 0123456789abcdef"),
            ("HOME", "/home/me"),
            ("MY_COPY", KEY),
            ("MY_COPY_WITH_A_LINE_END", "0123456789abcdef\n"),
            ("PART", "ab"),
            ("PATH", "/bin"),
            ("PIN", "42"),
            ("REGION", "token"),
            ("TOKEN", TOKEN),
        ];
        let header = format!("Bearer {TOKEN}");
        let config = json!({
            "azure_endpoint": "https://r.example/token",
            "extra_headers": { "authorization": header, "x-pin": "pin 42" },
        });
        let mut setup = setup(&config, &variables);
        setup.secrets.named = ["PIN", "TOKEN"].map(str::to_owned).into();
        let kept = [
            ("HOME", "/home/me"),
            ("PART", "ab"),
            ("PATH", "/bin"),
            ("REGION", "token"),
        ];
        assert_eq!(setup.environment_of_tools(), kept.into_iter().collect());
    }

    #[test]
    fn what_a_mock_does_not_need_is_a_secret_all_the_same() {
        let variables = [("AZURE_OPENAI_AD_TOKEN", "of variable"), ("MINE", "token")];
        let config = json!({ "api_key": "key", "azure_ad_token": "token" });
        let mut setup = setup(&config, &variables);
        setup.authenticate_with("key of the mock");
        assert_eq!(setup.secrets(), ["key", "token", "of variable"]);
        assert_eq!(setup.environment_of_tools(), Environment::default());
    }

    fn setup(config: &Value, variables: &[(&str, &str)]) -> Setup {
        let config = config.as_object().cloned().unwrap_or_default();
        let environment = variables.iter().copied().collect();
        Setup {
            secrets: Secrets::of(&config, &environment, BTreeSet::new()),
            config,
            environment,
            credentials: Arc::new(AzureCredentials::builder().build()),
            component: PathBuf::new(),
            seals_secrets: true,
        }
    }
}
