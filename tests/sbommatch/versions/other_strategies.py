"""Versions for hypothesis, as in `strategies`: of Arch Linux, Gentoo and the ecosystems that are small variations of another's order."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_NUMBER = f"(0|00|1|01|2|9|10|010|224|225|1000|999999999999|1000000000000|{2**64}|{'7' * 80}|{'7' * 5000})"
_SMALL = "(0|00|1|01|10|225)"
_IDENTIFIER = rf"({_NUMBER}|a|A|b|alpha|alpha1|-|0a|-1|rc|x-y)"
_IDENTIFIERS = rf"{_IDENTIFIER}(\.{_IDENTIFIER}){{0,2}}"
_SEMVER = rf"(v|=)?{_NUMBER}(\.{_NUMBER}){{0,3}}(-{_IDENTIFIERS})?"
_BUILD = rf"(\+{_IDENTIFIERS})?"

_ALPM_RUN = f"(0|00|1|01|2|10|225|{'7' * 80}|a|b|rc|Z)"
_ALPM_PART = rf"{_ALPM_RUN}([._+~]{{0,2}}{_ALPM_RUN}){{0,3}}"
_PKGVER = rf"((0|00|1|10):)?{_SMALL}([._]{_ALPM_PART})?"

_GRAMMARS = {
    "alpm": rf"{_PKGVER}-{_ALPM_PART}|{_PKGVER}[._+~]?(-{_ALPM_PART}\.?)?",
    "bitnami": rf"{_SEMVER}(-{_SMALL}(\.{_SMALL})?)?{_BUILD}",
    "cran": rf"{_NUMBER}([.-]{_NUMBER}){{0,4}}",
    "generic": rf"[vV]?{_SMALL}([._-]{_SMALL}){{0,2}}([._~-]?(a|A|b|rc|RC|alpha|p|patch|foo|k|dev|Final){_SMALL}?){{0,3}}{_BUILD}",
    "gentoo": rf"{_NUMBER}(\.{_NUMBER}){{0,3}}[ab]?(_(alpha|beta|pre|rc|p){_NUMBER}?){{0,2}}(-r{_NUMBER})?",
    "github-actions": _SEMVER,
    "hackage": rf"{_NUMBER}(\.{_NUMBER}){{0,4}}",
    "hex": rf"{_SEMVER}{_BUILD}",
    "julia": rf"({_SEMVER}|v?{_SMALL}(\.{_SMALL}){{0,2}}(rc|a|DEV)(\.{_SMALL})?){_BUILD}",
    "opam": rf"(v|r|-|~)?{_NUMBER}(~|~~|\.|\+|a|b|Z|-|_|{_NUMBER}){{0,5}}",
    "pub": rf"{_SEMVER}{_BUILD}",
    "swift": rf"{_SEMVER}{_BUILD}",
}

OTHERS: dict[str, SearchStrategy[str]] = {name: st.from_regex(grammar, fullmatch=True) for name, grammar in _GRAMMARS.items()}
"""By the name of the scheme."""
