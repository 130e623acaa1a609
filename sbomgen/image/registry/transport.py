"""HTTP GET with time-outs, retries, redirects, TLS and proxies: the one module of registries that opens sockets.

By urllib3: typed, without dependencies, imported in 80 ms where `http.client` and `ssl`, which it needs too, take 33, and only when a
registry is asked. The standard library alone would leave connection pools, CONNECT through proxies and lengths of bodies to us; httpx
brings five packages, oras requests and jsonschema, with retries and redirects that we could not use: a blob goes on where it broke off, no
credential goes to another host, and every body is bounded.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct, structs

from sbomgen.errors import NetworkError, UsageError

if TYPE_CHECKING:
    import ssl

    import urllib3

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
"""Without a byte."""

MIN_BYTES, WINDOW_S = 16 << 10, 60.0
"""A body that brings fewer bytes in this time is given up: a byte now and then would hold us forever."""

MAX_ATTEMPTS = 4
"""Of one request."""
FIRST_PAUSE_S = 0.5
"""Before the second attempt; doubled for each further one."""
MAX_PAUSE_S = 60.0
"""A registry that asks for a longer one (Docker Hub's limits count by the hour) is not waited for."""

MAX_REDIRECTS = 5
MAX_CONNECTIONS = 6
"""To one host at once: those of the layers that are fetched side by side, and some for documents."""

CHUNK_BYTES = 256 << 10

_RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))

_OBJECT = re.compile(r"^\w+\(host=.*?\): ")
_LENGTH = re.compile(r"[0-9]{1,20}")
_CONTENT_RANGE = re.compile(r"bytes (\d{1,20})-")


class BrokenOffError(NetworkError):
    """A body that ended early, stalled or was garbled: the rest may be asked for."""


class NoTlsError(NetworkError):
    """Nothing listens, or what does speaks no TLS: plain HTTP may be tried where that is allowed."""


class Tls(Struct, frozen=True):
    """How a host is trusted, and who we are to it. Paths are of PEM files."""

    insecure: bool = False
    ca_files: tuple[str, ...] = ()
    """Trusted besides the system's."""
    client: tuple[str, str | None] | None = None
    """Certificate, and key unless it stands beside the certificate in the same file."""


class Request(Struct, frozen=True):
    """What is asked, of whom."""

    url: str
    headers: dict[str, str]
    """Meant for the host of the URL alone."""
    tls: Tls
    body: bytes | None = None
    """A form, by POST."""


class Response:
    """An answer: status, headers, and its body piece by piece."""

    def __init__(self, url: str, response: "urllib3.BaseHTTPResponse") -> None:
        self.url = url
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        self.status = response.status
        self._response = response

    def header(self, name: str) -> str:
        """Its value; empty where there is none."""
        return self._response.headers.get(name, "")

    def headers(self, name: str) -> tuple[str, ...]:
        """All values of a header that may stand several times."""
        return tuple(self._response.headers.getlist(name))

    @property
    def length(self) -> int | None:
        """Of the body in bytes, as far as it is stated."""
        stated = self.header("Content-Length")
        return int(stated) if _LENGTH.fullmatch(stated) else None

    @property
    def first_byte(self) -> int | None:
        """Where in the whole the body of a partial answer begins (RFC 9110, 14.4)."""
        found = _CONTENT_RANGE.match(self.header("Content-Range"))
        return int(found[1]) if found else None

    def pieces(self) -> Iterator[bytes]:
        """The body as sent; raises `BrokenOffError`."""
        import urllib3

        since, count = time.monotonic(), 0
        try:
            while piece := self._response.read1(CHUNK_BYTES, decode_content=False):
                count += len(piece)
                now = time.monotonic()
                if now - since > WINDOW_S:
                    if count < MIN_BYTES:
                        raise BrokenOffError(f"{self.host}: only {count:,} bytes in {WINDOW_S:.0f} seconds")
                    since, count = now, 0
                yield piece
        except urllib3.exceptions.HTTPError as exc:
            raise BrokenOffError(f"{self.host}: the answer broke off: {_reason(exc)}") from exc

    def read(self, limit_bytes: int) -> bytes | None:
        """The whole body; None where it is larger than that."""
        content = bytearray()
        for piece in self.pieces():
            content += piece
            if len(content) > limit_bytes:
                return None
        return bytes(content)

    def __enter__(self) -> Self:
        """To be closed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the connection back, closed where the body was not read to its end."""
        self.close()

    def close(self) -> None:
        """The same; more than once does no harm."""
        if not self._response.closed:
            self._response.close()
        self._response.release_conn()


