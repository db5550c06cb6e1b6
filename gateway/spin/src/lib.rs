//! Spin's variables as environment variables.
//!
//! Spin gives a component its secrets as variables of the application, by `wasi:config`, and its environment is fixed text. This
//! component stands before the stand-alone gateway and makes one environment of both: the variable `azure_openai_api_key` is
//! `AZURE_OPENAI_API_KEY` there. Where both have a value, the variable counts.

#[cfg(target_family = "wasm")]
mod contract;

#[cfg(target_family = "wasm")]
mod exports {
    use crate::contract::exports::wasi::cli::environment::Guest;
    use crate::contract::wasi::cli::environment;
    use crate::contract::wasi::config::store;

    /// What the component exports.
    pub(crate) struct Variables;

    impl Guest for Variables {
        fn get_environment() -> Vec<(String, String)> {
            // Without variables the environment is what there is.
            let configured = store::get_all().unwrap_or_default().into_iter();
            let configured = configured
                .map(|(name, value)| (name.to_ascii_uppercase().replace('-', "_"), value));
            let mut all: Vec<(String, String)> = configured.collect();
            for (name, value) in environment::get_environment() {
                if !all.iter().any(|(found, _)| *found == name) {
                    all.push((name, value));
                }
            }
            all
        }

        fn get_arguments() -> Vec<String> {
            environment::get_arguments()
        }

        fn initial_cwd() -> Option<String> {
            environment::initial_cwd()
        }
    }
}
