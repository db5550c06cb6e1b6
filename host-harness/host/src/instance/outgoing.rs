//! `wasi:http/outgoing-handler`, without what wasmtime's leaves behind.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Host as _, RequestOptions};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use super::HostState;

/// Links the interface.
pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    let handle = |mut store: StoreContextMut<'_, HostState>, parameters: Parameters| {
        let sent = handle(&mut store.data_mut().http(), parameters)?;
        Ok((sent,))
    };
    linker.instance(INTERFACE)?.func_wrap("handle", handle)
}

/// The request, and its options.
type Parameters = (
    Resource<HostOutgoingRequest>,
    Option<Resource<RequestOptions>>,
);

/// Both are the host's from here on. wasmtime reads the options and leaves them in the table: one handle for each request
/// that an instance ever sends.
fn handle(
    http: &mut WasiHttpCtxView<'_>,
    (request, options): Parameters,
) -> wasmtime::Result<Result<Resource<HostFutureIncomingResponse>, ErrorCode>> {
    let copy = options
        .as_ref()
        .map(|options| Resource::new_own(options.rep()));
    let sent = http.handle(request, copy);
    if let Some(options) = options {
        http.table.delete(options)?;
    }
    match sent {
        Ok(sent) => Ok(Ok(sent)),
        Err(error) => http.convert_error_code(error).map(Err),
    }
}

/// Components may import it in any version 0.2.
const INTERFACE: &str = "wasi:http/outgoing-handler@0.2.12";
