"""Rust crates: SemVer.

Build metadata takes no part, as in RustSec and OSV; the crate `semver` breaks ties by it, but sets it aside when it matches requirements.
"""

from typing import ClassVar

from sbommatch.versions.semver import SemverScheme


class CargoScheme(SemverScheme):
    """SemVer as it stands."""

    name: ClassVar[str] = "cargo"
    title: ClassVar[str] = "Rust crates: SemVer precedence, as Cargo"
    synonyms: ClassVar[tuple[str, ...]] = ("crates.io",)
