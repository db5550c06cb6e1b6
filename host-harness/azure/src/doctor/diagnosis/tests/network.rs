//! With a proxy and without.

use super::*;

#[test]
fn the_proxys_faults_are_not_the_resources() {
    let claims = claims();
    for (code, direct, through) in [
        (
            "DnsError",
            "the name r.example is not known (DNS)",
            "the name of the proxy http://p:1 is not known (DNS)",
        ),
        (
            "ConnectionRefused",
            "nothing listens at r.example",
            "nothing listens at the proxy http://p:1",
        ),
        (
            "ConnectionTimeout",
            "r.example does not answer a connection",
            "the proxy http://p:1 does not answer a connection",
        ),
        (
            "DestinationUnavailable",
            "there is no working connection to r.example",
            "the proxy http://p:1 gives no connection to r.example",
        ),
    ] {
        let error = error(ErrorKind::Network, 0, code, "");
        for (proxy, problem, step) in [
            (None, direct, "`azure_endpoint`"),
            (Some("http://p:1"), through, "the proxy http://p:1"),
        ] {
            let found = Found {
                proxy,
                ..found("api_key", &claims)
            };
            let diagnosis = Diagnosis::of(&error, &found);
            assert_eq!(diagnosis.problem, problem);
            assert!(diagnosis.steps[0].contains(step), "{diagnosis:?}");
        }
    }
}
