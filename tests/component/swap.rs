//! Another build takes over, or does not.

use std::fs;
use std::path::{Path, PathBuf};

use azure_openai_mock::{DeltaGate, MockAzure};
use provider_host::contract::types::{BlockContent, ChatResponse};
use provider_host::{CallError, Inspection, LimitError, Limits, LoadError, Provider, SwapError};
use serde_json::{Value, json};

use crate::confinement::hollow_component;
use crate::support::{ask, azure, component, config, hostile_component, in_time, read, until};

#[tokio::test]
async fn new_calls_go_to_the_new_build_and_those_that_run_end_on_the_old_one() {
    let gate = DeltaGate::new();
    let mock = MockAzure::builder()
        .gate(gate.clone())
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = rebuilt(&folder.path().join("other.wasm"));
    let host = open(&mock).await;
    let old = host.statistics().build;

    gate.release(5);
    let mut running = host.stream(&ask("Hi")).await.unwrap();
    in_time(running.next()).await.unwrap();
    let swap = host.swap(&other).await.unwrap();
    let new = host.statistics().build;
    assert_eq!((&swap.from, &swap.to), (&old, &new));
    assert_ne!(old.digest, new.digest);
    assert_eq!(old.provider, "azure-openai");
    assert_eq!(host.statistics().idle_instances, 1);

    gate.release(1_000);
    let response = in_time(host.complete(&ask("Hi"))).await.unwrap();
    assert_eq!(build(&response), new.to_string());
    let mut last = None;
    while let Some(event) = in_time(running.next()).await.unwrap() {
        last = Some(event);
    }
    let Some(provider_host::contract::types::StreamEvent::Completed(response)) = last else {
        panic!("{last:?}");
    };
    assert_eq!(build(&response), old.to_string());
    in_time(swap.drained()).await;
    // What is left is the new build's.
    let statistics = host.statistics();
    assert_eq!((statistics.instances, statistics.idle_instances), (1, 1));

    // And back.
    let back = host.roll_back().await.unwrap();
    assert_eq!((&back.from, &back.to), (&new, &old));
    let response = in_time(host.complete(&ask("Hi"))).await.unwrap();
    assert_eq!(build(&response), old.to_string());
    // The same file again is no change.
    let same = host.swap(&component()).await.unwrap();
    assert_eq!(same.from, same.to);
    assert_eq!(host.statistics().build, old);
}

#[tokio::test]
async fn a_bad_candidate_is_refused_with_the_reason_and_traffic_does_not_notice() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let limits =
        Limits::default().with(|limits| limits.cpu_time = std::time::Duration::from_secs(2));
    let host = azure().limits(limits);
    let host = host.load(&component()).await.unwrap();
    let mut config = config(&mock);
    config.insert("max_concurrent_requests".to_owned(), json!(0));
    let host = host.open(&config).await.unwrap();
    let build_before = host.statistics().build;
    let file = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let behaving = |behaviour: &str| hostile(folder.path(), behaviour);
    let provider = "amplifier:provider/provider@0.2.0";
    let candidates = [
        (folder.path().join("nowhere"), "cannot read the component"),
        (
            file("text", b"not wasm".to_vec()),
            "is not a WebAssembly component",
        ),
        (
            file("cut", fs::read(component()).unwrap()[..200_000].to_vec()),
            "is not a WebAssembly component",
        ),
        (
            file(
                "contract",
                hollow_component(None, "amplifier:provider/provider@0.1.0"),
            ),
            "does not export amplifier:provider/provider@0.2.0, which this host speaks; it exports amplifier:provider/provider@0.1.0",
        ),
        (
            file(
                "import",
                hollow_component(Some("wasi:sockets/tcp@0.2.0"), provider),
            ),
            "imports wasi:sockets/tcp@0.2.0, which this host does not grant",
        ),
        (
            hostile_component(),
            "the candidate is the provider `hostile`, and this host runs `azure-openai`",
        ),
        (
            behaving("trap-in-get-info"),
            "the candidate failed in `get-info`",
        ),
        (behaving("trap-in-open"), "the candidate failed in `open`"),
        (
            behaving("loop-in-open"),
            "the candidate failed in `open`: the provider component computed for more than 2s",
        ),
        (
            behaving("reject-config"),
            "the candidate rejects the configuration: no configuration is right",
        ),
    ];
    let whole = tokio::spawn({
        let (host, build_before) = (host.clone(), build_before.to_string());
        async move {
            loop {
                let response = host.complete(&ask("Hi")).await.unwrap();
                assert_eq!(build(&response), build_before);
            }
        }
    });
    let streamed = tokio::spawn({
        let (host, build_before) = (host.clone(), build_before.to_string());
        async move {
            loop {
                let stream = host.stream(&ask("Hi")).await.unwrap();
                let response = read(stream).await.response.unwrap();
                assert_eq!(build(&response), build_before);
            }
        }
    });
    for (candidate, words) in &candidates {
        let before = host.statistics().calls;
        let Err(error) = in_time(host.swap(candidate)).await else {
            panic!("{words}: it was taken");
        };
        assert!(error.to_string().contains(words), "{error}");
        until(|| host.statistics().calls > before).await;
    }
    for traffic in [whole, streamed] {
        assert!(!traffic.is_finished());
        traffic.abort();
        assert!(traffic.await.unwrap_err().is_cancelled());
    }
    // The errors tell their kinds apart for programs too.
    let kinds = [
        &candidates[1].0,
        &candidates[5].0,
        &candidates[8].0,
        &candidates[9].0,
    ];
    let mut found = Vec::new();
    for candidate in kinds {
        found.push(match host.swap(candidate).await {
            Err(SwapError::Load(LoadError::NotAComponent { .. })) => "no component",
            Err(SwapError::OtherProvider { .. }) => "another provider",
            Err(SwapError::Failed {
                error: CallError::Limit(LimitError::CpuTime { .. }),
                ..
            }) => "over a limit",
            Err(SwapError::Rejected(_)) => "rejected",
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("taken"),
        });
    }
    assert_eq!(
        found,
        [
            "no component",
            "another provider",
            "over a limit",
            "rejected"
        ]
    );
    assert!(host.roll_back().await.is_none(), "nothing was swapped");
}

