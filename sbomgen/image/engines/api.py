"""Asks an engine for an image through its socket: Docker's Engine API, and Podman's, which is the same where it is used here.

Source: Docker Engine API v1.41 and later, ImageInspect (`GET /images/NAME/json`) and ImageGet (`GET /images/NAME/get`). The answer is what
`docker save` writes. It goes to a temporary file: which layer a part of it is stands at the archive's end.
"""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote

from msgspec import Struct, structs

from sbomgen.errors import NetworkError, UsageError
from sbomgen.image.blobs import spooled_blobs
from sbomgen.image.engines.engine import Engine
from sbomgen.image.index import fits
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, Platform, decode
from sbomgen.image.remote import NotHereError, OpenOptions, RemoteName
from sbomgen.image.source import StoredImages
from sbomgen.image.sources.docker_archive import DockerArchive

ANSWER_TIMEOUT_S = 30
"""For a connection, and for an answer that needs no work."""

SAVE_TIMEOUT_S = 900
"""For the next bytes of an image: Podman packs the whole of it before it sends the first."""

MAX_COMPLAINT_BYTES = 2000
"""Of an engine's own words on what went wrong."""

_NO_SUCH_IMAGE = frozenset((400, 404))
"""400: the name is none to the engine."""

_NAME = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9._/:@\[\]-]*")
"""Names, digests and ids; brackets stand around an IPv6 address."""


class _Inspected(Struct, frozen=True, rename="pascal"):
    """What an engine says of an image, as far as it is used."""

    repo_tags: tuple[str, ...] | None = None
    os: str | None = None
    architecture: str | None = None
    variant: str | None = None


@contextmanager
def open_engine(engine: Engine, name: RemoteName, options: OpenOptions) -> Iterator[StoredImages]:
    """The image that an engine has under a name.

    Raises `NotHereError` where no socket answers, or none has the image; `NetworkError` where an engine fails to send it; `UsageError` for
    what can be no name.
    """
    if not _NAME.fullmatch(name.name) or ".." in name.name:
        raise UsageError(f"{name.source}: not the name or id of an image in {engine.title}; a registry's is registry:NAME")
    path, tags = _find(engine, name, None if name.scheme else options.platform)
    where = f"{name.source}: {engine.title} at {path}"
    options.say(where)
    with ExitStack() as stack:
        save = f"{engine.api}/images/{quote(_to_save(name.name, tags))}/get{engine.save_query}"
        with _asked(path, save, SAVE_TIMEOUT_S, where) as answer:
            if answer.status != http.client.OK:
                raise NetworkError(f"{where}: {_complaint(answer)}")
            blobs = stack.enter_context(spooled_blobs(_Body(answer, where), where))
        images = DockerArchive().read(blobs, name.source)
        manifests = (structs.replace(one, references=one.references or tags) for one in images.index.manifests)
        images.index = structs.replace(images.index, form=engine.form, manifests=tuple(manifests))
        yield images


def _find(engine: Engine, name: RemoteName, platform: str | None) -> tuple[str, tuple[str, ...]]:
    """The socket of the first engine that has the image, for a platform if one is given, and the tags that it gives it."""
    reasons = [engine.unmet] if engine.unmet else []
    for path in engine.sockets:
        where = f"{name.source}: {engine.title} at {path}"
        try:
            with _asked(path, f"{engine.api}/images/{quote(name.name)}/json", ANSWER_TIMEOUT_S, where) as answer:
                if answer.status in _NO_SUCH_IMAGE:
                    reasons.append(f"{path} has no such image")
                    continue
                if answer.status != http.client.OK:
                    raise NetworkError(f"{where}: {_complaint(answer)}")
                found = decode(answer.read(MAX_DOCUMENT_BYTES), _Inspected, where)
            stated = str(Platform(found.architecture, found.os, found.variant))
            if platform is None or fits(stated, platform):
                return path, found.repo_tags or ()
            reasons.append(f"{path} has it for {stated}")
        except _NoEngineError as exc:
            reasons.append(str(exc))
    raise NotHereError(f"{name.source}: not in {engine.title}: {'; '.join(reasons)}")


def _to_save(name: str, tags: tuple[str, ...]) -> str:
    """A name that means one image: without a tag Docker would send all images of the repository."""
    latest = f"{name}:latest"
    return latest if any(tag == latest or tag.endswith(f"/{latest}") for tag in tags) else name


class _NoEngineError(Exception):
    """Nobody answers at a socket."""


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Raises `_NoEngineError`."""
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except OSError as exc:
            self.sock.close()
            raise _NoEngineError(f"{self._path}: {exc.strerror or exc}") from exc


@contextmanager
def _asked(socket_path: str, path: str, timeout_s: float, where: str) -> Iterator[http.client.HTTPResponse]:
    """The answer to a request, until the context ends."""
    connection = _Connection(socket_path, timeout_s)
    try:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            yield answer
    except (OSError, http.client.HTTPException) as exc:
        raise NetworkError(f"{where}: broke off: {exc!r}") from exc
    finally:
        connection.close()


class _Body:
    """The body of an answer, whole: one that ends early is an error."""

    def __init__(self, answer: http.client.HTTPResponse, where: str) -> None:
        self._answer = answer
        self._where = where

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; nothing at the end."""
        try:
            piece = self._answer.read(size)
        except (OSError, http.client.HTTPException) as exc:
            raise NetworkError(f"{self._where}: broke off while it sent the image: {exc!r}") from exc
        if not piece and self._answer.length:
            raise NetworkError(f"{self._where}: sent {self._answer.length:,} bytes less than it said")
        return piece


def _complaint(answer: http.client.HTTPResponse) -> str:
    said = answer.read(MAX_COMPLAINT_BYTES).decode("utf-8", "replace").strip()
    return f"answered {answer.status} {answer.reason}: {said or 'without a word'}"
