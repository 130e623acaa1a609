"""SBOMs inside other JSON: GitHub's dependency graph, in-toto statements, DSSE envelopes around those. No signature is checked here."""

from msgspec import DecodeError, Raw, json

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom._reader import Head, Source

MAX_WRAPPERS = 3
"""One in the other: an envelope, a statement, and cosign's `{"predicate": {"Data": …}}` are as deep as it goes."""


def unwrapped(head: Head, source: Source) -> bytes | None:
    """The text of the document that this object is wrapped around, None where it is not; that is noted.

    Raises `UnreadableError` for an envelope whose payload cannot be decoded.
    """
    for wrapper, part in (("GitHub's wrapper", head.sbom), ("an in-toto statement", head.predicate), ("a predicate", head.data)):
        if part:
            source.problems.note(ProblemCode.WRAPPED, "", f"is wrapped in {wrapper}")
            return _text(part)
    if not head.payload_type or not head.payload:
        return None
    source.problems.note(ProblemCode.WRAPPED, "", "is wrapped in a DSSE envelope, whose signatures were not checked")
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(json.decode(bytes(head.payload), type=str), strict_mode=True)
    except (Error, ValueError, DecodeError) as error:
        raise UnreadableError(f"{source.path}: the payload of its DSSE envelope is no base64: {error}") from error


def _text(part: Raw) -> bytes:
    """JSON as it stands, or out of a string: cosign writes SPDX so."""
    text = bytes(part)
    return json.decode(text, type=str).encode() if text.startswith(b'"') else text
