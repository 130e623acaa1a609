"""The network step of notifications, and the one module of sbommatch that opens sockets: a POST to a webhook.

By urllib3. Redirects are not followed: the signature and the changes are meant for the address that was given, and for no other.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote, urlsplit

from sbommatch import __version__
from sbommatch.errors import NetworkError, UsageError

if TYPE_CHECKING:
    import urllib3

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
"""Without a byte; who sends one now and then is given up by `delivery`."""

PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Answers that another attempt may change."""
TOO_LARGE = 413


class DeliveryError(NetworkError):
    """A message that did not get through, and what may be done about it."""

    def __init__(self, text: str, *, is_passing: bool = False, is_too_large: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.is_passing = is_passing
        """Another attempt may do better."""
        self.is_too_large = is_too_large
        """Fewer changes may do better."""
        self.retry_after_s = retry_after_s
        """How long the other side wants to be left alone."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Returns when the other side has taken the message (2xx). Raises DeliveryError, UsageError for a proxy of a kind unknown here."""
    import urllib3

    headers = {"Content-Type": "application/json", "User-Agent": f"sbommatch/{__version__}", **headers}
    timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
    manager = _manager(url)
    try:
        answer = manager.urlopen(
            "POST", url, body=body, headers=headers, timeout=timeout, retries=False, redirect=False, preload_content=False
        )
        answer.close()  # what it says beside its status may have no end
    except urllib3.exceptions.HTTPError as exc:
        _fail(exc)
    finally:
        manager.clear()
    _check(answer)


def _check(answer: "urllib3.BaseHTTPResponse") -> None:
    """Raises DeliveryError unless the message was taken."""
    status = answer.status
    if 200 <= status < 300:
        return
    remedy = "; redirects are not followed, name the new address" if 300 <= status < 400 else ""
    raise DeliveryError(
        f"answers {status}{remedy}",
        is_passing=status in PASSING,
        is_too_large=status == TOO_LARGE,
        retry_after_s=retry_after_s(answer.headers.get("Retry-After", "")),
    )


def retry_after_s(value: str) -> float | None:
    """Seconds, of a number of them or an HTTP date (RFC 9110, 10.2.3); None where it says neither.

    >>> retry_after_s("3"), retry_after_s("soon"), retry_after_s("")
    (3.0, None, None)
    """
    if value.isascii() and value.isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _manager(url: str) -> "urllib3.PoolManager":
    """By the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name; TLS verified against the system's authorities."""
    import ssl
    from urllib.request import getproxies, proxy_bypass

    import urllib3

    parts = urlsplit(url)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return urllib3.PoolManager(ssl_context=context)
    address = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if address.scheme not in {"http", "https"}:
        raise UsageError(f"the proxy for {parts.scheme} is of the kind {address.scheme}: HTTP and HTTPS proxies are known; see HTTPS_PROXY")
    credentials, _, place = address.netloc.rpartition("@")
    headers = urllib3.make_headers(proxy_basic_auth=unquote(credentials)) if credentials else None
    return urllib3.ProxyManager(f"{address.scheme}://{place}", ssl_context=context, proxy_headers=headers)


def _fail(exc: "urllib3.exceptions.HTTPError") -> NoReturn:
    """Raises what a failed attempt is to us. urllib3's own words may hold the address, which may be secret."""
    import urllib3

    if isinstance(exc, urllib3.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(exc):
        raise DeliveryError("its certificate cannot be verified; SSL_CERT_FILE names other authorities") from None
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (urllib3.exceptions.NameResolutionError, "there is no host of that name, or the name server does not answer"),
        (urllib3.exceptions.ProxyError, "the proxy fails"),
        (urllib3.exceptions.ConnectTimeoutError, "it cannot be reached in time"),
        (urllib3.exceptions.ReadTimeoutError, "it takes the message and does not answer"),
        (urllib3.exceptions.SSLError, "no secure connection can be made"),
        (urllib3.exceptions.NewConnectionError, "it cannot be reached"),
    )
    why = next((words for kind, words in kinds if isinstance(exc, kind)), "the connection broke off")
    raise DeliveryError(why, is_passing=True) from None
