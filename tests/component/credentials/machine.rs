//! Machines with several credentials, of which it can be seen who was asked.

use std::io::Write;
use std::time::SystemTime;

use azure_openai_mock::{Fault, MOCK_CLIENT_ID, MOCK_FEDERATED_TOKEN, MockAzure, MockAzureBuilder};
use http::StatusCode;
use serde_json::json;
use tempfile::NamedTempFile;

use super::programs::Programs;
use super::support::{Clock, chain, only, open_with};
use crate::support::Setup;

/// A machine with some credentials, and a provider on it.
pub(super) struct Machine {
    pub(super) setup: Setup,
    pub(super) programs: Programs,
    pub(super) clock: Clock,
    /// Goes with the machine.
    _federated_token: NamedTempFile,
}

impl Machine {
    /// A machine on which these are available, with a value of `AZURE_TOKEN_CREDENTIALS`.
    pub(super) async fn start(available: &[&str], chosen: Option<&str>) -> Self {
        let mut federated_token = NamedTempFile::new().unwrap();
        federated_token
            .write_all(MOCK_FEDERATED_TOKEN.as_bytes())
            .unwrap();
        // The variable that names the application names the machine's identity too.
        let builder = MockAzure::builder().user_assigned_identity(MOCK_CLIENT_ID);
        let tokens = [
            "token-of-az",
            "another-token-of-az",
            "token-of-pwsh",
            "token-of-azd",
        ];
        let builder = tokens
            .into_iter()
            .fold(builder, MockAzureBuilder::bearer_token);
        let mock = builder.start().await.unwrap();
        let (programs, clock) = (Programs::new(), Clock::new());
        let mut variables = vec![programs.path()];
        variables.extend(chosen.map(only));
        for name in available {
            match *name {
                "EnvironmentCredential" => variables.extend(mock.environment_of_client_secret()),
                "WorkloadIdentityCredential" => {
                    let file = federated_token.path();
                    variables.extend(mock.environment_of_workload_identity(file));
                }
                "ManagedIdentityCredential" => {
                    variables.extend(mock.environment_of_virtual_machine());
                }
                _ => {}
            }
        }
        let setup = open_with(mock, chain(), clock.credentials(variables)).await;
        let machine = Self {
            setup,
            programs,
            clock,
            _federated_token: federated_token,
        };
        for (program, name) in PROGRAMS {
            if available.contains(&name) {
                machine.log_in(program, &format!("token-of-{program}"));
            }
        }
        machine
    }

    /// Lets a program have a token for an hour.
    pub(super) fn log_in(&self, program: &str, token: &str) {
        let since_1970 = self.clock.now().duration_since(SystemTime::UNIX_EPOCH);
        let expires_on = since_1970.unwrap().as_secs() + 3600;
        self.programs.install_logged_in(program, token, expires_on);
    }

    /// Lets a credential be refused.
    pub(super) fn refuse(&self, name: &str) {
        let program = PROGRAMS.iter().find(|(_, credential)| *credential == name);
        match program {
            Some((program, _)) => {
                let error = "ERROR: AADSTS99: It is refused.";
                self.programs.install(program, 1, "", error);
            }
            None => {
                let error =
                    json!({ "error": "e", "error_description": "AADSTS99: It is refused." });
                self.answer_instead(name, Fault::json(StatusCode::UNAUTHORIZED, &error));
            }
        }
    }

    /// Lets the next request for a token of a service meet this fault.
    pub(super) fn answer_instead(&self, name: &str, fault: Fault) {
        if name == "ManagedIdentityCredential" {
            // The service is looked for first, and is there whatever it answers.
            let anything = Fault::json(StatusCode::OK, &json!({}));
            self.setup.mock.push_token_fault(anything);
        }
        self.setup.mock.push_token_fault(fault);
    }

    /// The credentials that were asked: the services', and then the programs'.
    pub(super) fn asked(&self) -> Vec<&'static str> {
        let requests = self.setup.mock.token_requests();
        let services = requests.iter().filter_map(|request| {
            let form = &request.body;
            if form["client_secret"].is_string() {
                Some("EnvironmentCredential")
            } else if form["client_assertion"].is_string() {
                Some("WorkloadIdentityCredential")
            } else {
                let is_request = request.headers.contains_key("metadata");
                is_request.then_some("ManagedIdentityCredential")
            }
        });
        let runs = self.programs.names_of_runs();
        let programs = runs.iter().map(|run| {
            let mut programs = PROGRAMS.iter();
            programs.find(|(program, _)| program == run).unwrap().1
        });
        services.chain(programs).collect()
    }

    /// How often the metadata service was looked for.
    pub(super) fn looks(&self) -> usize {
        let requests = self.setup.mock.token_requests();
        let looks = requests.iter().filter(|request| {
            request.path.starts_with("/metadata/") && !request.headers.contains_key("metadata")
        });
        looks.count()
    }
}

/// The credentials that need no person, in the chain's order.
pub(super) const ALL: [&str; 6] = [
    "EnvironmentCredential",
    "WorkloadIdentityCredential",
    "ManagedIdentityCredential",
    "AzureCliCredential",
    "AzurePowerShellCredential",
    "AzureDeveloperCliCredential",
];

/// The programs that people log in with, and their credentials.
const PROGRAMS: [(&str, &str); 3] = [
    ("az", "AzureCliCredential"),
    ("pwsh", "AzurePowerShellCredential"),
    ("azd", "AzureDeveloperCliCredential"),
];
