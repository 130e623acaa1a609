"""A real registry (Debian's `docker-registry`, CNCF Distribution) on loopback, and a pusher of OCI layouts.

with running(tmp_path, Login("user", "secret")) as host:
    push(files_of_a_layout, host, "team/app", login=Login("user", "secret"))
"""

import base64
import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

START_TIMEOUT_S = 20.0


class Login(NamedTuple):
    """Who may push and pull."""

    username: str
    password: str

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"Authorization": "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()}


@contextmanager
def running(folder: Path, login: Login | None = None, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """A registry with its storage in a folder: `127.0.0.1:PORT`. `certificate` (PEM, key) makes it speak HTTPS."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is absent: apt-get install docker-registry")
    host = f"127.0.0.1:{_free_port()}"
    config = folder / "registry.yml"
    config.write_text(_configuration(folder, host, login, certificate))
    with (folder / "registry.log").open("wb") as log, subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log) as server:
        try:
            _await(host, server, folder / "registry.log")
            yield host
        finally:
            server.terminate()


def push(contents: Mapping[str, bytes], host: str, repository: str, login: Login | None = None) -> str:
    """Pushes an OCI layout, whose first manifest gets the tag `latest` and whatever it depends on comes before; its digest."""
    (top, *_) = json.loads(contents["index.json"])["manifests"]
    with _session(host, repository, login) as session:
        session.push(contents, top["digest"], top["mediaType"], "latest")
    return str(top["digest"])


def push_layout(layout: Path, host: str, repository: str) -> str:
    """The same of a layout in a folder."""
    contents = {str(path.relative_to(layout)): path.read_bytes() for path in layout.rglob("*") if path.is_file()}
    return push(contents, host, repository)


class _Session:
    def __init__(self, connection: http.client.HTTPConnection, repository: str, headers: dict[str, str]) -> None:
        self._connection = connection
        self._repository = repository
        self._headers = headers

    def push(self, contents: Mapping[str, bytes], digest: str, media_type: str, tag: str | None = None) -> None:
        """A manifest or index, after what it names."""
        content = contents[f"blobs/{digest.replace(':', '/')}"]
        document = json.loads(content)
        for child in document.get("manifests", ()):
            self.push(contents, child["digest"], child["mediaType"])
        for blob in (*([document["config"]] if "config" in document else []), *document.get("layers", ())):
            self._push_blob(contents, blob["digest"])
        self._request("PUT", self._url(f"manifests/{tag or digest}"), content, {"Content-Type": document.get("mediaType", media_type)}, 201)

    def _push_blob(self, contents: Mapping[str, bytes], digest: str) -> None:
        place = self._request("POST", self._url("blobs/uploads/"), b"", {}, 202)
        target = urlsplit(place)
        url = f"{target.path}?{target.query}&digest={digest}"
        self._request("PUT", url, contents[f"blobs/{digest.replace(':', '/')}"], {"Content-Type": "application/octet-stream"}, 201)

    def _url(self, path: str) -> str:
        return f"/v2/{self._repository}/{path}"

    def _request(self, method: str, url: str, body: bytes, headers: dict[str, str], wanted: int) -> str:
        self._connection.request(method, url, body, self._headers | headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == wanted, (method, url, response.status, answer)
        return response.headers.get("Location", "")


@contextmanager
def _session(host: str, repository: str, login: Login | None) -> Iterator[_Session]:
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        yield _Session(connection, repository, login.headers if login else {})
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _configuration(folder: Path, host: str, login: Login | None, certificate: tuple[Path, Path] | None) -> str:
    lines = ["version: 0.1", "log: {level: error}", f"storage: {{filesystem: {{rootdirectory: {folder / 'storage'}}}}}"]
    tls = f", tls: {{certificate: {certificate[0]}, key: {certificate[1]}}}" if certificate else ""
    lines.append(f"http: {{addr: '{host}'{tls}}}")
    if login:
        hashed = subprocess.run(
            ["htpasswd", "-Bbn", login.username, login.password], capture_output=True, check=True, text=True
        ).stdout.strip()
        (folder / "htpasswd").write_text(hashed + "\n")
        lines.append(f"auth: {{htpasswd: {{realm: test, path: {folder / 'htpasswd'}}}}}")
    return "\n".join(lines) + "\n"


def _await(host: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    address, _, port = host.rpartition(":")
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection((address, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"docker-registry does not start: {log.read_text()[-500:]}")
