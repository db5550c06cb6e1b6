//! A host that knows nothing of ours: wasmtime's own WASI and HTTP, an instance for each request.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response, client, server};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wasmtime::component::{Component, ComponentType, Linker, Lower, ResourceTable};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// What a host gives the gateway.
#[derive(Clone, Default)]
pub(crate) struct Grants {
    pub(crate) variables: Vec<(String, String)>,
    /// A folder that is there as `/secrets`.
    pub(crate) secrets: Option<PathBuf>,
    /// Variables as Spin has them.
    pub(crate) spin: Vec<(String, String)>,
    /// The most bytes that each memory of an instance may have; without it, as many as there are.
    pub(crate) memory_bytes: Option<usize>,
}

/// A host that serves a component.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    stderr: MemoryOutputPipe,
    server: JoinHandle<()>,
}

impl Host {
    /// Serves the component in a file.
    pub(crate) async fn start(file: &Path, grants: Grants) -> Self {
        let engine = Engine::new(&Config::new()).unwrap();
        let component = Component::from_file(&engine, file).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        let variables = grants.spin.clone();
        linker
            .instance(SPIN_VARIABLES)
            .unwrap()
            .func_wrap("get-all", move |_, (): ()| {
                Ok((Ok::<_, NoVariables>(variables.clone()),))
            })
            .unwrap();
        let pre = ProxyPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        let stderr = MemoryOutputPipe::new(STDERR_BYTES);
        let service = Arc::new(Service {
            pre,
            grants,
            stderr: stderr.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = Arc::clone(&service);
                let answer = server::conn::http1::Builder::new().serve_connection(
                    TokioIo::new(stream),
                    hyper::service::service_fn(move |request| {
                        let service = Arc::clone(&service);
                        async move { service.answer(request).await }
                    }),
                );
                tokio::spawn(answer);
            }
        });
        Self {
            address,
            stderr,
            server,
        }
    }

    /// The lines on standard error.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.stderr.contents().to_vec()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Service {
    pre: ProxyPre<State>,
    grants: Grants,
    stderr: MemoryOutputPipe,
}

impl Service {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> wasmtime::Result<Response<HyperOutgoingBody>> {
        let mut store = Store::new(self.pre.engine(), self.state()?);
        store.limiter(|state| &mut state.limits);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let out = http.new_response_outparam(sender)?;
        let pre = self.pre.clone();
        // It goes on after the head of its answer.
        let running = tokio::spawn(async move {
            let proxy = pre.instantiate_async(&mut store).await?;
            let handler = proxy.wasi_http_incoming_handler();
            handler.call_handle(&mut store, request, out).await
        });
        match receiver.await {
            Ok(response) => Ok(response?),
            Err(_) => {
                running.await??;
                wasmtime::bail!("the component has not answered")
            }
        }
    }

    fn state(&self) -> wasmtime::Result<State> {
        let Grants {
            variables,
            secrets,
            memory_bytes,
            ..
        } = &self.grants;
        let mut wasi = WasiCtx::builder();
        wasi.envs(variables).stderr(self.stderr.clone());
        if let Some(folder) = secrets {
            wasi.preopened_dir(folder, "/secrets", FsPerms::ReadOnly)?;
        }
        let mut limits = StoreLimitsBuilder::new();
        if let Some(bytes) = memory_bytes {
            limits = limits.memory_size(*bytes);
        }
        Ok(State {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            client: Client,
            limits: limits.build(),
        })
    }
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    client: Client,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.client,
        }
    }
}

/// Sends whatever it is told, wherever that is: a connection for each request.
struct Client;

type Connection = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Client {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Connection,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Connection), Error>> + Send> {
        let limit = options.and_then(|options| options.first_byte_timeout);
        Box::new(async move {
            let sending = send(request);
            let limit = limit.unwrap_or(Duration::from_secs(600));
            let sent = tokio::time::timeout(limit, sending).await;
            sent.unwrap_or(Err(Error::HttpResponseTimeout))
        })
    }
}

async fn send(mut request: Request<WasiBody>) -> Result<(Response<WasiBody>, Connection), Error> {
    let authority = request.uri().authority().unwrap().to_string();
    let stream = TcpStream::connect(authority).await;
    let stream = stream.map_err(|_| Error::ConnectionRefused)?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Error::ConnectionTerminated)?;
    let connection = tokio::spawn(connection);
    let path = request.uri().path_and_query().unwrap().to_string();
    *request.uri_mut() = path.parse().unwrap();
    let response = sender.send_request(request).await;
    let response = response.map_err(|_| Error::ConnectionTerminated)?;
    let response = response.map(|body| {
        let body = body.map_err(|_| Error::ConnectionTerminated);
        body.boxed_unsync()
    });
    // It ends when nobody reads the answer any more.
    let driven: Connection = Box::new(async move {
        let _ = connection.await;
        Ok(())
    });
    Ok((response, driven))
}

/// Why Spin has no variables.
#[derive(ComponentType, Lower)]
#[component(variant)]
#[expect(
    dead_code,
    reason = "there are always some, and the type says what there could be"
)]
enum NoVariables {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

/// What Spin has of `wasi:config`.
const SPIN_VARIABLES: &str = "wasi:config/store@0.2.0-draft-2024-09-27";

/// Enough for the events of a test.
const STDERR_BYTES: usize = 4 * 1024 * 1024;
