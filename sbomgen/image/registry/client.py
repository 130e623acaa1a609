"""The distribution API as far as pulling needs it (OCI distribution-spec 1.1, "Pull"); a blob goes on where it broke off."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

import msgspec
from msgspec import Struct

from sbomgen import __version__
from sbomgen.decoders import json_decoder
from sbomgen.errors import DigestMismatchError, NetworkError, SbomgenError, UnreadableError
from sbomgen.image.oci import INDEX_TYPES, MAX_DOCUMENT_BYTES, SCHEMA1_TYPES
from sbomgen.image.registry.auth import Authorizer, parse_challenges
from sbomgen.image.registry.endpoints import Endpoint
from sbomgen.image.registry.names import ImageName
from sbomgen.image.registry.transport import (
    MAX_ATTEMPTS,
    BrokenOffError,
    NoTlsError,
    Request,
    Response,
    Transport,
    backoff_s,
    retry_after_s,
    same_origin,
)
from sbomgen.image.remote import NotHereError

MANIFEST_TYPES = frozenset(("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"))
"""Of one image."""

MAX_ROUNDS = 2
"""Of authentication for one request: a first header, and a fresh one where a token has expired."""

PROGRESS_BYTES = 1 << 20
"""A blob that broke off this much further on has its attempts anew."""

MAX_REFUSAL_BYTES = 64 << 10
"""Of the body of a refusal."""

_HEADERS = {"User-Agent": f"sbomgen/{__version__}", "Accept-Encoding": "identity"}


class _Reason(Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Refusal(Struct, frozen=True):
    errors: tuple[_Reason, ...] = ()


class Document(Struct, frozen=True):
    """A small blob, manifest or index as the registry sends it; its digest is not verified."""

    content: bytes
    media_type: str
    stated_digest: str
    """By the registry's header; empty where it states none."""


