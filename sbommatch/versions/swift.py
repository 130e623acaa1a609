"""Swift packages: SemVer as the Swift Package Manager reads it from tags: with or without a `v`, the patch may be missing.

Two details of its comparison are not followed, in which it leaves SemVer and any total order: a pre-release identifier with a sign is a
number there (`1.0.0--1`), and one with leading zeros hides what comes after it (`1.0.0-01.2`).
"""

from typing import ClassVar

from sbommatch.versions.semver import SemverScheme


class SwiftScheme(SemverScheme):
    """SemVer as it stands."""

    name: ClassVar[str] = "swift"
    title: ClassVar[str] = "Swift packages: SemVer precedence, as the Swift Package Manager"
    synonyms: ClassVar[tuple[str, ...]] = ("SwiftURL",)
