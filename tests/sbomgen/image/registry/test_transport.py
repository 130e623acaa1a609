"""Requests, redirects, proxies and TLS, in their parts; the whole is in test_pull."""

import time
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sbomgen.errors import NetworkError, UsageError
from sbomgen.image.registry.transport import (
    FIRST_PAUSE_S,
    MAX_PAUSE_S,
    Request,
    Tls,
    backoff_s,
    proxy_of,
    redirected,
    retry_after_s,
    tls_context,
)

OURS = Tls(ca_files=("ca.pem",), client=("cert.pem", None))
ASKED = Request("https://a.org/v2/x/blobs/y", {"Authorization": "Basic x", "X-Own": "1", "Range": "bytes=5-", "Accept": "a"}, OURS, b"form")


@pytest.mark.parametrize("target", ["/z", "z", "https://a.org/z", "https://a.org:443/z", "HTTPS://A.ORG/z"])
def test_a_redirect_to_the_same_server_keeps_all(target: str) -> None:
    again = redirected(ASKED, target)
    assert (again.headers, again.tls, again.body) == (ASKED.headers, OURS, b"form")


@pytest.mark.parametrize(
    "target", ["https://b.org/z", "https://a.org:8443/z", "//b.org/z", "https://a.org.b.org/z", "https://a.org@b.org/z"]
)
def test_a_redirect_to_another_server_takes_no_credential_along(target: str) -> None:
    again = redirected(ASKED, target)
    assert again.headers == {"Range": "bytes=5-", "Accept": "a"}
    assert (again.tls, again.body) == (Tls(ca_files=("ca.pem",)), None)


@pytest.mark.parametrize(
    "target",
    ["http://a.org/", "http://b.org/", "file:///etc/passwd", "ftp://a.org/", "x:1", "https://[", "//b:x/", "//b:99999/", "//b:0/"],
)
def test_a_redirect_to_less_than_https_is_refused(target: str) -> None:
    with pytest.raises(NetworkError, match=r"a\.org: leads (from HTTPS to plain HTTP|to something other than HTTP).*: refused"):
        redirected(ASKED, target)


def test_pauses_grow_and_are_bounded() -> None:
    assert backoff_s(2) == 2 * backoff_s(1)
    assert backoff_s(100) == MAX_PAUSE_S
    assert FIRST_PAUSE_S < MAX_PAUSE_S


def test_retry_after_is_seconds_or_a_date() -> None:
    later = retry_after_s(formatdate(time.time() + 30, usegmt=True))
    assert later is not None
    assert 25 < later <= 30
    assert retry_after_s(formatdate(0, usegmt=True)) == 0
    assert [retry_after_s(value) for value in ("0", "120", "-1", "1.5", "Wed", "")] == [0.0, 120.0, None, None, None, None]


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://a.org/", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://a.org/", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://a.org/", None),
        ({"https_proxy": "p:3128"}, "https://a.org/", "http://p:3128"),
        ({"ALL_PROXY": "http://p"}, "http://a.org/", "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "b.org,.a.org"}, "https://x.a.org/", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "a.org:5000"}, "https://a.org:5000/", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, "https://a.org/", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "a.org"}, "https://b.org/", "http://p"),
    ],
)
def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(urlsplit(url)) == proxy


def test_a_socks_proxy_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:swordfish@p:1080")
    with pytest.raises(UsageError, match="of the kind socks5: HTTP and HTTPS proxies are known") as caught:
        proxy_of(urlsplit("https://a.org/"))
    assert "swordfish" not in str(caught.value)


def test_a_certificate_file_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    for tls in (Tls(ca_files=(str(tmp_path / "x.pem"),)), Tls(client=(str(tmp_path / "x.pem"), None))):
        with pytest.raises(UsageError, match=r"x\.pem: cannot be used for TLS: it is not the PEM file that it should be"):
            tls_context(tls)
    with pytest.raises(UsageError, match=r"missing\.pem: cannot be used for TLS: No such file"):
        tls_context(Tls(ca_files=(str(tmp_path / "missing.pem"),)))
