"""OCaml packages: versions as opam orders them (`OpamVersionCompare`): the order of dpkg, without epochs.

A version may begin with a letter there, which dpkg only warns of: `v0.16.0` of Jane Street's packages stands above all numbers. A `0.`
before both sides changes nothing of their order and makes them dpkg's; so does a `0` for an empty revision (`1.0-`).
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.deb import DebScheme
from sbommatch.versions.numbers import refusal

_GRAMMAR = r"(?=[^0-9]*+[0-9])[0-9A-Za-z_+.~-]++"
"""What opam allows. A version without any digit (`base`, `dev`) is none: it would stand above every number."""


class OpamScheme(DebScheme):
    """opam."""

    name: ClassVar[str] = "opam"
    title: ClassVar[str] = "OCaml packages: as opam, which is the order of dpkg"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        return super().key(_for_dpkg(version))

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return super().compare(_for_dpkg(left), _for_dpkg(right))

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: opam gives no meaning to what follows the last hyphen."""
        return self.end_of(version)


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR)


def _for_dpkg(version: str) -> str:
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "opam", match.end() if match else 0)
    return f"0.{version}0" if version.endswith("-") else f"0.{version}"