class Client:
    """One repository, on its mirrors and at home; usable from several threads."""

    def __init__(self, name: ImageName, endpoints: Sequence[Endpoint], transport: Transport, authorizer: Authorizer) -> None:
        self.name = name
        self._endpoints = tuple(endpoints)
        self._transport = transport
        self._authorizer = authorizer

    def manifest(self, reference: str, limit_bytes: int = MAX_DOCUMENT_BYTES) -> Document:
        """A manifest or index by tag or digest; raises `NotHereError` where there is none."""
        return self._document(f"manifests/{reference}", {"Accept": ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))}, limit_bytes)

    def document(self, digest: str, limit_bytes: int = MAX_DOCUMENT_BYTES) -> Document:
        """A small blob; raises `NotHereError` where there is none."""
        return self._document(f"blobs/{digest}", {}, limit_bytes)

    def blob_pieces(self, digest: str, size_bytes: int) -> Iterator[bytes]:
        """A blob of a known size, whatever breaks off on the way; its digest is not verified.

        Raises `DigestMismatchError` where it has another size, `NetworkError` where attempts without progress are used up.
        """
        where = f"{self.name}: blob {digest}"
        offset, attempt, broken_at = 0, 0, 0
        while True:
            try:
                for piece in self._pieces_from(offset, digest, size_bytes):
                    offset += len(piece)
                    if offset > size_bytes:
                        _another_size(where, f"more than {size_bytes:,}", size_bytes)
                    yield piece
            except BrokenOffError as exc:
                attempt = 1 if offset - broken_at >= PROGRESS_BYTES else attempt + 1
                broken_at = offset
                if attempt == MAX_ATTEMPTS:
                    raise NetworkError(f"{where}: it cannot be fetched: {exc}, {MAX_ATTEMPTS} times") from exc
                self._transport.pause(backoff_s(attempt))
            else:
                return

    def _pieces_from(self, offset: int, digest: str, size_bytes: int) -> Iterator[bytes]:
        """The rest of a blob, whatever its digest; a server that knows no ranges (RFC 9110, 14.2) sends what we have once more."""
        where = f"{self.name}: blob {digest}"
        with self._open(f"blobs/{digest}", {"Range": f"bytes={offset}-"} if offset else {}) as response:
            known = offset
            if response.status == 206:
                known = 0
                if response.first_byte != offset:
                    raise BrokenOffError(f"{response.host}: it sends another range than it was asked for")
            if response.length not in {None, size_bytes - offset + known}:
                _another_size(where, f"{response.length + offset - known:,}", size_bytes)
            for piece in response.pieces():
                fresh = piece[known:]
                known -= len(piece) - len(fresh)
                offset += len(fresh)
                if fresh:
                    yield fresh
        if offset < size_bytes:
            raise BrokenOffError(f"{response.host}: the answer ended after {offset:,} of {size_bytes:,} bytes")

    def _document(self, path: str, headers: Mapping[str, str], limit_bytes: int) -> Document:
        where = f"{self.name}: {path}"
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                with self._open(path, headers) as response:
                    media_type = response.header("Content-Type").partition(";")[0].strip()
                    if media_type in SCHEMA1_TYPES:
                        raise UnreadableError(
                            f"{where}: a Docker schema 1 manifest, which is not supported: push it again with a tool of today"
                        )
                    content = response.read(limit_bytes)
                    if content is None:
                        raise UnreadableError(f"{where}: more than the {limit_bytes:,} bytes that such a document may have")
                    return Document(content, media_type, response.header("Docker-Content-Digest"))
            except BrokenOffError as exc:
                if attempt == MAX_ATTEMPTS:
                    raise NetworkError(f"{where}: {exc}, {MAX_ATTEMPTS} times") from exc
                self._transport.pause(backoff_s(attempt))
        raise AssertionError

    def _open(self, path: str, headers: Mapping[str, str]) -> Response:
        """The answer of the first endpoint that has it; it is asked first from then on."""
        failed: dict[str, SbomgenError] = {}
        for endpoint in (endpoints := self._endpoints):
            if not isinstance(failed.get(endpoint.host), NoTlsError | None):
                continue  # a host that answered by HTTPS, or whose certificate is wrong, is not asked by HTTP
            try:
                response = self._ask(endpoint, path, headers)
            except (NetworkError, UnreadableError) as exc:
                failed[endpoint.host] = exc
                continue
            self._endpoints = (endpoint, *(one for one in endpoints if one.host != endpoint.host))
            return response
        *before, last = failed.values()
        raise type(last)("; before it: ".join(map(str, (last, *before)))) from last

    def _ask(self, endpoint: Endpoint, path: str, headers: Mapping[str, str]) -> Response:
        """One endpoint's answer, if it is a good one."""
        url = f"{endpoint.base}/{endpoint.repository}/{path}"
        for _ in range(MAX_ROUNDS + 1):
            authorization = self._authorizer.header(endpoint)
            own = {"Authorization": authorization} if authorization else {}
            response = self._transport.open(Request(url, {**dict(endpoint.headers), **_HEADERS, **headers, **own}, endpoint.tls))
            if response.status in {200, 206}:
                return response
            with response:
                # A host that we were redirected to may not ask for credentials: they are the registry's.
                challenges = parse_challenges(response.headers("WWW-Authenticate")) if same_origin(response.url, url) else ()
                if response.status != 401 or not self._authorizer.renew(endpoint, challenges, authorization):
                    raise self._refusal(response, path)
        raise self._refusal(response, path)

    def _refusal(self, response: Response, path: str) -> SbomgenError:
        """What a status means."""
        where = f"{self.name}: {response.host} {{}} {path} ({response.status}{_stated_reason(response)})"
        if response.status == 404:
            return NotHereError(where.format("does not have"))
        if response.status in {401, 403}:
            hint = "there may be no such image, or it wants credentials: log in with `docker login`, or give --username and --password"
            return NetworkError(f"{where.format('refuses')}: {hint}")
        if response.status == 429:
            wait_s = retry_after_s(response.header("Retry-After"))
            wait = f", after {wait_s:.0f} seconds" if wait_s else ""
            return NetworkError(f"{where.format('limits requests for')}: ask again later{wait}, or log in")
        return NetworkError(where.format("fails on"))


def _another_size(where: str, actual: str, stated: int) -> NoReturn:
    raise DigestMismatchError(f"{where}: it has {actual} bytes, but the image says {stated:,}; fetch the image again")


def _stated_reason(response: Response) -> str:
    """What the body of a refusal says, in the form of the specification."""
    try:
        content = response.read(MAX_REFUSAL_BYTES)
        reasons = json_decoder(_Refusal).decode(content or b"{}").errors
    except (BrokenOffError, msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f": {reasons[0].message or reasons[0].code}"[:300] if reasons else ""
