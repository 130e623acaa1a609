"""Swift packages: SemVer as the Swift Package Manager reads it from tags: with or without a `v`, the patch may be missing.

Pre-release identifiers with a sign (`--1`) or with leading zeros, whose order there has cycles and ties, stand as SemVer has them.
"""

from typing import ClassVar

from sbommatch.versions.semver import SemverScheme


class SwiftScheme(SemverScheme):
    """SemVer as it stands."""

    name: ClassVar[str] = "swift"
    title: ClassVar[str] = "Swift packages: SemVer precedence, as the Swift Package Manager"
    synonyms: ClassVar[tuple[str, ...]] = ("SwiftURL",)
