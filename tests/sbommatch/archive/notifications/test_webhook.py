"""The network step: one POST, what its answers mean, and what never gets out."""

import socket
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from sbommatch.archive.notifications import webhook
from sbommatch.archive.notifications.targets import checked_url
from sbommatch.archive.notifications.webhook import DeliveryError, post, retry_after_s
from sbommatch.errors import UsageError
from tests.support.webhooks import CUT, SILENCE, Answer, FakeWebhook


@pytest.fixture
def fake() -> Iterator[FakeWebhook]:
    with FakeWebhook() as made:
        yield made


def failing(fake: FakeWebhook, answer: Answer | int) -> DeliveryError:
    fake.answers = [answer]
    with pytest.raises(DeliveryError) as raised:
        post(fake.url, b"{}", {"webhook-id": "1"})
    assert "secret" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_a_message_that_was_taken_arrived_as_it_is(fake: FakeWebhook, status: int) -> None:
    fake.otherwise = status
    post(fake.url, b'{"a": 1}\n', {"webhook-id": "1"})
    [message] = fake.taken
    assert message.body == b'{"a": 1}\n'
    assert message.path == "/in/a-secret-path"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["webhook-id"] == "1"
    assert message.headers["user-agent"].startswith("sbommatch/")


PASSING = {408, 425, 429, 500, 502, 503, 504}


@pytest.mark.parametrize("status", sorted(PASSING | {400, 401, 403, 404, 410, 422, 501, 304}))
def test_what_another_attempt_may_change_is_told_from_what_it_does_not(fake: FakeWebhook, status: int) -> None:
    error = failing(fake, status)
    assert str(error).startswith(f"answers {status}")
    assert error.is_passing == (status in PASSING)
    assert not error.is_too_large
    assert error.exit_code == 7


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(fake: FakeWebhook, status: int) -> None:
    """Neither the changes nor their signature go to an address that nobody named."""
    with FakeWebhook() as other:
        error = failing(fake, Answer(status, {"Location": other.url}))
        assert other.came == []
    assert "redirects are not followed" in str(error)
    assert not error.is_passing


def test_how_long_to_wait_is_in_seconds_or_a_date(fake: FakeWebhook) -> None:
    assert failing(fake, Answer(429, {"Retry-After": "120"})).retry_after_s == 120
    dated = failing(fake, Answer(503, {"Retry-After": formatdate(time.time() + 90, usegmt=True)})).retry_after_s
    assert dated is not None
    assert 80 < dated <= 90
    for nonsense in ("soon", "-1", "٣", "Fri, 99 Foo 2026"):
        assert retry_after_s(nonsense) is None
    assert retry_after_s(formatdate(0, usegmt=True)) == 0


def test_a_body_that_is_too_large_is_told(fake: FakeWebhook) -> None:
    assert failing(fake, 413).is_too_large


@pytest.mark.parametrize(("fault", "said"), [(SILENCE, "does not answer"), (CUT, "broke off")])
def test_a_connection_that_fails_may_be_tried_again(fake: FakeWebhook, fault: Answer, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "READ_TIMEOUT_S", 0.2)
    error = failing(fake, fault)
    assert said in str(error)
    assert error.is_passing


def test_nobody_listening_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match="cannot be reached") as raised:
        post(f"http://127.0.0.1:{port}/secret", b"", {})
    assert raised.value.is_passing
    assert "secret" not in str(raised.value)


def test_a_server_without_tls_gets_nothing_of_the_message(fake: FakeWebhook) -> None:
    with pytest.raises(DeliveryError, match="no secure connection"):
        post(fake.url.replace("http:", "https:"), b"{}", {})
    assert fake.came == []


def test_a_proxy_is_used_where_one_is_named(fake: FakeWebhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", fake.url.replace("http://", "http://user:word@").removesuffix("/in/a-secret-path"))
    monkeypatch.delenv("no_proxy", raising=False)
    post("http://hooks.example/x", b"{}", {})
    [message] = fake.taken
    assert message.path == "http://hooks.example/x"
    assert message.headers["proxy-authorization"].startswith("Basic ")
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(UsageError, match="socks5"):
        post("http://hooks.example/x", b"{}", {})


@pytest.mark.parametrize(
    "url", ["https://hooks.example/x", "https://[::1]:8443/", "http://localhost:80/x", "http://127.9.9.9/", "http://[::1]/"]
)
def test_addresses_that_nobody_can_listen_in_on_are_taken(url: str) -> None:
    assert checked_url(url, plain_http=False) == url


BAD: list[tuple[str, str]] = [
    ("http://hooks.example/secret", "allow it by --plain-http"),
    ("http://127.0.0.1.example/secret", "allow it by --plain-http"),
    ("http://localhost.example/secret", "allow it by --plain-http"),
    ("https://user:secret@hooks.example/", "holds a password"),
    ("hooks.example/secret", "no address"),
    ("ftp://hooks.example/secret", "no address"),
    ("https:///secret", "no address"),
    ("https://hooks.example:0/secret", "no address"),
    ("https://hooks.example:port/secret", "no address"),
    ("https://hooks.example/secret\r\nX: y", "no address"),
    ("https://hooks.example/a secret", "no address"),
    ("https://hööks.example/secret", "no address"),
    ("https://[::1/secret", "no address"),
]


@pytest.mark.parametrize(("url", "said"), BAD)
def test_other_addresses_are_refused_without_repeating_their_secrets(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        checked_url(url, plain_http=False)
    assert "secret" not in str(raised.value).replace("--webhook-secret-file", "")


def test_plain_http_has_to_be_allowed() -> None:
    assert checked_url("http://hooks.example/x", plain_http=True) == "http://hooks.example/x"


def test_no_time_out_is_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[Any] = []

    class Manager:
        def urlopen(self, *_: object, timeout: Any, **__: object) -> None:
            timeouts.append((timeout.connect_timeout, timeout.read_timeout))
            raise DeliveryError("enough")

        def clear(self) -> None:
            pass

    monkeypatch.setattr(webhook, "_manager", lambda _url: Manager())
    with pytest.raises(DeliveryError):
        post("https://hooks.example", b"", {})
    assert timeouts == [(webhook.CONNECT_TIMEOUT_S, webhook.READ_TIMEOUT_S)]
