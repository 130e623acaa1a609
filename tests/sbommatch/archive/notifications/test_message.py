"""What webhooks get: held against the standard's own example, and against another reading of it."""

import base64
import hashlib
import hmac
import json

import pytest

from sbommatch.archive.notifications.message import file_name, message, secret_of, signed_headers
from sbommatch.errors import UsageError
from tests.sbommatch.archive.notifications.changes import change
from tests.sbommatch.reports.schemas import check


def test_the_signature_is_that_of_the_standards_example() -> None:
    """The test vector of the Standard Webhooks libraries."""
    secret = secret_of(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "")
    headers = signed_headers(secret, "p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_signature_covers_identifier_time_and_body() -> None:
    secret = secret_of(b"  a secret of enough bytes\n", "")
    signatures = {
        signed_headers(secret, id_, at, body)["webhook-signature"] for id_ in ("1", "2") for at in (1, 2) for body in (b"a", b"b")
    }
    assert len(signatures) == 8
    expected = hmac.new(b"a secret of enough bytes", b"msg_1.2.a", hashlib.sha256).digest()
    assert f"v1,{base64.b64encode(expected).decode()}" in signatures
    assert "webhook-signature" not in signed_headers(None, "1", 1, b"")


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"", "has 0"), (b"short", "has 5"), (b"whsec_***", "no base64"), (b"whsec_AAAA", "has 3"), (b"x" * 5000, "has 5000")],
)
def test_a_secret_that_protects_nothing_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=f"hook.key: .*{said}"):
        secret_of(text, "hook.key")


def test_a_message_has_the_shape_that_is_promised() -> None:
    body = message("sboms.archive", "ab" * 16, [change(1), change(2, version=None, purl=None, severity=None, fix=None, labels={})])
    read = check(body, "notification-1.schema.json")
    assert read["changes"][0]["because"]["what"] == "feed"
    assert message("sboms.archive", "ab" * 16, [change(1)]) == message("sboms.archive", "ab" * 16, [change(1)])
    assert json.loads(body)["id"] == "ab" * 16


def test_the_name_of_a_file_leads_nowhere_else() -> None:
    assert file_name(change(1)) == f"20260821T060000Z-{1:032x}"
    assert file_name(change(1, at="../../../etc/T")) == f"T-{1:032x}"
