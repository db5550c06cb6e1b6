//! Which credentials the chain has.

use std::sync::Arc;

use async_trait::async_trait;

use crate::credentials::developer_tools::{
    AzureCliCredential, AzureDeveloperCliCredential, AzurePowerShellCredential,
};
use crate::credentials::entra::{EnvironmentCredential, WorkloadIdentityCredential};
use crate::credentials::interactive_browser::InteractiveBrowserCredential;
use crate::credentials::managed_identity::ManagedIdentityCredential;
use crate::credentials::surroundings::Surroundings;
use crate::credentials::{AccessToken, Credential, CredentialError};

/// The credentials that `AZURE_TOKEN_CREDENTIALS` leaves in the chain, in order.
pub(super) fn members(
    surroundings: &Arc<Surroundings>,
) -> Result<Vec<Arc<dyn Credential>>, CredentialError> {
    chosen(&CANDIDATES, surroundings)
}

/// A credential that the chain may have.
struct Candidate {
    /// Its name in Azure's documentation, and in `AZURE_TOKEN_CREDENTIALS`.
    name: &'static str,
    group: Group,
    /// Whether it needs a person at the terminal.
    needs_person: bool,
    make: Make,
}

/// Makes a credential. What was chosen by name may behave otherwise than one among many.
type Make = fn(Arc<Surroundings>, Is) -> Arc<dyn Credential>;

/// How a credential came into the chain.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    AmongOthers,
    Named,
}

/// What a credential is for.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    /// Deployed programs: `prod`.
    Deployed,
    /// Developers' machines: `dev`.
    Developer,
}

/// All credentials, in the chain's order.
const CANDIDATES: [Candidate; 7] = [
    Candidate {
        name: "EnvironmentCredential",
        group: Group::Deployed,
        needs_person: false,
        make: |surroundings, _| Arc::new(EnvironmentCredential::new(surroundings)),
    },
    Candidate {
        name: "WorkloadIdentityCredential",
        group: Group::Deployed,
        needs_person: false,
        make: |surroundings, _| Arc::new(WorkloadIdentityCredential::new(surroundings)),
    },
    Candidate {
        name: "ManagedIdentityCredential",
        group: Group::Deployed,
        needs_person: false,
        make: |surroundings, is| {
            Arc::new(match is {
                Is::AmongOthers => ManagedIdentityCredential::in_chain(surroundings),
                Is::Named => ManagedIdentityCredential::named(surroundings),
            })
        },
    },
    Candidate {
        name: "AzureCliCredential",
        group: Group::Developer,
        needs_person: false,
        make: |surroundings, _| Arc::new(AzureCliCredential::new(surroundings)),
    },
    Candidate {
        name: "AzurePowerShellCredential",
        group: Group::Developer,
        needs_person: false,
        make: |surroundings, _| Arc::new(AzurePowerShellCredential::new(surroundings)),
    },
    Candidate {
        name: "AzureDeveloperCliCredential",
        group: Group::Developer,
        needs_person: false,
        make: |surroundings, _| Arc::new(AzureDeveloperCliCredential::new(surroundings)),
    },
    Candidate {
        name: "InteractiveBrowserCredential",
        group: Group::Developer,
        needs_person: true,
        make: |surroundings, _| Arc::new(InteractiveBrowserCredential::new(surroundings)),
    },
];

fn chosen(
    candidates: &[Candidate],
    surroundings: &Arc<Surroundings>,
) -> Result<Vec<Arc<dyn Credential>>, CredentialError> {
    let group = match surroundings.variable(VARIABLE) {
        None => None,
        Some(word) if word.eq_ignore_ascii_case("prod") => Some(Group::Deployed),
        Some(word) if word.eq_ignore_ascii_case("dev") => Some(Group::Developer),
        Some(name) => {
            let make = named(candidates, name)?;
            return Ok(vec![make(Arc::clone(surroundings), Is::Named)]);
        }
    };
    let in_group = candidates
        .iter()
        .filter(|candidate| group.is_none_or(|group| candidate.group == group));
    let members =
        in_group.map(
            |candidate| match candidate.needs_person && !surroundings.is_interactive {
                true => Arc::new(NobodyThere(candidate.name)),
                false => (candidate.make)(Arc::clone(surroundings), Is::AmongOthers),
            },
        );
    Ok(members.collect())
}

fn named(candidates: &[Candidate], name: &str) -> Result<Make, CredentialError> {
    let mut same = candidates
        .iter()
        .filter(|candidate| candidate.name.eq_ignore_ascii_case(name));
    let make = same.next().map(|candidate| candidate.make);
    make.ok_or_else(|| {
        let names: Vec<&str> = candidates.iter().map(|candidate| candidate.name).collect();
        CredentialError::failed(format!(
            "{VARIABLE} is {name:?}; set it to `dev`, `prod` or one of {}, or unset it",
            names.join(", ")
        ))
    })
}

