"""What webhooks and spool folders get: JSON, and for webhooks the signature of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: `webhook-id` is the same for every attempt,
`webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`; there are libraries that verify it in many languages.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

import msgspec

from sbommatch.archive.change import ArchiveChange
from sbommatch.errors import UsageError

SCHEMA = "sbommatch.notification/1"

SECRET_PREFIX = "whsec_"  # noqa: S105  what secrets of Standard Webhooks begin with; the rest is base64
SECRET_LEAST_BYTES = 16
"""A shorter one could be guessed from one message."""
SECRET_LIMIT_BYTES = 4096


def message(archive: str, id_: str, changes: Sequence[ArchiveChange]) -> bytes:
    """One line of JSON; the same changes give the same bytes. `id_` is the same whenever the same changes are sent again."""
    return msgspec.json.encode({"schema": SCHEMA, "id": id_, "archive": archive, "changes": changes}) + b"\n"


def signed_headers(secret: bytes | None, id_: str, at: int, body: bytes) -> Mapping[str, str]:
    """The headers of a message; without a secret the signature is missing. `at` is in seconds since 1970."""
    headers = {"webhook-id": f"msg_{id_}", "webhook-timestamp": str(at)}
    if secret is not None:
        signed = f"msg_{id_}.{at}.".encode() + body
        headers["webhook-signature"] = f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"
    return headers


def secret_of(text: bytes, where: str) -> bytes:
    """The key in a file or variable: base64 after `whsec_`, else the text itself without space around it. Raises UsageError."""
    text = text.strip()
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX.encode()), validate=True) if text.startswith(b"whsec_") else text
    except binascii.Error as exc:
        raise UsageError(f"{where}: what follows {SECRET_PREFIX} is no base64") from exc
    if not SECRET_LEAST_BYTES <= len(secret) <= SECRET_LIMIT_BYTES:
        raise UsageError(f"{where}: a secret of {SECRET_LEAST_BYTES} to {SECRET_LIMIT_BYTES} bytes is needed; this one has {len(secret)}")
    return secret


def file_name(change: ArchiveChange, id_: str | None = None) -> str:
    """A name that sorts by time and is the same whenever the same change is sent again; it leads out of no folder."""
    return f"{re.sub(r'[^0-9TZ]', '', change.at)}-{id_ or change.change_id}"