#[tokio::test]
async fn a_build_that_exports_another_version_of_the_contract_too_takes_over() {
    let mock = MockAzure::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = open(&mock).await;
    let both = folder.path().join("both.wasm");
    fs::write(&both, with_another_version()).unwrap();
    let inspection = Inspection::read(&both).unwrap();
    for version in ["0.1.0", "0.2.0"] {
        let export = format!("amplifier:provider/provider@{version}");
        assert!(inspection.exports.contains(&export), "{inspection:?}");
    }
    let swap = in_time(host.swap(&both)).await.unwrap();
    assert_eq!(swap.to.digest, inspection.digest);
    let response = in_time(host.complete(&ask("Hi"))).await.unwrap();
    assert_eq!(build(&response), swap.to.to_string());
}

async fn open(mock: &MockAzure) -> Provider {
    let host = azure().load(&component()).await.unwrap();
    host.open(&config(mock)).await.unwrap()
}

/// Which build a response says it is from.
pub(crate) fn build(response: &ChatResponse) -> String {
    assert!(matches!(response.content[0].content, BlockContent::Text(_)));
    let metadata: Value = serde_json::from_str(response.metadata.as_deref().unwrap()).unwrap();
    metadata["host:build"].as_str().unwrap().to_owned()
}

/// The component once more, with a section in it that means nothing: another build of the same.
pub(crate) fn rebuilt(path: &Path) -> PathBuf {
    let mut bytes = fs::read(component()).unwrap();
    // A custom section: its number, its length, and a name with its length.
    bytes.extend(b"\0\x06\x05other");
    fs::write(path, bytes).unwrap();
    path.to_owned()
}

/// The component, which exports its provider a second time, as that of another version of the contract.
fn with_another_version() -> Vec<u8> {
    let mut bytes = fs::read(component()).unwrap();
    // A section of exports: its number, its length, one export, and the name with a zero before it and its length.
    let name = "amplifier:provider/provider@0.2.0";
    let section = [&b"\x0b\x27\x01\0\x21"[..], name.as_bytes()].concat();
    let mut windows = bytes.windows(section.len());
    let start = windows.position(|window| window == section).unwrap();
    let mut export = bytes[start..start + 2 + 0x27].to_vec();
    let version = export.windows(5).position(|window| window == b"0.2.0");
    export[version.unwrap() + 2] = b'1';
    bytes.extend(export);
    bytes
}

/// The hostile component, in a file of this folder, which behaves like this from the beginning.
pub(crate) fn hostile(folder: &Path, behaviour: &str) -> PathBuf {
    let mut bytes = fs::read(hostile_component()).unwrap();
    let marker = b"hostile-behaviour:";
    let place = bytes
        .windows(marker.len())
        .position(|window| window == marker)
        .unwrap()
        + marker.len();
    let text = format!("{behaviour:21}");
    bytes[place..place + 21].copy_from_slice(text.as_bytes());
    let named = behaviour.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let path = folder.join(format!("{named}.wasm"));
    fs::write(&path, bytes).unwrap();
    path
}
