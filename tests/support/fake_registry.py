"""A registry that misbehaves as it is told: it serves an OCI layout over HTTP, remembers what it was asked, and makes each fault once.

    with FakeRegistry(contents) as registry:
        registry.faults["/blobs/"] = [Cut(100), Status(503)]

A fault counts for the next request whose path holds the key; what follows is served as it should be.
"""

import base64
import json
import re
import select
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-of-the-server"
USER, PASSWORD = "user", "swordfish"


@dataclass(frozen=True)
class Status:
    """An answer without what was asked for."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Cut:
    """The connection ends after so many bytes of the body."""

    after_bytes: int


@dataclass(frozen=True)
class Other:
    """Another body, honestly announced."""

    body: bytes


@dataclass(frozen=True)
class Endless:
    """A body without a length that goes on until the reader goes away."""


@dataclass(frozen=True)
class Trickle:
    """One byte at a time, with a pause before each."""

    pause_s: float


@dataclass(frozen=True)
class WholeAgain:
    """The whole body, although a range was asked for."""


@dataclass(frozen=True)
class Header:
    """The answer as it should be, with one header more."""

    name: str
    value: str


Fault = Status | Cut | Other | Endless | Trickle | WholeAgain | Header


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class FakeRegistry:
    """`auth`: `basic`, `bearer` (with `/token` of `realm`, by default itself) or nothing. `tls` makes it speak HTTPS."""

    def __init__(self, contents: Mapping[str, bytes], auth: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.contents = dict(contents)
        self.auth = auth
        self.realm = ""
        self.valid_tokens = {TOKEN}
        self.tags = {"latest": json.loads(contents["index.json"])["manifests"][0]["digest"]} if "index.json" in contents else {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.registry = self
        self.scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{self.scheme}://{self.host}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def paths(self, part: str = "/v2/") -> list[str]:
        """Of the requests so far, with a part in their path."""
        return [asked.path for asked in self.asked if part in asked.path]

    def fault(self, path: str) -> Fault | None:
        """The next one for a path."""
        with self.lock:
            return next((faults.pop(0) for key, faults in self.faults.items() if key in path and faults), None)


class _Server(ThreadingHTTPServer):
    registry: FakeRegistry
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or did not trust us, is no error of the test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: the second would wait 40 ms
    server: _Server

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_GET(self) -> None:
        self._answer(b"")

    def do_CONNECT(self) -> None:
        """As a proxy: bytes go to and fro until one side ends."""
        self._remember(b"")
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as there:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: there, there: self.connection}
            while ready := select.select(list(ends), [], [], 10)[0]:
                for end in ready:
                    if not (piece := end.recv(65536)):
                        self.close_connection = True
                        return
                    ends[end].sendall(piece)

    def _remember(self, body: bytes) -> None:
        headers = {name.title(): value for name, value in self.headers.items()}
        with self.server.registry.lock:
            self.server.registry.asked.append(Asked(self.command, self.path, headers, body))

    def _answer(self, body: bytes) -> None:
        registry = self.server.registry
        self._remember(body)
        fault = registry.fault(self.path)
        if isinstance(fault, Status):
            self._send(fault.code, fault.body, fault.headers)
        elif urlsplit(self.path).path == "/token":
            self._token(body)
        elif not self._may_read():
            realm = f'Bearer realm="{registry.realm or registry.url + "/token"}",service="fake",scope="repository:x:pull"'
            self._send(401, b"{}", {"WWW-Authenticate": realm if registry.auth == "bearer" else 'Basic realm="fake"'})
        else:
            self._serve(fault)

    def _may_read(self) -> bool:
        registry, sent = self.server.registry, self.headers.get("Authorization", "")
        if registry.auth == "basic":
            return sent == _basic(USER, PASSWORD)
        return not registry.auth or sent.removeprefix("Bearer ") in registry.valid_tokens

    def _token(self, body: bytes) -> None:
        asked = parse_qs(body.decode() or urlsplit(self.path).query)
        known = self.headers.get("Authorization") in {None, _basic(USER, PASSWORD)}
        fine = known and asked.get("service") == ["fake"] and asked.get("refresh_token", ["identity"]) == ["identity"]
        self._send(200 if fine else 401, json.dumps({"token" if not body else "access_token": TOKEN}).encode() if fine else b"{}", {})

    def _serve(self, fault: Fault | None) -> None:
        found = self._content()
        if found is None:
            self._send(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}', {})
            return
        content, media_type = found
        content = fault.body if isinstance(fault, Other) else content
        start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        offset = int(start[1]) if start and not isinstance(fault, WholeAgain) else 0
        headers = {"Content-Type": media_type} | ({fault.name: fault.value} if isinstance(fault, Header) else {})
        if offset:
            headers = {"Content-Range": f"bytes {offset}-{len(content) - 1}/{len(content)}"} | headers
        self._send(206 if offset else 200, content[offset:], headers, fault)

    def _content(self) -> tuple[bytes, str] | None:
        registry = self.server.registry
        reference = urlsplit(self.path).path.rpartition("/")[2]
        content = registry.contents.get("blobs/" + registry.tags.get(reference, reference).replace(":", "/"))
        if content is None or "/v2/" not in self.path:
            return None
        stated = json.loads(content).get("mediaType", "application/json") if "/manifests/" in self.path else "application/octet-stream"
        return content, stated

    def _send(self, code: int, body: bytes, headers: Mapping[str, str], fault: Fault | None = None) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if isinstance(fault, Endless):
            self.close_connection = True
            self.end_headers()
            while True:
                self.wfile.write(body)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if isinstance(fault, Trickle):
            for index in range(len(body)):
                time.sleep(fault.pause_s)
                self.wfile.write(body[index : index + 1])
        elif isinstance(fault, Cut):
            self.close_connection = True
            self.wfile.write(body[: fault.after_bytes])
        else:
            self.wfile.write(body)


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
