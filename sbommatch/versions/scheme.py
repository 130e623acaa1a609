r"""What a version scheme is: an order of versions, as bytes wherever the ecosystem's order allows it.

A key is a byte string with `key(a) < key(b)` by plain comparison exactly when a is before b. Keys are self-delimiting: no key is a prefix
of another, so that `key + b"\x00"`
is the next possible key. Hence every range is a half-open interval `[lo, hi)` of keys.
"""

from typing import ClassVar, Protocol

KEY_FORMAT = 1
"""Stored with every database and raised whenever the encoding of any scheme changes: keys of two formats must never meet."""

BOTTOM = b""
"""Below every key: OSV's `introduced: 0`."""

TOP = b"\xff"
"""Above every key: a range without an end. No key begins with 0xFF."""


class InvalidVersion(ValueError):  # noqa: N818  the name that users of `packaging` know
    """A text that is no version in this scheme; the message says why."""


class KeyDeclined(ValueError):  # noqa: N818  no error: a fact about the version
    """A valid version that has no place in any total order (the reference's own comparison has cycles there); `compare` decides instead."""


class Scheme(Protocol):
    """The order of one ecosystem. Add one: a module in `sbommatch/versions`, a line in its `SCHEMES`, a test."""

    name: ClassVar[str]
    """As the command line and feeds name it: `deb`, `pypi`."""
    title: ClassVar[str]
    """For people: whose order it is, and the reference implementation it follows."""
    synonyms: ClassVar[tuple[str, ...]]
    """PURL types and OSV ecosystems of this order."""

    def key(self, version: str) -> bytes:
        """The key; linear in the version's length. Raises `InvalidVersion` or `KeyDeclined`, nothing else."""
        ...

    def compare(self, left: str, right: str) -> int:
        """-1, 0 or 1 as `left` is before, equal to or after `right`. Raises `InvalidVersion`."""
        ...

    def end_of(self, version: str) -> bytes:
        r"""The least key above all that `last_affected: version` takes in: `key + b"\x00"`, or past PEP 440's local versions."""
        ...

    def end_of_upstream(self, version: str) -> bytes:
        """The least key above every version with this one's upstream part.

        Past all revisions `-rN` of apk, all Debian revisions of deb; elsewhere `end_of`.
        """
        ...
