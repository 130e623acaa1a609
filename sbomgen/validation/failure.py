"""What a judge says of a document."""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from sbomgen.errors import UsageError

MESSAGE_LIMIT_CHARACTERS = 300
"""Judges quote what they refuse, however long it is."""


class Failure(Struct, frozen=True, order=True):
    """Something in a document that its standard forbids."""

    message: str
    pointer: str | None = None
    """Where in JSON (RFC 6901): `/components/3/version`."""
    line: int | None = None
    """Where in XML or tag-value, from 1."""

    @property
    def place(self) -> str:
        """For people; empty where the judge does not say."""
        return f"line {self.line}" if self.line else "the document" if self.pointer == "" else self.pointer or ""


class Judgement(Struct, frozen=True):
    """What is wrong with a document; nothing: it is valid."""

    judge: str
    """Which library judged by what."""
    failures: tuple[Failure, ...]
    more: bool = False
    """There are more failures than these."""


def pointer_of(path: Iterator[str | int] | list[str | int]) -> str:
    """A JSON pointer.

    >>> pointer_of(["components", 3, "a/b"])
    '/components/3/a~1b'
    """
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def shortened(message: str) -> str:
    """A judge's message on one line, in bounds."""
    one_line = " ".join(message.split())
    if len(one_line) <= MESSAGE_LIMIT_CHARACTERS:
        return one_line
    # What it refuses stands first, why at the end.
    half = MESSAGE_LIMIT_CHARACTERS // 2
    return f"{one_line[:half]} … {one_line[-half:]}"


@contextmanager
def libraries_needed() -> Iterator[None]:
    """Turns a library that is missing into a word on how to get it."""
    try:
        yield
    except ImportError as exc:
        raise UsageError(
            f"{exc.name or exc} is not installed: pip install 'sbompair[validate]' brings the libraries that judge SBOMs"
        ) from exc
