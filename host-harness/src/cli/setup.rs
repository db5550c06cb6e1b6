//! What the commands that use a provider have in common: its configuration, its environment, its host.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::args::ProviderArguments;
use super::event_log::EventLog;
use super::failure::{Failure, notice};
use super::serve::KEY_VARIABLE;
use super::terminal::Terminal;
use super::watch::Watch;
use crate::config_file;
use crate::credentials::AzureCredentials;
use crate::environment::Environment;
use crate::events::EventSubscriber;
use crate::host::{LoadedProvider, ProviderHost, has_endpoint};
use crate::mock::MockAzure;
use crate::telemetry::TracingSubscriber;

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
    pub(super) provider: ProviderHost,
    pub(super) events: Arc<EventLog>,
    /// Dropping it stops the mock.
    _mock: Option<MockAzure>,
}

impl Setup {
    /// Reads what the arguments name. Nobody is asked to sign in where programs read along, as they do with `json`.
    pub(super) fn read(arguments: &ProviderArguments, json: bool) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let config = match &arguments.config {
            Some(path) => {
                config_file::load(path, &|name| environment.get(name).map(str::to_owned))?
            }
            None => Map::new(),
        };
        let is_interactive = !json && io::stdin().is_terminal() && io::stderr().is_terminal();
        let credentials = AzureCredentials::builder()
            .environment(environment.clone())
            .is_interactive(is_interactive);
        Ok(Self {
            secrets: Secrets::of(&config, &environment),
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
        match has_endpoint(&self.config, &self.environment) {
            true => Ok(None),
            false => {
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
        } = &self.secrets;
        configured.iter().chain(variables).cloned().collect()
    }

    /// The environment of programs that a model has run: ours without what opens the service. A tool needs none of it, and
    /// what a command prints goes to the model.
    pub(super) fn environment_of_tools(&self) -> Environment {
        let is_kept = |(name, value): &(&str, &str)| {
            let is_secret = name.starts_with("AZURE_") || SECRET_VARIABLES.contains(name);
            let secrets = &mut self.secrets.configured.iter();
            !is_secret && !secrets.any(|secret| secret == value)
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
    pub(super) async fn host(
        &self,
        events: Arc<dyn EventSubscriber>,
    ) -> Result<LoadedProvider, Failure> {
        let events = match self.environment.get("RUST_LOG") {
            Some(_) => Arc::new(TracingSubscriber::around(events)),
            None => events,
        };
        let host = ProviderHost::builder()
            .environment(self.environment.clone())
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
}

impl Secrets {
    fn of(config: &Map<String, Value>, environment: &Environment) -> Self {
        let headers = config.get("extra_headers").and_then(Value::as_object);
        let configured = ["api_key", "azure_ad_token"]
            .iter()
            .filter_map(|key| config.get(*key))
            .chain(headers.into_iter().flat_map(Map::values))
            .filter_map(Value::as_str);
        let is_secret = |name: &str| {
            let is_of_azure = name.starts_with("AZURE_")
                && ["KEY", "PASSWORD", "SECRET", "TOKEN"]
                    .iter()
                    .any(|word| name.contains(word));
            is_of_azure || name == KEY_VARIABLE
        };
        let variables = environment.variables();
        let variables = variables.filter(|(name, _)| is_secret(name));
        let owned = |secret: &str| (!secret.is_empty()).then(|| secret.to_owned());
        Self {
            configured: configured.filter_map(owned).collect(),
            variables: variables.filter_map(|(_, value)| owned(value)).collect(),
        }
    }
}

/// Starts a mock and lets the configuration point to it: with the deployments that are configured, so that a configuration
/// can be tried before it has an endpoint.
async fn embedded_mock(
    config: &mut Map<String, Value>,
    environment: &Environment,
    json: bool,
) -> Result<MockAzure, Failure> {
    let mapping = config.get("deployment_mapping").and_then(Value::as_object);
    let mapped = mapping
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str);
    let default = config.get("default_deployment").and_then(Value::as_str);
    let deployments = mapped
        .chain(default)
        .chain(environment.get("AZURE_OPENAI_DEFAULT_DEPLOYMENT"))
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
        assert_eq!(setup.secrets(), ["key", "token", "s", "k", "ours"]);
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
            secrets: Secrets::of(&config, &environment),
            config,
            environment,
            credentials: Arc::new(AzureCredentials::builder().build()),
            component: PathBuf::new(),
            seals_secrets: true,
        }
    }
}
