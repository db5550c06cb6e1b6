//! Sealed secrets: a provider sees random placeholders, and the host puts the real values into the headers that leave.
//!
//! A placeholder is worth nothing elsewhere: it is replaced only where its secret belongs, in the one header that carries
//! it and as all of that header's value, and only in requests below the configured endpoint ([`crate::http`]). A provider that
//! sends it to another place, in another header or in a body sends random text.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};

use crate::credentials::AccessToken;
use crate::policy::{Policy, SecretHeader};
use crate::secret::Secret;

/// The secrets of one provider.
pub(crate) struct SealedSecrets {
    /// Whether the provider sees placeholders. When not, the secrets are known all the same, to be taken out of what it
    /// says.
    is_sealed: bool,
    /// What is a secret, and which header it belongs into.
    policy: Arc<Policy>,
    /// Read for each event and each request, written for a new token.
    entries: RwLock<Vec<Entry>>,
    random: SystemRandom,
}

/// A secret, and where it belongs.
struct Entry {
    /// What the provider sees.
    placeholder: String,
    secret: Secret,
    /// What it looks like in texts.
    forms: Vec<Secret>,
    place: Place,
    expires_on: Option<SystemTime>,
}

/// Where a secret belongs.
#[derive(Clone)]
struct Place {
    /// None for what belongs nowhere, and is hidden all the same.
    header: Option<SecretHeader>,
    /// Which of the endpoints it is for; all of them without.
    endpoint: Option<usize>,
    /// Whether it is one word, as keys and tokens are; any other header is one line.
    is_word: bool,
}

impl SealedSecrets {
    pub(crate) fn new(is_sealed: bool, policy: Arc<Policy>) -> Self {
        Self {
            is_sealed,
            policy,
            entries: RwLock::default(),
            random: SystemRandom::new(),
        }
    }

    /// The configuration as the provider may see it.
    pub(crate) fn seal_config(&self, config: &Map<String, Value>) -> Map<String, Value> {
        let mut config = config.clone();
        self.seal_table(&mut config, MAIN_ENDPOINT);
        config
    }

    /// The settings of one endpoint.
    fn seal_table(&self, settings: &mut Map<String, Value>, endpoint: usize) {
        self.seal_settings(settings, endpoint);
        let nested = self.policy.nested_settings.as_ref();
        if let Some(Value::Object(nested)) = nested.and_then(|key| settings.get_mut(key)) {
            self.seal_settings(nested, endpoint);
        }
    }

    fn seal_settings(&self, settings: &mut Map<String, Value>, endpoint: usize) {
        for (key, value) in settings {
            // The provider takes blanks off names, where it takes settings out of another table.
            let key = key.trim();
            if let Some(header) = self.policy.header_of_setting(key) {
                self.seal_value(value, Place::of(header.clone(), endpoint));
            } else if self.policy.secret_headers.as_deref() == Some(key) {
                self.seal_headers(value, endpoint);
            } else if self.policy.alternatives.as_deref() == Some(key) {
                self.seal_alternatives(value, endpoint);
            }
        }
    }

    fn seal_alternatives(&self, value: &mut Value, endpoint: usize) {
        if endpoint != MAIN_ENDPOINT {
            // An alternative has none of its own: a mistake, with secrets that are for nobody.
            return self.seal_value(value, Place::NOWHERE);
        }
        let tables = match value {
            Value::Array(tables) => tables.as_mut_slice(),
            table => std::slice::from_mut(table),
        };
        for (index, table) in tables.iter_mut().enumerate() {
            match table {
                Value::Object(table) => self.seal_table(table, MAIN_ENDPOINT + 1 + index),
                // No table, and a mistake: a text may be one, as JSON, with the secret in it.
                other => self.seal_value(other, Place::NOWHERE),
            }
        }
    }

    fn seal_headers(&self, value: &mut Value, endpoint: usize) {
        match value {
            Value::Object(headers) => {
                for (name, value) in headers {
                    // A name that is none never gets anywhere; the provider says so.
                    let name = HeaderName::from_bytes(name.as_bytes());
                    let place = name.map_or(Place::NOWHERE, |name| self.place_in(name, endpoint));
                    self.seal_value(value, place);
                }
            }
            // No table, and no header either: a text may be what a line of HTTP looks like, with the secret in it.
            other => self.seal_value(other, Place::NOWHERE),
        }
    }

    /// The place of a configured header, which may be the one that a key has.
    fn place_in(&self, name: HeaderName, endpoint: usize) -> Place {
        let header = SecretHeader::Value(name);
        let mut secrets = self.policy.secrets.iter();
        Place {
            is_word: secrets.any(|(_, of_secret)| *of_secret == header),
            ..Place::of(header, endpoint)
        }
    }

