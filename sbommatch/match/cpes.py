"""CPEs: how components are asked for that no ecosystem's feed speaks of.

A match by CPE rests on a name that a producer guessed, and on versions without an order of their own: its rule is `cpe`, and it is never
`exact`. Packages of distributions are not asked for so: their versions are not upstream's, and their fixes are the distribution's own.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import CPE_NAMESPACE, CPE_SCHEME
from sbommatch.match.coordinates import SCHEME_BY_OS_TYPE, Question, identified
from sbommatch.match.model import Identity, NotChecked
from sbommatch.sbom.component import Component
from sbommatch.sbom.spellings import stated_version

CPE_RULE = "cpe"

CPES_LIMIT = 50
"""CPEs of one component that are asked for; Syft guesses up to some twenty."""

_FIELD = re.compile(r"(?:^|(?<=:))(?:\\.|[^:\\])*")
_ANY = frozenset({"", "*", "-"})
_UPDATE, _TARGET_SOFTWARE = 4, 8
"""Positions of the fields after `cpe:2.3:`."""

_PREFIX_23 = "cpe:2.3:"
_PREFIX_22 = "cpe:/"

_CHECKED_OTHERWISE = frozenset({None, NotChecked.NO_IDENTITY, NotChecked.NO_SCHEME, NotChecked.NO_FEED})
"""The reasons of components that a CPE can help; those without a version, or with one that is none, have no more of one here."""


class Cpe(Struct, frozen=True):
    """What a CPE says, unescaped and in lower case; what it leaves open is None."""

    part: str
    vendor: str
    product: str
    version: str | None = None
    target_software: str | None = None


def parse_cpe(text: str) -> Cpe | None:
    r"""A CPE 2.3 formatted string or 2.2 URI (NISTIR 7695, sections 6.1 and 6.2); None for any other text, and without a product.

    >>> parse_cpe("cpe:2.3:a:jquery:jquery:1.7.4:*:*:*:*:node.js:*:*")
    Cpe(part='a', vendor='jquery', product='jquery', version='1.7.4', target_software='node.js')
    >>> parse_cpe("cpe:/a:openssl:openssl:1.0.2k")
    Cpe(part='a', vendor='openssl', product='openssl', version='1.0.2k', target_software=None)
    """
    text = text.strip().lower()
    if text.startswith(_PREFIX_23):
        fields = [_unescaped(field) for field in _FIELD.findall(text.removeprefix(_PREFIX_23))]
    elif text.startswith(_PREFIX_22):
        fields = [_unquoted(field) for field in text.removeprefix(_PREFIX_22).split(":")]
    else:
        return None
    fields += [""] * (_TARGET_SOFTWARE + 1)
    part, vendor, product, version, update = fields[: _UPDATE + 1]
    if not (part and vendor and product):
        return None
    stated = f"{version}-{update}" if version and update else version
    return Cpe(part, vendor, product, stated_version(stated) or None, fields[_TARGET_SOFTWARE] or None)


def _unescaped(field: str) -> str:
    return "" if field in _ANY else re.sub(r"\\(.)", r"\1", field)


def _unquoted(field: str) -> str:
    from urllib.parse import unquote

    return "" if field in _ANY else unquote(field)


def with_cpes(identity: Identity) -> Identity | None:
    """The identity with lookups by the component's CPEs behind its own; None where it has none that could be asked for."""
    component = identity.component
    if not component.cpes or identity.reason not in _CHECKED_OTHERWISE or _is_os_package(component):
        return None
    questions = tuple(_questions(component))
    if not questions:
        return None
    asked = identified(component, questions)
    return Identity(component=component, lookups=(*identity.lookups, *asked.lookups), reason=asked.reason)


def _is_os_package(component: Component) -> bool:
    return (component.purl or "").removeprefix("pkg:").partition("/")[0].lower() in SCHEME_BY_OS_TYPE


def _questions(component: Component) -> Iterator[Question]:
    seen: set[tuple[str, str | None, str]] = set()
    for cpe in filter(None, map(parse_cpe, component.cpes[:CPES_LIMIT])):
        name, version = f"{cpe.part}:{cpe.vendor}:{cpe.product}", component.version or cpe.version
        if version and (name, cpe.target_software, version) not in seen:
            seen.add((name, cpe.target_software, version))
            yield Question(CPE_NAMESPACE, name, NameKind.SELF, CPE_SCHEME, version, module=cpe.target_software, assumes=(CPE_RULE,))
