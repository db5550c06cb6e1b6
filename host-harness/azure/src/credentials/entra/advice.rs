//! What to do about the errors of Entra ID.

/// What to do about an error with this description, which names its code.
pub(super) fn advice(description: &str) -> String {
    let Some(code) = code(description) else {
        return "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_AUTHORITY_HOST".to_owned();
    };
    let known = ADVICE.iter().find(|(codes, _)| codes.contains(&code));
    match known {
        Some((_, advice)) => (*advice).to_owned(),
        None => format!("https://login.microsoftonline.com/error?code={code} explains it"),
    }
}

/// The digits after `AADSTS`.
fn code(description: &str) -> Option<&str> {
    let (_, rest) = description.split_once("AADSTS")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// Codes, and what to do.
const ADVICE: [(&[&str], &str); 10] = [
    (
        &["7000215"],
        "set AZURE_CLIENT_SECRET to the secret's value (not its id) from the app registration's page \"Certificates & \
         secrets\"",
    ),
    (
        &["7000222"],
        "the client secret has expired: make a new one on the app registration's page \"Certificates & secrets\"",
    ),
    (
        &["700016"],
        "check that AZURE_CLIENT_ID is the application (client) id of an app registration in the tenant \
         AZURE_TENANT_ID",
    ),
    (
        &["90002", "900023"],
        "check AZURE_TENANT_ID, and AZURE_AUTHORITY_HOST if the tenant is in a sovereign cloud",
    ),
    (
        &["700027"],
        "upload the certificate to the app registration's page \"Certificates & secrets\"",
    ),
    (
        &["70021", "700211", "700212", "700213"],
        "the federated credential of the application does not match: compare its issuer, subject and audience with \
         those in the token file",
    ),
    (
        &["700024"],
        "the assertion is too old or too new: check this machine's clock, and that the federated token file is renewed",
    ),
    (
        &["500011", "70011", "1002012"],
        "the scope does not exist in this tenant: check token_scope",
    ),
    (
        &["53003"],
        "a conditional access policy blocks it: ask the tenant's administrator",
    ),
    (
        &["7000112", "7000218"],
        "check in the tenant that the application is enabled and may authenticate without a user",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_something_to_do() {
        for (description, words) in [
            (
                "AADSTS7000215: Invalid client secret",
                "set AZURE_CLIENT_SECRET",
            ),
            ("AADSTS700016: not found", "check that AZURE_CLIENT_ID"),
            ("AADSTS90002: Tenant 'x' not found", "check AZURE_TENANT_ID"),
            ("AADSTS99: ?", "error?code=99"),
            ("AADSTS: ?", "check AZURE_TENANT_ID"),
            ("unauthorized_client", "check AZURE_TENANT_ID"),
        ] {
            let advice = advice(description);
            assert!(advice.contains(words), "{description}: {advice}");
        }
    }
}
