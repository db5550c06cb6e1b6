//! What a test sees of the identity services of a running mock, and does to them.

use std::time::Duration;

use crate::MockAzure;
use crate::script::Fault;
use crate::wire::record::RecordedRequest;

impl MockAzure {
    /// The requests to token endpoints so far, in the order in which their bodies had arrived. The oldest are forgotten
    /// after some thousands.
    pub fn token_requests(&self) -> Vec<RecordedRequest> {
        self.mock.identity.token_requests.all()
    }

    /// Waits until that many requests to token endpoints have arrived, answered or not.
    pub async fn wait_for_token_requests(&self, count: usize) {
        self.mock.identity.token_requests.wait_for(count).await;
    }

    /// The requests to the page where people sign in.
    pub fn authorize_requests(&self) -> Vec<RecordedRequest> {
        self.mock.identity.authorize_requests.all()
    }

    /// Lets the next request to a token endpoint meet this fault; more faults queue up, one for each request.
    pub fn push_token_fault(&self, fault: Fault) {
        self.mock.identity.steps.push(fault.into());
    }

    /// How long the tokens are good for that are issued from now on.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.mock.identity.tokens.set_lifetime(lifetime);
    }

    /// Lets the Responses API refuse all tokens that were issued so far. Refresh tokens still get new ones.
    pub fn revoke_tokens(&self) {
        self.mock.identity.tokens.revoke();
    }

    /// Lets the token endpoint refuse all authorization codes and refresh tokens that were issued so far: people must
    /// sign in again.
    pub fn revoke_sign_ins(&self) {
        self.mock.identity.sign_ins.revoke();
    }

    /// Lets the next person who is asked to sign in decline.
    pub fn decline_next_sign_in(&self) {
        self.mock.identity.sign_ins.decline_next();
    }
}
