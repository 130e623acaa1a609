"""Where notifications go: webhooks, spool folders, folders of e-mails."""

import time
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from sbommatch.archive.notifications.box import Batch
from sbommatch.archive.notifications.filters import Filter
from sbommatch.archive.notifications.folders import put
from sbommatch.archive.notifications.message import file_name, message, signed_headers
from sbommatch.errors import UsageError


class Target(Protocol):
    """Somewhere that batches of changes are sent to, one at a time, in order."""

    is_network: ClassVar[bool]
    """A send may take its time, and must not be waited for beyond measure."""

    @property
    def name(self) -> str:
        """For people; no secret is in it."""

    @property
    def key(self) -> str:
        """By which the box knows it from run to run; no secret is in it."""

    @property
    def filter(self) -> Filter:
        """What is sent to it."""

    def send(self, batch: Batch) -> None:
        """Returns when the target has all of the batch; may be called again with the same. Raises SbommatchError."""


class Webhook(Struct, frozen=True, kw_only=True):
    """An HTTP address that takes JSON by POST."""

    is_network: ClassVar[bool] = True
    archive: str
    """What the archive is called in messages."""
    url: str
    """As `checked_url` gives it; may hold a secret in its path."""
    secret: bytes | None
    """That messages are signed with."""
    filter: Filter = Filter()
    title: str | None = None

    @property
    def name(self) -> str:
        """`webhook hooks.example`."""
        return f"webhook {self.title or urlsplit(self.url).netloc}"

    @property
    def key(self) -> str:
        """Its title stays when the address changes."""
        return f"webhook {self.title}" if self.title else f"webhook sha256:{sha256(self.url.encode()).hexdigest()}"

    def send(self, batch: Batch) -> None:
        """One attempt. Raises DeliveryError."""
        from sbommatch.archive.notifications.webhook import post

        body = message(self.archive, batch.id, batch.changes)
        post(self.url, body, signed_headers(self.secret, batch.id, int(time.time()), body))


class Spool(Struct, frozen=True, kw_only=True):
    """A folder that gets a file for each change, for somebody who carries or mirrors it on."""

    is_network: ClassVar[bool] = False
    archive: str
    folder: Path
    filter: Filter = Filter()

    @property
    def name(self) -> str:
        """`spool FOLDER`."""
        return f"spool {self.folder}"

    @property
    def key(self) -> str:
        """By the folder's place."""
        return f"spool {self.folder.resolve()}"

    def send(self, batch: Batch) -> None:
        """Raises UsageError where the folder cannot be written; what was written before that is not written again."""
        put(self.folder, {f"{file_name(one)}.json": message(self.archive, one.change_id, (one,)) for one in batch.changes})


class MailFolder(Struct, frozen=True, kw_only=True):
    """A folder that gets an e-mail for each batch, ready to be sent: `sendmail -t < FILE`."""

    is_network: ClassVar[bool] = False
    archive: str
    folder: Path
    sender: str
    to: tuple[str, ...]
    """Addresses as `mail.checked_address` gives them."""
    filter: Filter = Filter()

    @property
    def name(self) -> str:
        """`mail FOLDER`."""
        return f"mail {self.folder}"

    @property
    def key(self) -> str:
        """By the folder's place."""
        return f"mail {self.folder.resolve()}"

    def send(self, batch: Batch) -> None:
        """Raises UsageError where the folder cannot be written."""
        from sbommatch.archive.notifications.mail import mail

        put(self.folder, {f"{file_name(batch.changes[-1], batch.id)}.eml": mail(self.archive, batch, self.sender, self.to)})


def checked_url(url: str, *, plain_http: bool) -> str:
    """The address of a webhook. Raises UsageError where it is none, or would carry changes over the network in the open.

    >>> checked_url("https://hooks.example/in", plain_http=False)
    'https://hooks.example/in'
    """
    shown = f"{url.partition('://')[0]}://…" if "://" in url else "…"  # the rest may be secret
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not url.isascii() or not url.isprintable() or " " in url or "#" in url:
        raise UsageError(f"--webhook {shown}: it is no address as in https://hooks.example/in")
    if "@" in parts.netloc:
        raise UsageError(f"--webhook {shown}: it holds a password, which is not sent; messages are signed with --webhook-secret-file")
    if parts.scheme == "http" and not plain_http and not _is_loopback(parts.hostname or ""):
        raise UsageError(f"--webhook http://{parts.netloc}/…: all on the way could read it; use https://, or allow it by --plain-http")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