    /// The environment as the provider may see it.
    pub(crate) fn seal_environment(
        &self,
        mut variables: Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        for (name, value) in &mut variables {
            if let Some(header) = self.policy.header_of_variable(name) {
                *value = self.seal_text(value, Place::of(header.clone(), MAIN_ENDPOINT));
            }
        }
        variables
    }

    /// A token as the provider may see it. The same token has the same placeholder.
    pub(crate) fn seal_token(&self, token: &AccessToken) -> String {
        let mut entries = self.entries_mut();
        // A secret of the configuration may be the same text, and is not for every endpoint.
        let is_same = |entry: &&Entry| entry.expires_on.is_some() && entry.secret == token.token;
        if let Some(entry) = entries.iter().find(is_same) {
            return entry.placeholder.clone();
        }
        let now = SystemTime::now();
        entries.retain(|entry| entry.expires_on.is_none_or(|expires_on| expires_on > now));
        let place = Place {
            endpoint: None,
            ..Place::of(SecretHeader::Bearer, MAIN_ENDPOINT)
        };
        let entry = self.entry(token.token.clone(), place, Some(token.expires_on));
        let placeholder = entry.placeholder.clone();
        insert(&mut entries, entry);
        placeholder
    }

    /// Puts secrets where placeholders are, in the headers of a request to these endpoints, by their indices: 0 is the
    /// configuration's own, 1 its first alternative.
    pub(crate) fn unseal(&self, headers: &mut HeaderMap, endpoints: &[usize]) {
        for entry in self.entries().iter() {
            let Place {
                header, endpoint, ..
            } = &entry.place;
            if endpoint.is_some_and(|endpoint| !endpoints.contains(&endpoint)) {
                continue;
            }
            let (name, prefix) = match header {
                Some(SecretHeader::Value(name)) => (name, ""),
                Some(SecretHeader::Bearer) => (&AUTHORIZATION, BEARER),
                None => continue,
            };
            let http::header::Entry::Occupied(mut values) = headers.entry(name) else {
                continue;
            };
            for value in values.iter_mut() {
                // So that no log of the client's shows it.
                value.set_sensitive(true);
                let placeholder = value.as_bytes().strip_prefix(prefix.as_bytes());
                if placeholder == Some(entry.placeholder.as_bytes())
                    && let Ok(mut real) =
                        HeaderValue::from_str(&format!("{prefix}{}", entry.secret.expose()))
                {
                    real.set_sensitive(true);
                    *value = real;
                }
            }
        }
    }

    /// A text without the secrets in it: a service may repeat them, and a provider that is not sealed may say them.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in self.entries().iter().flat_map(|entry| &entry.forms) {
            if text.contains(form.expose()) {
                text = Cow::Owned(text.replace(form.expose(), Secret::REDACTED));
            }
        }
        text
    }

    fn seal_value(&self, value: &mut Value, place: Place) {
        match value {
            Value::Null => {}
            Value::String(text) => *text = self.seal_text(text, place),
            // Not text, and a mistake: the provider says so, and need not see it for that.
            other => *other = Value::Bool(false),
        }
    }

    fn seal_text(&self, text: &str, place: Place) -> String {
        let secret = text.trim();
        if secret.is_empty() {
            return text.to_owned();
        }
        let entry = self.entry(Secret::new(secret), place, None);
        let seen = match (self.is_sealed, entry.place.can_carry(secret)) {
            (false, _) => text.to_owned(),
            (true, true) => entry.placeholder.clone(),
            // The provider refuses this placeholder for the same reason, and names the setting.
            (true, false) => format!("{0}\n{0}", entry.placeholder),
        };
        insert(&mut self.entries_mut(), entry);
        seen
    }

    fn entry(&self, secret: Secret, place: Place, expires_on: Option<SystemTime>) -> Entry {
        let placeholder = match self.is_sealed {
            true => self.placeholder(),
            false => secret.expose().to_owned(),
        };
        Entry {
            placeholder,
            forms: forms(&secret),
            secret,
            place,
            expires_on,
        }
    }

    /// Random, so that it cannot be guessed from another one, and of no meaning.
    fn placeholder(&self) -> String {
        let mut bytes = [0; 16];
        // Without randomness placeholders would be equal, and the wrong secret might be sent. A random source fails only
        // where nothing else that needs TLS works either; then an empty placeholder, which no header matches.
        match self.random.fill(&mut bytes) {
            Ok(()) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("sealed-{hex}")
            }
            Err(_) => String::new(),
        }
    }

    fn entries(&self) -> RwLockReadGuard<'_, Vec<Entry>> {
        // Whole after every step, so that a panic elsewhere does no harm.
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn entries_mut(&self) -> RwLockWriteGuard<'_, Vec<Entry>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    const NOWHERE: Self = Self {
        header: None,
        endpoint: None,
        is_word: true,
    };

    /// The place of a key or a token.
    fn of(header: SecretHeader, endpoint: usize) -> Self {
        Self {
            header: Some(header),
            endpoint: Some(endpoint),
            is_word: true,
        }
    }

    /// Whether a text can be sent there.
    fn can_carry(&self, secret: &str) -> bool {
        let least = if self.is_word { b'!' } else { b' ' };
        secret.bytes().all(|byte| (least..=b'~').contains(&byte))
    }
}

