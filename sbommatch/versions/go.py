"""Go modules: SemVer as golang.org/x/mod/semver orders it, and the releases of Go itself.

Pseudo-versions (`v0.0.0-20170116102854-1ef0e047d5a7`) are ordinary pre-releases, `+incompatible` is build metadata. The standard library
and the toolchain have versions of a form of their own: `go1.21rc1`, which govulncheck and the Go vulnerability database read as 1.21.0-rc.1
(`GoTagToSemver` of golang.org/x/vuln).
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.semver import SemverScheme

_TAG = r"go([0-9]++(?:\.[0-9]++){0,2})(?:-?(beta|rc|pre)([0-9]++))?(?:[-+ ][ -~]*+)?"
"""A tag of Go, with what a distributor or an experiment adds: `go1.21.3-acme`, `go1.21.3 X:boringcrypto`."""

_BARE_TAG = r"([0-9]++\.[0-9]++(?:\.[0-9]++)?)(beta|rc)([0-9]++)"
"""Without its `go`, as generators write it into PURLs; one that is no pre-release is SemVer already."""


class GoScheme(SemverScheme):
    """SemVer with or without the `v`, and `go1.21rc1`."""

    name: ClassVar[str] = "go"
    title: ClassVar[str] = "Go modules: SemVer precedence, as golang.org/x/mod/semver; Go's own releases as govulncheck"
    synonyms: ClassVar[tuple[str, ...]] = ("golang",)

    def _split(self, version: str) -> tuple[str, str | None]:
        toolchain = _toolchain().fullmatch(version)
        if toolchain is None:
            return super()._split(version)
        components, word, count = toolchain.group(1, 2, 3) if toolchain[1] else toolchain.group(4, 5, 6)
        return components, f"{word}.{count}" if word else None


@cache
def _toolchain() -> re.Pattern[str]:
    return re.compile(f"{_TAG}|{_BARE_TAG}")
