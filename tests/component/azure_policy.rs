//! Azure's policy, and the provider that it is for: they must read an address alike, or a secret goes elsewhere than a request.

use std::fs;
use std::path::Path;

use azure_openai_provider::core::config::{Endpoint, EndpointKind};
use http::Method;
use provider_host_azure::policy::policy;

#[test]
fn the_host_takes_the_same_off_an_address_as_the_provider() {
    let mut kinds = [0; 3];
    for before in [
        "",
        "/team",
        "/team/a",
        "/team/v1",
        "/v1",
        "/openai",
        "/myopenai",
        "/team/openai/v1",
    ] {
        for project in [
            "",
            "/api/projects/P",
            "/api/projects/P/",
            "/api/projects-of/x",
            "/api/projects",
        ] {
            for pasted in [
                "",
                "/",
                "//",
                "/openai",
                "/openai/",
                "/openai/v1",
                "/openai/v1/",
                "/openai/v1//",
                "/openai/v1/responses",
                "/openai/v1/responses/",
                "/openai/responses",
                "/responses",
                "/v1",
                "/v1/responses",
                "/v1/openai",
                "/openai/v1/chat/completions",
                "/deployments",
                "/openai/openai/v1",
            ] {
                for end in ["", "?api-version=preview", "#x"] {
                    let address = format!("https://r.example{before}{project}{pasted}{end}");
                    // What the provider refuses it sends nothing to.
                    let Ok(of_provider) = Endpoint::parse(&address) else {
                        continue;
                    };
                    kinds[of_provider.kind as usize] += 1;
                    let of_host = policy().endpoint_at(&address).unwrap();
                    assert_eq!(of_host.path(), of_provider.path, "{address}");
                    // And what the provider sends gets the secrets.
                    let api = match of_provider.kind {
                        EndpointKind::V1 => "/responses",
                        EndpointKind::Project | EndpointKind::Resource => "/openai/v1/responses",
                    };
                    let request = format!("{of_provider}{api}");
                    assert!(
                        of_host.takes(&Method::POST, &request),
                        "{address}: {request}"
                    );
                }
            }
        }
    }
    // Of each kind there were some.
    assert!(kinds.iter().all(|count| *count > 20), "{kinds:?}");
}

#[test]
fn the_host_knows_nothing_of_azure() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("host-harness/host/src");
    let mut files = 0;
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = fs::read_to_string(&path).unwrap().to_lowercase();
            for word in [
                "azure",
                "openai",
                "foundry",
                "cognitiveservices",
                "microsoft",
            ] {
                let line = text.lines().find(|line| line.contains(word));
                assert_eq!(line, None, "{}", path.display());
            }
        }
    }
    assert!(files > 50, "{files}");
}