/// A secret as it may stand in a text: as it is, as JSON writes it, and as JSON in JSON does. It is all the same but for
/// quotes, backslashes and the like, which a header for a gateway may well have. None of one that is too short.
fn forms(secret: &Secret) -> Vec<Secret> {
    let mut forms = Vec::new();
    let mut form = secret.expose().to_owned();
    while forms.len() <= MAX_NESTING && form.len() >= MIN_REDACTED_BYTES {
        let quoted = Value::from(form.as_str()).to_string();
        let escaped = quoted[1..quoted.len() - 1].to_owned();
        let is_last = escaped == form;
        forms.push(Secret::new(form));
        if is_last {
            break;
        }
        form = escaped;
    }
    forms
}

/// Keeps longer secrets before shorter ones: one may be a part of another, and would leave the rest of it in a text.
fn insert(entries: &mut Vec<Entry>, entry: Entry) {
    let length = |entry: &Entry| entry.secret.expose().len();
    let position = entries.partition_point(|present| length(present) >= length(&entry));
    entries.insert(position, entry);
}

/// The endpoint of the configuration itself; those of its alternatives follow.
const MAIN_ENDPOINT: usize = 0;

const BEARER: &str = "Bearer ";

/// What is shorter is no secret of a service's, and taking it out would tear words apart.
const MIN_REDACTED_BYTES: usize = 8;

/// How deep JSON may be in JSON: a gateway's answer that quotes the service's, in the payload of an event.
const MAX_NESTING: usize = 3;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::policy::Setting;

    fn secrets() -> SealedSecrets {
        let policy = Policy::new()
            .secret(Setting::new("token"), SecretHeader::Bearer)
            .secret_headers("headers")
            .alternatives("others");
        SealedSecrets::new(true, Arc::new(policy))
    }

    #[test]
    fn no_secret_of_an_alternative_is_shown_however_it_is_written() {
        let other = json!({ "token": "the-secret", "headers": { "x-a": "the-secret", "no name": "the-secret" } });
        for others in [
            json!([other, other]),
            other.clone(),
            json!({ "others": [other], "token": "the-secret" }),
            // No table, and so a mistake, which may hold one all the same.
            json!(other.to_string()),
            json!([other.to_string(), "token: the-secret", null]),
            json!([[other.to_string()]]),
        ] {
            let config = json!({ "others": others, "shown": "a word" });
            let Value::Object(config) = config else {
                return;
            };
            let sealed = Value::Object(secrets().seal_config(&config)).to_string();
            assert!(!sealed.contains("the-secret"), "{sealed}");
            assert!(sealed.contains("a word"), "{sealed}");
        }
    }

    #[test]
    fn a_token_goes_to_every_endpoint_though_a_secret_of_one_is_the_same() {
        let secrets = secrets();
        let config = json!({ "token": "the-secret" });
        let Value::Object(config) = config else {
            return;
        };
        let sealed = secrets.seal_config(&config);
        let configured = sealed["token"].as_str().unwrap();
        let expires_on = SystemTime::now() + Duration::from_secs(60);
        let token = AccessToken::new("the-secret", expires_on);
        let fetched = secrets.seal_token(&token);
        assert_eq!(fetched, secrets.seal_token(&token));
        assert_ne!(fetched, configured);
        // what the provider writes, the endpoint → whether the secret is there
        for (placeholder, endpoint, expected) in [
            (configured, 0, true),
            (configured, 1, false),
            (fetched.as_str(), 0, true),
            (fetched.as_str(), 1, true),
        ] {
            let mut headers = HeaderMap::new();
            let value = format!("Bearer {placeholder}").parse().unwrap();
            headers.insert(AUTHORIZATION, value);
            secrets.unseal(&mut headers, &[endpoint]);
            let is_there = headers[AUTHORIZATION] == "Bearer the-secret";
            assert_eq!(is_there, expected, "{placeholder} {endpoint}");
        }
    }
}