/// In the place of a credential that needs a person.
struct NobodyThere(&'static str);

impl NobodyThere {
    fn error(&self) -> CredentialError {
        CredentialError::unavailable(format!(
            "nobody is at the terminal to log in; run it in a terminal, or set {VARIABLE} to {} where somebody is \
             there all the same",
            self.0
        ))
    }
}

#[async_trait]
impl Credential for NobodyThere {
    fn name(&self) -> &'static str {
        self.0
    }

    async fn get_token(&self, _: &str) -> Result<AccessToken, CredentialError> {
        Err(self.error())
    }

    async fn origin(&self) -> Result<String, CredentialError> {
        Err(self.error())
    }
}

const VARIABLE: &str = "AZURE_TOKEN_CREDENTIALS";

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::credentials::CredentialErrorKind;
    use crate::credentials::testing::{self, Fake};

    /// The whole chain, as it is with the developers' credentials.
    const ALL: [Candidate; 4] = [
        fake("EnvironmentCredential", Group::Deployed, false),
        fake("ManagedIdentityCredential", Group::Deployed, false),
        fake("AzureCliCredential", Group::Developer, false),
        fake("InteractiveBrowserCredential", Group::Developer, true),
    ];

    const fn fake(name: &'static str, group: Group, needs_person: bool) -> Candidate {
        Candidate {
            name,
            group,
            needs_person,
            make: |_, is| match is {
                Is::AmongOthers => Arc::new(Fake::new("among others")),
                Is::Named => Arc::new(Fake::new("named")),
            },
        }
    }

    fn names(value: &str, is_interactive: bool) -> Result<Vec<&'static str>, CredentialError> {
        let mut surroundings = testing::surroundings([(VARIABLE, value)]);
        surroundings.is_interactive = is_interactive;
        let members = chosen(&ALL, &Arc::new(surroundings))?;
        Ok(members.iter().map(|member| member.name()).collect())
    }

    #[test]
    fn the_variable_narrows_the_chain() {
        const BROWSER: &str = "InteractiveBrowserCredential";
        let other = "among others";
        for (value, is_interactive, expected) in [
            ("", true, vec![other; 4]),
            ("  ", true, vec![other; 4]),
            ("prod", true, vec![other; 2]),
            (" PROD ", false, vec![other; 2]),
            ("dev", true, vec![other; 2]),
            ("Dev", false, vec![other, BROWSER]),
            ("", false, vec![other, other, other, BROWSER]),
            ("managedidentitycredential", false, vec!["named"]),
            ("AzureCLICredential", false, vec!["named"]),
            ("interactivebrowsercredential", false, vec!["named"]),
        ] {
            let names = names(value, is_interactive);
            assert_eq!(names, Ok(expected), "{value:?}, {is_interactive}");
        }
    }

    #[test]
    fn another_value_is_an_error_that_lists_the_values() {
        for value in [
            "cli",
            "production",
            "visualstudiocodecredential",
            "dev,prod",
        ] {
            let Err(error) = names(value, true) else {
                panic!("{value} is accepted");
            };
            assert_eq!(error.kind, CredentialErrorKind::Failed);
            for words in [value, "`dev`", "`prod`", "AzureCliCredential"] {
                assert!(error.message.contains(words), "{value}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn without_a_person_the_browser_says_how_to_get_it() {
        let error = NobodyThere("InteractiveBrowserCredential")
            .get_token("s")
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.kind, CredentialErrorKind::Unavailable);
        assert!(
            error.message.contains("nobody is at the terminal"),
            "{error}"
        );
    }

    #[test]
    fn the_table_has_the_documented_order() {
        let names: Vec<&str> = CANDIDATES.iter().map(|candidate| candidate.name).collect();
        let expected = [
            "EnvironmentCredential",
            "WorkloadIdentityCredential",
            "ManagedIdentityCredential",
            "AzureCliCredential",
            "AzurePowerShellCredential",
            "AzureDeveloperCliCredential",
            "InteractiveBrowserCredential",
        ];
        assert_eq!(names, expected);
        let surroundings = Arc::new(testing::surroundings([("", "")]));
        for candidate in &CANDIDATES {
            for is in [Is::Named, Is::AmongOthers] {
                assert_eq!(
                    (candidate.make)(Arc::clone(&surroundings), is).name(),
                    candidate.name
                );
            }
        }
    }
}
