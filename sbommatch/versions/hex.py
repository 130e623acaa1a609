"""Erlang and Elixir packages: SemVer as Elixir's `Version.compare` orders it, which Hex uses.

Elixir refuses fewer than three components, leading zeros and numbers of more than 14 digits; here they keep their order.
"""

from typing import ClassVar

from sbommatch.versions.semver import SemverScheme


class HexScheme(SemverScheme):
    """SemVer as it stands."""

    name: ClassVar[str] = "hex"
    title: ClassVar[str] = "Erlang and Elixir packages: SemVer precedence, as Elixir's Version"
    synonyms: ClassVar[tuple[str, ...]] = ()
