//! A code that a person enters in a browser anywhere: the device authorization grant, for terminals without a browser.

use std::sync::Arc;

use oauth2::StandardDeviceAuthorizationResponse;

use super::Tenant;
use crate::credentials::answers::TokenAnswer;
use crate::credentials::entra::{Exchange, NoToken};
use crate::credentials::surroundings::Surroundings;
use provider_host::secret::Secret;

/// A code that waits for a person.
pub(super) struct DeviceCode(StandardDeviceAuthorizationResponse);

impl DeviceCode {
    /// Asks the authority for a code.
    pub(super) async fn request(
        surroundings: &Arc<Surroundings>,
        tenant: &Tenant,
    ) -> Result<Self, NoToken> {
        let exchange = Exchange::new(surroundings, &tenant.authority, []);
        let request = tenant.client.exchange_device_code();
        let request = request.add_scope(tenant.scope.clone());
        let details = request.request_async(&exchange).await;
        details.map(Self).map_err(|error| exchange.explain(error))
    }

    /// What the person is to do.
    pub(super) fn instruction(&self) -> String {
        // What comes from outside is not to move the terminal's cursor.
        let code = self.0.user_code().secret().chars();
        let code: String = code.filter(|character| !character.is_control()).collect();
        format!(
            "On any device, open {} and enter the code {code}.",
            self.0.verification_uri().url()
        )
    }

    /// Asks again and again, as often as the authority likes, until the person has signed in or declined.
    pub(super) async fn tokens(
        &self,
        surroundings: &Arc<Surroundings>,
        tenant: &Tenant,
    ) -> Result<TokenAnswer, (Exchange, NoToken)> {
        let secret = Secret::new(self.0.device_code().secret().as_str());
        let exchange = Exchange::new(surroundings, &tenant.authority, [secret]);
        let answer = tenant
            .client
            .exchange_device_access_token(&self.0)
            .request_async(&exchange, tokio::time::sleep, None)
            .await;
        exchange
            .tokens(answer)
            .map_err(|no_token| (exchange, no_token))
    }
}