class Transport:
    """Pools of connections, one for each way of trusting; usable from several threads."""

    def __init__(self, pause: Callable[[float], object] = time.sleep) -> None:
        self.pause = pause
        self._managers: dict[tuple[Tls | None, str | None], urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Closes all idle connections."""
        for manager in self._managers.values():
            manager.clear()

    def open(self, request: Request) -> Response:
        """The answer after redirects, whatever its status in the end; the caller closes it. Raises `NetworkError`."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            last = attempt == MAX_ATTEMPTS
            try:
                response = self._follow(request)
            except BrokenOffError as exc:
                if last:
                    raise NetworkError(f"{exc}, {MAX_ATTEMPTS} times") from exc
                self.pause(backoff_s(attempt))
                continue
            if response.status not in _RETRIED or last:
                return response
            wait_s = retry_after_s(response.header("Retry-After"))
            if wait_s is not None and wait_s > MAX_PAUSE_S:
                return response
            response.close()
            self.pause(backoff_s(attempt) if wait_s is None else wait_s)
        raise AssertionError

    def _follow(self, request: Request) -> Response:
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(request)
            target = response.header("Location")
            if response.status not in _REDIRECTS or not target:
                return response
            response.close()
            request = redirected(request, target)
        raise NetworkError(f"{response.host}: more than {MAX_REDIRECTS} redirects")

    def _send(self, request: Request) -> Response:
        import urllib3

        host = urlsplit(request.url).netloc
        manager = self._manager(request)
        method = "GET" if request.body is None else "POST"
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        try:
            answer = manager.urlopen(
                method, request.url, body=request.body, headers=request.headers, timeout=timeout, retries=False, redirect=False,
                preload_content=False, decode_content=False,
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as exc:
            _fail(host, exc)
        except ValueError:  # of `http.client`, which quotes the value: it may be a secret
            raise NetworkError(f"{host}: cannot be asked: a header or the token has characters that none may have") from None
        return Response(request.url, answer)

    def _manager(self, request: Request) -> "urllib3.PoolManager":
        """The pools of one way of trusting; plain HTTP needs none, and no time to load authorities."""
        url = urlsplit(request.url)
        key = (request.tls if url.scheme == "https" else None, proxy_of(url))
        with self._lock:
            if key not in self._managers:
                self._managers[key] = _new_manager(*key)
            return self._managers[key]


def _new_manager(tls: Tls | None, proxy: str | None) -> "urllib3.PoolManager":
    import urllib3

    if tls and tls.insecure:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the user asked for it
    context = tls_context(tls) if tls else None
    if proxy is None:
        return urllib3.PoolManager(maxsize=MAX_CONNECTIONS, block=True, ssl_context=context)
    address, credentials = _proxy_parts(proxy)
    headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else None
    return urllib3.ProxyManager(address, maxsize=MAX_CONNECTIONS, block=True, ssl_context=context, proxy_headers=headers)


def redirected(request: Request, target: str) -> Request:
    """The request that a redirect asks for. Another host gets neither headers that were meant for the first nor our certificate.

    Only what every host may know goes along: Accept and Range. Raises `NetworkError` where HTTPS would become HTTP.
    """
    before = urlsplit(request.url)
    try:
        url = urljoin(request.url, target)
        after = urlsplit(url)
        is_http = after.scheme in {"http", "https"} and after.hostname and after.port != 0
    except ValueError:
        is_http = False
    if not is_http:
        raise NetworkError(f"{before.netloc}: leads to something other than HTTP: refused")
    if (before.scheme, after.scheme) == ("https", "http"):
        raise NetworkError(f"{before.netloc}: leads from HTTPS to plain HTTP on {after.hostname}: refused")
    if _origin(before) == _origin(after):
        return structs.replace(request, url=url)
    headers = {name: value for name, value in request.headers.items() if name in {"Accept", "Accept-Encoding", "Range", "User-Agent"}}
    return Request(url, headers, structs.replace(request.tls, client=None))


def backoff_s(attempt: int) -> float:
    """The pause after an attempt, counted from 1."""
    return min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (attempt - 1))


def retry_after_s(value: str) -> float | None:
    """Seconds, of a number of them or an HTTP date (RFC 9110, 10.2.3); None where it says neither.

    >>> retry_after_s("3"), retry_after_s("soon"), retry_after_s("")
    (3.0, None, None)
    """
    if value.isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def proxy_of(url: SplitResult) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name for a URL; raises `UsageError` for SOCKS."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.netloc.rpartition("@")[2]):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.startswith(("http://", "https://")):
        kind = proxy.partition(":")[0]
        raise UsageError(f"the proxy for {url.scheme} is of the kind {kind}: HTTP and HTTPS proxies are known; see HTTPS_PROXY, ALL_PROXY")
    return proxy


def tls_context(tls: Tls) -> "ssl.SSLContext":
    """TLS 1.2 and up, verified against the system's authorities (SSL_CERT_FILE names others) and those given."""
    import ssl

    context = ssl.create_default_context()
    if tls.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for ca_file in tls.ca_files:
        with _naming(ca_file):
            context.load_verify_locations(ca_file)
    if tls.client:
        certificate, key = tls.client
        with _naming(certificate):
            context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    raise UsageError("the client key is encrypted: give one that is not")


@contextmanager
def _naming(path: str) -> Iterator[None]:
    import ssl

    try:
        yield
    except (OSError, ssl.SSLError) as exc:
        what = exc.strerror if not isinstance(exc, ssl.SSLError) else "it is not the PEM file that it should be"
        raise UsageError(f"{path}: cannot be used for TLS: {what}") from exc


def _proxy_parts(proxy: str) -> tuple[str, str | None]:
    """Address and `user:password` of a proxy's URL."""
    from urllib.parse import unquote

    parts = urlsplit(proxy)
    credentials, at, address = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{address}", unquote(credentials) if at else None


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one server: scheme, host and port."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or (443 if url.scheme == "https" else 80)


def _fail(host: str, exc: "urllib3.exceptions.HTTPError") -> NoReturn:
    """Raises what a failed request is to us: `BrokenOffError` where another attempt may do better."""
    import urllib3

    if isinstance(exc, urllib3.exceptions.NameResolutionError):
        raise NetworkError(f"{host}: there is no host of that name, or the name server does not answer") from exc
    if isinstance(exc, urllib3.exceptions.NewConnectionError):
        raise NoTlsError(f"{host}: cannot be reached: {_reason(exc)}") from exc
    if isinstance(exc, urllib3.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(exc):
            raise NetworkError(f"{host}: no secure connection: {_reason(exc)}; --ca-file FILE trusts its authority") from exc
        raise NoTlsError(f"{host}: no secure connection: {_reason(exc)}; --plain-http asks without TLS") from exc
    if isinstance(exc, urllib3.exceptions.ProxyError):
        raise BrokenOffError(f"{host}: the proxy fails: {_reason(exc.original_error)}") from exc
    raise BrokenOffError(f"{host}: cannot be reached: {_reason(exc)}") from exc


def _reason(exc: BaseException) -> str:
    """What went wrong, without the names of objects that urllib3 puts before it."""
    return _OBJECT.sub("", str(exc.args[-1] if exc.args else exc))
