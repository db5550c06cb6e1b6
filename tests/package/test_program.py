"""The program for Linux, on a machine that has nothing else."""

import contextlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator

import pytest
from conftest import ROOT, run

CERTIFICATES = ROOT / "tests/fixtures/certificates"


def test_it_needs_nothing_of_the_system(unpacked: pathlib.Path) -> None:
    program = (unpacked / "host-harness").read_bytes()
    assert program[:4] == b"\x7fELF"
    # A program that is loaded by another one names it, by the path in which the C library is.
    assert b"/ld-linux" not in program[:4096]
    assert b"/ld-musl" not in program[:4096]
    assert os.access(unpacked / "host-harness", os.X_OK)


def test_one_command_leads_to_an_answer(unpacked: pathlib.Path) -> None:
    answer = run(unpacked / "host-harness", "run", "Say hello from the sandbox", cwd="/")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def test_manual_pages_and_completions_are_of_all_commands(unpacked: pathlib.Path) -> None:
    commands = run(unpacked / "host-harness", "--help").stdout
    commands = commands.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    commands = [line.split()[0] for line in commands if line.split()[0] != "help"]
    assert "serve" in commands
    pages = {page.name: page.read_text() for page in (unpacked / "man/man1").iterdir()}
    assert set(pages) == {"host-harness.1", *(f"host-harness-{command}.1" for command in commands)}
    for name, page in pages.items():
        assert f".TH {name.removesuffix('.1')} 1" in page
    for script in (unpacked / "completions").iterdir():
        text = script.read_text()
        assert all(command in text for command in commands), script
    assert run("bash", "-n", unpacked / "completions/host-harness.bash").returncode == 0


@pytest.fixture
def mock(unpacked: pathlib.Path) -> Iterator[dict]:
    """The mock of Azure OpenAI: its address and its key."""
    process = subprocess.Popen(
        [unpacked / "host-harness", "mock", "--json", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def tls_in_front_of(address: str) -> Iterator[int]:
    """Speaks TLS, with the certificate that the tests have for this machine, and forwards requests: its port."""

    class Forward(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            request = urllib.request.Request(address + self.path, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.send_response(answer.status)
                self.send_header("content-type", answer.headers["content-type"])
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(answer.read())

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_names_are_resolved_and_certificates_are_checked(unpacked: pathlib.Path, mock: dict) -> None:
    with tls_in_front_of(mock["endpoint"]) as port:

        def ask(authority: str) -> subprocess.CompletedProcess[str]:
            environment = {
                # A name, which the C library has to resolve.
                "AZURE_OPENAI_ENDPOINT": f"https://localhost:{port}",
                "AZURE_OPENAI_API_KEY": mock["api_key"],
                "SSL_CERT_FILE": str(CERTIFICATES / authority),
            }
            return run(unpacked / "host-harness", "run", "--json", "Say hello", env=environment)

        answered = ask("authority.pem")
        assert answered.returncode == 0, answered.stderr
        refused = ask("other.pem")
        assert refused.returncode == 1
        assert "TlsCertificateError" in json.loads(refused.stderr.splitlines()[-1])["message"]


def test_a_name_of_nobody_is_an_error_and_no_crash(unpacked: pathlib.Path) -> None:
    environment = {"AZURE_OPENAI_ENDPOINT": "https://nobody.invalid", "AZURE_OPENAI_API_KEY": "any"}
    config = {**environment, "AZURE_OPENAI_MAX_RETRIES": "0"}
    failed = run(unpacked / "host-harness", "run", "--json", "Say hello", env=config)
    assert failed.returncode == 1
    assert json.loads(failed.stderr.splitlines()[-1])["kind"] == "network"
