//! The interfaces of WASI that providers are granted.

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings as http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtxView, WasiHttpView};
use wasmtime_wasi_io::bindings::wasi::io;

use super::{HostState, outgoing};
use crate::clock::{GuestClock, HasClock};
use crate::contract::{credentials, events, shared_state, types};

/// Links the interfaces that providers are granted, one by one: what is not in this list does not exist for them.
pub(crate) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    struct HasTable;
    impl wasmtime::component::HasData for HasTable {
        type Data<'a> = &'a mut ResourceTable;
    }
    io::error::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, HasTable>(linker, |state| &mut state.table)?;
    wasi::cli::environment::add_to_linker::<_, WasiCli>(linker, HostState::cli)?;
    wasi::clocks::monotonic_clock::add_to_linker::<_, HasClock>(linker, HostState::clock)?;
    wasi::clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, HostState::clocks)?;
    wasi::random::random::add_to_linker::<_, WasiRandom>(linker, |state| state.wasi.random())?;
    wasi::random::insecure::add_to_linker::<_, WasiRandom>(linker, |state| state.wasi.random())?;
    wasi::random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |state| {
        state.wasi.random()
    })?;
    let options = http::LinkOptions::default().into();
    http::http::types::add_to_linker::<_, WasiHttp>(linker, &options, HostState::http)?;
    outgoing::link(linker)?;
    events::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    credentials::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    shared_state::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    types::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for HostState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.client,
        }
    }
}

impl HostState {
    fn clock(&mut self) -> GuestClock<'_> {
        GuestClock {
            clock: self.grants.clock.as_ref(),
            system: WasiClocksCtxView {
                ctx: self.wasi.clocks(),
                table: &mut self.table,
            },
        }
    }
}
