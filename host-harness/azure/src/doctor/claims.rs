//! What a token says of itself.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use provider_host::secret::Secret;
use serde_json::Value;

/// What a token says of itself. Nothing of it is checked: that is the service's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `aud`: what it is for.
    pub audience: Option<String>,
    /// `tid`: the tenant that gave it.
    pub tenant: Option<String>,
    /// `oid`: whom it is about; roles are given to this id.
    pub object_id: Option<String>,
    /// `exp`: when it is no longer valid, in seconds since 1970.
    pub expires_on: Option<u64>,
}

impl Claims {
    /// Reads a token, if it is a JSON Web Token (RFC 7519).
    pub(super) fn of(token: &Secret) -> Option<Self> {
        let payload = token.expose().split('.').nth(1)?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
        let payload: Value = serde_json::from_slice(&payload).ok()?;
        let text = |key: &str| payload.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            audience: text("aud"),
            tenant: text("tid"),
            object_id: text("oid"),
            expires_on: payload.get("exp").and_then(Value::as_u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_say_what_they_are_for_and_others_nothing() {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let payload = r#"{"aud":"https://a","tid":"t","oid":"o","exp":5,"x":1}"#;
        let token = format!("{}.{}.signature", encode("{}"), encode(payload));
        let expected = Claims {
            audience: Some("https://a".into()),
            tenant: Some("t".into()),
            object_id: Some("o".into()),
            expires_on: Some(5),
        };
        assert_eq!(Claims::of(&Secret::new(token)), Some(expected));
        let empty = format!("x.{}", encode(r#"{"aud":["a"],"exp":"5"}"#));
        assert_eq!(Claims::of(&Secret::new(empty)), Some(Claims::default()));
        for token in ["", "opaque", "a.b.c", "a.!.c", "a..c"] {
            assert_eq!(Claims::of(&Secret::new(token)), None, "{token}");
        }
    }
}
