"""Answers to `401`: Basic (RFC 7617), and bearer tokens of a token server (distribution's token and OAuth 2 documents)."""

import re
import threading
from collections.abc import Callable, Iterable
from itertools import zip_longest
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from sbomgen.decoders import json_decoder
from sbomgen.errors import NetworkError
from sbomgen.image.registry.credentials import Credentials
from sbomgen.image.registry.endpoints import Endpoint
from sbomgen.image.registry.transport import Request, Transport, redirected

MAX_TOKEN_BYTES = 1 << 20
"""Of a token server's answer: tokens that list many rights have some KiB."""

CLIENT_ID = "sbomgen"

_CHALLENGE = re.compile(r"(?i)(?:^|,)\s*(basic|bearer)(?=\s|,|$)")
_PARAMETER = re.compile(r'([A-Za-z_-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


class Challenge(Struct, frozen=True):
    """One way that a registry offers."""

    scheme: str
    """`basic` or `bearer`."""
    parameters: dict[str, str]


class _Token(Struct, frozen=True):
    token: str | None = None
    access_token: str | None = None


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """What the `WWW-Authenticate` headers of an answer offer, of the ways that are known (RFC 9110, 11.6.1).

    >>> parse_challenges(['Basic realm="a", Bearer realm="https://b/token",service="c"'])[1].parameters
    {'realm': 'https://b/token', 'service': 'c'}
    """
    found = []
    for value in values:
        starts = list(_CHALLENGE.finditer(value))
        for match, following in zip_longest(starts, starts[1:]):
            stated = value[match.end() : following.start() if following else None]
            parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(stated)}
            found.append(Challenge(match[1].lower(), parameters))
    return tuple(found)


class Authorizer:
    """The `Authorization` header of each endpoint, made when it is first asked for; usable from several threads."""

    def __init__(self, transport: Transport, credentials: Callable[[Endpoint], Credentials | None]) -> None:
        self._transport = transport
        self._credentials = credentials
        self._headers: dict[Endpoint, str] = {}
        self._lock = threading.Lock()

    def header(self, endpoint: Endpoint) -> str | None:
        """The one that was last made; None before any was asked for."""
        return self._headers.get(endpoint)

    def renew(self, endpoint: Endpoint, challenges: Iterable[Challenge], refused: str | None) -> bool:
        """Makes a header that answers the challenges; whether there is another one now than that which was refused."""
        with self._lock:
            if self._headers.get(endpoint) == refused:  # else another thread was here first
                header = self._answer(endpoint, {challenge.scheme: challenge for challenge in challenges})
                if header is None or header == refused:
                    return False
                self._headers[endpoint] = header
            return True

    def _answer(self, endpoint: Endpoint, offered: dict[str, Challenge]) -> str | None:
        credentials = self._credentials(endpoint)
        if credentials and credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        if "bearer" in offered:
            return f"Bearer {self._token(endpoint, offered['bearer'], credentials)}"
        return credentials.basic if credentials and credentials.username and "basic" in offered else None

    def _token(self, endpoint: Endpoint, challenge: Challenge, credentials: Credentials | None) -> str:
        request = token_request(endpoint, challenge, credentials)
        host = urlsplit(request.url).netloc
        with self._transport.open(request) as response:
            content = response.read(MAX_TOKEN_BYTES) if response.status == 200 else None
            status = response.status
        try:
            answer = json_decoder(_Token).decode(content) if content is not None else _Token()
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = _Token()
        token = answer.token or answer.access_token
        if not token:
            with_them = (
                "with the credentials it was given" if credentials else "without credentials: log in, or give --username and --password"
            )
            raise NetworkError(f"{endpoint.registry}: its token server {host} gives no token ({status}) {with_them}")
        if not token.isascii() or not token.isprintable():
            raise NetworkError(f"{endpoint.registry}: its token server {host} gives a token that is none")
        return token


def token_request(endpoint: Endpoint, challenge: Challenge, credentials: Credentials | None) -> Request:
    """What asks a token server: by GET, with Basic where there are credentials; with an identity token by POST (OAuth 2)."""
    realm = challenge.parameters.get("realm", "")
    asked = {
        "service": challenge.parameters.get("service", ""),
        "scope": challenge.parameters.get("scope") or f"repository:{endpoint.repository}:pull",
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    # As of a redirect: HTTP and HTTPS only, never from the second to the first, and to another host without our certificate.
    place = redirected(Request(f"{endpoint.base}/", {}, endpoint.tls), realm or "none:")
    if credentials and credentials.identity_token:
        form = f"{query}&" + urlencode({"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": credentials.identity_token})
        return Request(place.url, {"Content-Type": "application/x-www-form-urlencoded"}, place.tls, form.encode())
    separator = "&" if urlsplit(place.url).query else "?"
    headers = {"Authorization": credentials.basic} if credentials and credentials.username else {}
    return Request(f"{place.url}{separator}{query}", headers, place.tls)
