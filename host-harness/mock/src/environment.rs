//! The variables that lead a client to the mock's identity services.

use std::path::Path;

use crate::MockAzure;
use crate::identity::{
    APP_SERVICE_PATH, ARC_PATH, MOCK_CLIENT_ID, MOCK_CLIENT_SECRET, MOCK_TENANT_ID,
};

impl MockAzure {
    /// The authority and nothing else: for people who sign in.
    pub fn environment_of_authority(&self) -> Vec<(&'static str, String)> {
        vec![("AZURE_AUTHORITY_HOST", self.endpoint())]
    }

    /// [`MOCK_CLIENT_ID`] with its secret.
    pub fn environment_of_client_secret(&self) -> Vec<(&'static str, String)> {
        self.environment_of_client("AZURE_CLIENT_SECRET", MOCK_CLIENT_SECRET)
    }

    /// [`MOCK_CLIENT_ID`] with the certificate and the key in this file.
    pub fn environment_of_client_certificate(&self, file: &Path) -> Vec<(&'static str, String)> {
        self.environment_of_client("AZURE_CLIENT_CERTIFICATE_PATH", &file.to_string_lossy())
    }

    /// [`MOCK_CLIENT_ID`] with the federated token in this file.
    pub fn environment_of_workload_identity(&self, file: &Path) -> Vec<(&'static str, String)> {
        self.environment_of_client("AZURE_FEDERATED_TOKEN_FILE", &file.to_string_lossy())
    }

    /// A process in an App Service.
    pub fn environment_of_app_service(&self) -> Vec<(&'static str, String)> {
        let secret = &self.mock.identity.settings.identity_header;
        vec![
            ("IDENTITY_ENDPOINT", self.endpoint() + APP_SERVICE_PATH),
            ("IDENTITY_HEADER", secret.clone()),
        ]
    }

    /// A process on a machine with the agent of Azure Arc.
    pub fn environment_of_arc(&self) -> Vec<(&'static str, String)> {
        vec![
            ("IDENTITY_ENDPOINT", self.endpoint() + ARC_PATH),
            ("IMDS_ENDPOINT", self.endpoint()),
        ]
    }

    /// A process on a virtual machine.
    pub fn environment_of_virtual_machine(&self) -> Vec<(&'static str, String)> {
        vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", self.endpoint())]
    }

    fn environment_of_client(
        &self,
        name: &'static str,
        value: &str,
    ) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_AUTHORITY_HOST", self.endpoint()),
            ("AZURE_TENANT_ID", MOCK_TENANT_ID.to_owned()),
            ("AZURE_CLIENT_ID", MOCK_CLIENT_ID.to_owned()),
            (name, value.to_owned()),
        ]
    }
}
