//! The authority: which cloud's Entra ID is asked.

use azure_openai_mock::MOCK_TENANT_ID;

use super::support::{assert_final, chain, mock, only, open};

#[tokio::test]
async fn the_environment_names_the_authority() {
    for suffix in ["", "/", "  \n"] {
        let mock = mock().await;
        let mut variables = mock.environment_of_client_secret();
        variables.push(("AZURE_AUTHORITY_HOST", mock.endpoint() + suffix));
        let setup = open(mock, chain(), variables).await;
        setup.token_taken().await;
        let path = setup.only_token_request().path;
        assert_eq!(path, format!("/{MOCK_TENANT_ID}/oauth2/v2.0/token"));
    }
}

#[tokio::test]
async fn an_authority_that_is_none_is_named_and_nobody_is_asked() {
    // variable, value, words
    for (name, value, words) in [
        (
            "AZURE_AUTHORITY_HOST",
            "http://login.microsoftonline.com",
            "plain http is for loopback addresses only",
        ),
        (
            "AZURE_AUTHORITY_HOST",
            "ftp://127.0.0.1",
            "no https address",
        ),
        ("AZURE_AUTHORITY_HOST", "https://", "which is no address"),
        (
            "AZURE_AUTHORITY_HOST",
            "https://me:canary@login.microsoftonline.com",
            "an authority is a host and at most a path",
        ),
        (
            "AZURE_TENANT_ID",
            "contoso/../fabrikam",
            "which is no tenant",
        ),
    ] {
        let mock = mock().await;
        let mut variables = mock.environment_of_client_secret();
        variables.push((name, value.to_owned()));
        let setup = open(mock, chain(), variables).await;
        assert_final(&setup.refusal().await, &[name, words]);
        assert!(setup.mock.token_requests().is_empty(), "{value}");
    }
}

#[tokio::test]
async fn people_do_not_sign_in_without_encryption() {
    let mock = mock().await;
    let mut variables = vec![only("InteractiveBrowserCredential")];
    variables.push(("AZURE_AUTHORITY_HOST", "http://login.example".to_owned()));
    variables.push(("BROWSER", "/nowhere".to_owned()));
    let setup = open(mock, chain(), variables).await;
    assert_final(&setup.refusal().await, &["AZURE_AUTHORITY_HOST", "https"]);
}
