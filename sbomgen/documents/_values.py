"""Values that the formats are strict about: what does not have the form is left out, since a document must stay valid."""

import re

from msgspec import Struct

_HEX_DIGITS = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-384": 96, "SHA-512": 128}
_DIGEST_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_HEX = re.compile(r"[0-9a-f]+")
URL_LIMIT_CHARACTERS = 2_048
"""Longer addresses are nobody's homepage."""

_URL = re.compile(
    r"(?:https?|ftp|git|svn)://(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}(?::\d{1,5})?(?:[/?#][!#-;=?-Z\[\]_a-z~]*)?"
)
_CPE_PART = r":(?:[*-]|(?:\?*|\*?)(?:[\w.-]|\\[!-,/:-@\[-^`{-~])+(?:\?*|\*?))"
_CPE_LANGUAGE = r":(?:[*-]|[A-Za-z]{2,3}(?:-(?:[A-Za-z]{2}|\d{3}))?)"
_CPE = re.compile(rf"cpe:2\.3:[aho*-](?:{_CPE_PART}){{5}}{_CPE_LANGUAGE}(?:{_CPE_PART}){{4}}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
_MAILBOX = re.compile(r"(?P<name>[^<>]*[^<>\s])\s*<(?P<email>[^<>()@\s]+@[^<>()@\s]+)>")


class Mailbox(Struct, frozen=True):
    """Somebody, and where to write to."""

    name: str
    email: str | None = None


def is_hash(algorithm: str, value: str) -> bool:
    """Whether `value` has the form of a checksum of that algorithm (in CycloneDX's spelling)."""
    return _HEX_DIGITS.get(algorithm) == len(value) and _HEX.fullmatch(value) is not None


def is_cpe(name: str) -> bool:
    """Whether a name is a CPE 2.3 formatted string (NISTIR 7695, section 6.2)."""
    return _CPE.fullmatch(name) is not None


def hash_of_digest(digest: str) -> tuple[str, str] | None:
    """Algorithm and value of an OCI digest (`sha256:…`); None where it has no such form."""
    prefix, _, value = digest.partition(":")
    algorithm = _DIGEST_ALGORITHMS.get(prefix, "")
    return (algorithm, value) if is_hash(algorithm, value) else None


def is_url(text: str) -> bool:
    """Whether a homepage is the address of a site: people write `none`, `see README` and `http://localhost` there."""
    return len(text) <= URL_LIMIT_CHARACTERS and _URL.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    """Whether `text` is a type and a subtype as RFC 6838, section 4.2 names them."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def parse_mailbox(text: str) -> Mailbox:
    """Name and address of `NAME <ADDRESS>`; any other text, such as a list of them, is the name.

    >>> parse_mailbox("Debian OpenSSL Team <openssl@lists.debian.org>")
    Mailbox(name='Debian OpenSSL Team', email='openssl@lists.debian.org')
    """
    match = _MAILBOX.fullmatch(text.strip())
    return Mailbox(match["name"], match["email"]) if match else Mailbox(text.strip())
