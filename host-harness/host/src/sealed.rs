//! Sealed secrets: a provider sees random placeholders, and the host puts the real values into the headers that leave.
//!
//! A placeholder is worth nothing elsewhere: it is replaced only where its secret belongs, in the one header that carries
//! it and as all of that header's value, and only in requests below the configured endpoint ([`crate::http`]). A provider that
//! sends it to another place, in another header or in a body sends random text.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};

use crate::credentials::AccessToken;
use crate::host::MAPPING;
use crate::secret::Secret;

/// The secrets of one provider.
pub(crate) struct SealedSecrets {
    /// Whether the provider sees placeholders. When not, the secrets are known all the same, to be taken out of what it
    /// says.
    is_sealed: bool,
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

/// The header that a secret belongs into.
#[derive(Clone, PartialEq)]
enum Place {
    /// As the whole value of this header.
    Header(HeaderName),
    /// After `Bearer ` in `authorization`.
    Bearer,
}

impl SealedSecrets {
    pub(crate) fn new(is_sealed: bool) -> Self {
        Self {
            is_sealed,
            entries: RwLock::default(),
            random: SystemRandom::new(),
        }
    }

    /// The configuration as the provider may see it.
    pub(crate) fn seal_config(&self, config: &Map<String, Value>) -> Map<String, Value> {
        let mut config = config.clone();
        self.seal_settings(&mut config);
        if let Some(Value::Object(mapping)) = config.get_mut(MAPPING) {
            // The provider takes settings out of there.
            self.seal_settings(mapping);
        }
        config
    }

    fn seal_settings(&self, settings: &mut Map<String, Value>) {
        for (key, value) in settings {
            // The provider takes blanks off names, where it takes settings out of the table of deployments.
            let key = key.trim();
            let mut sealed = sealed_settings().into_iter();
            if let Some((_, place)) = sealed.find(|(sealed, _)| *sealed == key) {
                self.seal_value(value, place);
            } else if key == "extra_headers" {
                self.seal_headers(value);
            }
        }
    }

    fn seal_headers(&self, value: &mut Value) {
        match value {
            Value::Object(headers) => {
                for (name, value) in headers {
                    // A name that is none never gets anywhere; the provider says so.
                    let name = HeaderName::from_bytes(name.as_bytes());
                    self.seal_value(value, Place::Header(name.unwrap_or(API_KEY)));
                }
            }
            // No table, and no header either: a text may be what a line of HTTP looks like, with the secret in it.
            other => self.seal_value(other, Place::Header(API_KEY)),
        }
    }

    /// The environment as the provider may see it.
    pub(crate) fn seal_environment(
        &self,
        mut variables: Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        for (name, value) in &mut variables {
            let mut sealed = sealed_variables().into_iter();
            if let Some((_, place)) = sealed.find(|(sealed, _)| sealed == name) {
                *value = self.seal_text(value, place);
            }
        }
        variables
    }

    /// A token as the provider may see it. The same token has the same placeholder.
    pub(crate) fn seal_token(&self, token: &AccessToken) -> String {
        let mut entries = self.entries_mut();
        if let Some(entry) = entries.iter().find(|entry| entry.secret == token.token) {
            return entry.placeholder.clone();
        }
        let now = SystemTime::now();
        entries.retain(|entry| entry.expires_on.is_none_or(|expires_on| expires_on > now));
        let entry = self.entry(token.token.clone(), Place::Bearer, Some(token.expires_on));
        let placeholder = entry.placeholder.clone();
        insert(&mut entries, entry);
        placeholder
    }

    /// Puts secrets where placeholders are, in the headers of a request to the endpoint.
    pub(crate) fn unseal(&self, headers: &mut HeaderMap) {
        for entry in self.entries().iter() {
            let (name, prefix) = match &entry.place {
                Place::Header(name) => (name, ""),
                Place::Bearer => (&AUTHORIZATION, BEARER),
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
    /// Whether a text can be sent there: keys and tokens are one word, other headers one line.
    fn can_carry(&self, secret: &str) -> bool {
        let is_word = !matches!(self, Self::Header(name) if *name != API_KEY);
        let least = if is_word { b'!' } else { b' ' };
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

/// The settings that are secrets, and the header of each. `extra_headers` has its own rule.
fn sealed_settings() -> [(&'static str, Place); 2] {
    [
        ("api_key", Place::Header(API_KEY)),
        ("azure_ad_token", Place::Bearer),
    ]
}

/// The variables that are secrets, and the header of each.
fn sealed_variables() -> [(&'static str, Place); 3] {
    [
        ("AZURE_OPENAI_API_KEY", Place::Header(API_KEY)),
        ("AZURE_OPENAI_KEY", Place::Header(API_KEY)),
        ("AZURE_OPENAI_AD_TOKEN", Place::Bearer),
    ]
}

const API_KEY: HeaderName = HeaderName::from_static("api-key");

const BEARER: &str = "Bearer ";

/// What is shorter is no secret of Azure's, and taking it out would tear words apart.
const MIN_REDACTED_BYTES: usize = 8;

/// How deep JSON may be in JSON: a gateway's answer that quotes the service's, in the payload of an event.
const MAX_NESTING: usize = 3;
