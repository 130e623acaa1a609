"""From a component to what it is to the feeds: the lookups that ask for it, or the reason why it cannot be asked for.

- Languages are known by the type of their PURL; its namespace and name make the package's name, in the ecosystem's own spelling.
- Packages of a distribution are asked for under `ID:RELEASE`, by the name and version of their source and by their own: rows say which of
  the two they speak of.

Reasons for none, each the first that holds:
`no_identity` no PURL, or one that cannot be read · `no_scheme` a PURL type without feed and order of versions here ·
`no_feed` a distribution without feeds (of all others that is judged where the feeds are known) · `no_distro` no release, or several ·
`no_version` no version · `invalid_version` a version that is none in its order.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import DISTRIBUTIONS, LANGUAGE_BY_PURL_TYPE, Language
from sbommatch.match.channels import channels_of_version
from sbommatch.match.distros import DERIVATIVE_OF, Place, family_of, ids_meant, parse_distro, place_of
from sbommatch.match.model import Identity, NotChecked
from sbommatch.match.os_packages import Asked, asked_as
from sbommatch.purl import InvalidPurl, Purl, parse_purl
from sbommatch.sbom.component import Component, DistroStatement
from sbommatch.sbom.spellings import stated_version
from sbommatch.store.model import EPOCH_ASSUMED, Lookup
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

COORDINATE_ID_BYTES = 16
"""Of SHA-256: among 10^9 coordinates two share an identifier with a chance below 10^-20."""

MADE_PURL = "made_purl"
"""The rule of components that state no PURL: one was made of their kind, name, version and distribution."""

_GEM_PLATFORM = re.compile(r"-(?:x86|x64|aarch64|arm|universal|ppc|powerpc|s390x|riscv64|java|jruby|mswin|mingw|dalvik)[\w.-]*$")
"""Bundler writes the platform of a built gem behind its version (`1.13.9-x86_64-linux`); RubyGems would read it as a pre-release."""

SCHEME_BY_OS_TYPE = {distribution.purl_type: distribution.scheme for distribution in DISTRIBUTIONS}


class Question(msgspec.Struct, frozen=True):
    """What is asked of the feeds: a lookup without what follows from it."""

    namespace: str
    name: str
    name_kind: NameKind
    scheme: str
    version: str
    arch: str | None = None
    module: str | None = None
    channels: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()

    @property
    def canonical(self) -> tuple[object, ...]:
        """`(namespace, name, name kind, scheme, version)`, and `(arch, module, channels, assumptions)` where there are any."""
        plain = (self.namespace, self.name, self.name_kind.value, self.scheme, self.version)
        if self.arch is self.module is None and not self.channels and not self.assumes:
            return plain
        return (*plain, self.arch or "", self.module or "", self.channels, self.assumes)


Questions = tuple[Question, ...]


def identify(
    component: Component, distros: Sequence[DistroStatement] = (), option: DistroStatement | None = None, producer: str | None = None
) -> Identity:
    """A component's lookups, or why it has none.

    `distros` are the document's own statements; `option` is the user's word, which counts for every package of that distribution's kind;
    `producer` is the tool that wrote the document. With the reason `invalid_version` there are lookups all the same: records that list this
    very text can still meet it.
    """
    try:
        questions = _questions(component, distros, option, producer)
    except InvalidPurl:
        questions = NotChecked.NO_IDENTITY
    if isinstance(questions, NotChecked):
        return Identity(component=component, lookups=(), reason=questions)
    return identified(component, questions)


class Identifier:
    """Identifies components of many documents: what they state alike is looked at once, and they have the same lookups then."""

    def __init__(self, option: DistroStatement | None = None) -> None:
        self._option = option
        self._known: dict[tuple[object, ...], Identity] = {}

    def identify(self, component: Component, distros: tuple[DistroStatement, ...], producer: str | None) -> Identity:
        """What `identify` gives."""
        stated = (
            component.purl, component.purl_from, component.version, component.source_name, component.source_version, component.module,
            component.distro, distros, reads_rpmdb(producer),
        )  # fmt: skip
        known = self._known.get(stated)
        if known is None:
            known = self._known[stated] = identify(component, distros, self._option, producer)
            return known
        return Identity(component=component, lookups=known.lookups, reason=known.reason)


def identified(component: Component, questions: Questions) -> Identity:
    """The identity of a component that asks these questions; the component's version is none where that of its last question is."""
    coordinate_id = coordinate_id_of(questions)
    lookups, reason = [], None
    for question in questions:
        key, reason = _key(question)
        lookups.append(_lookup(question, coordinate_id, key))
    return Identity(component=component, lookups=tuple(lookups), reason=reason)


def coordinate_id_of(questions: Sequence[Question]) -> bytes:
    """The coordinate's identifier: the first 16 bytes of SHA-256 over the sorted questions, each as `Question.canonical`.

    That is JSON in UTF-8 without spaces: `[["pypi","jinja2","self","pypi","2.11.1"]]`. Components that ask the same are one coordinate.
    """
    canonical = sorted(question.canonical for question in questions)
    return sha256(msgspec.json.encode(canonical)).digest()[:COORDINATE_ID_BYTES]


def names_of(component: Component) -> frozenset[str]:
    """The names that a component would be asked for by, whether it can be asked for or not."""
    try:
        purl = parse_purl(component.purl or "")
    except InvalidPurl:
        return frozenset()
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        return frozenset({_language_name(purl, language)})
    return frozenset({purl.name, *(one.name for one in asked_as(component, purl, "0", reads_rpmdb=True))})


def _lookup(question: Question, coordinate_id: bytes, key: bytes | None) -> Lookup:
    return Lookup(
        coordinate_id=coordinate_id,
        namespace=question.namespace,
        name=question.name,
        name_kind=question.name_kind,
        scheme=question.scheme,
        raw_version=question.version,
        key=key,
        arch=question.arch,
        module=question.module,
        channels=question.channels,
        assumes=question.assumes,
    )


def _key(question: Question) -> tuple[bytes | None, NotChecked | None]:
    """The version's key; None with a reason where it is no version, None without one where only `compare` can place it."""
    try:
        key = SCHEME_BY_NAME[question.scheme].key(question.version)
    except KeyDeclined:
        return None, None
    except InvalidVersion:
        return None, NotChecked.INVALID_VERSION
    return None if EPOCH_ASSUMED in question.assumes else key, None


def _questions(
    component: Component, distros: Sequence[DistroStatement], option: DistroStatement | None, producer: str | None
) -> Questions | NotChecked:
    """Raises InvalidPurl."""
    if component.purl is None:
        return NotChecked.NO_IDENTITY
    purl = parse_purl(component.purl)
    assumes = (MADE_PURL,) if component.purl_from == "made" else ()
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        return _language_question(component, purl, language, assumes)
    if purl.type not in SCHEME_BY_OS_TYPE:
        return NotChecked.NO_SCHEME
    place = _place(component, purl, distros, option)
    if isinstance(place, NotChecked):
        return place
    version = _version(component, purl)
    if not version:
        return NotChecked.NO_VERSION
    asked = asked_as(component, purl, version, reads_rpmdb=reads_rpmdb(producer))
    return tuple(_os_question(one, place, assumes) for one in asked)


def _language_question(component: Component, purl: Purl, language: Language, assumes: tuple[str, ...]) -> Questions | NotChecked:
    version = _version(component, purl)
    if not version:
        return NotChecked.NO_VERSION
    name = _language_name(purl, language)
    return (Question(language.purl_type, name, NameKind.SELF, language.scheme, version, assumes=assumes),)


def _language_name(purl: Purl, language: Language) -> str:
    """The package's name as its feeds write it, normalised."""
    joined = f"{purl.namespace}{language.separator}{purl.name}" if purl.namespace and language.separator else purl.name
    return language.normalise(joined)


def _version(component: Component, purl: Purl) -> str | None:
    """The PURL's version, else the component's; None where both are absent or stand-ins such as `UNKNOWN`."""
    version = stated_version(purl.version) or component.version
    return _GEM_PLATFORM.sub("", version) if version and purl.type == "gem" else version


RPMDB_READERS = ("sbomgen", "syft", "trivy")
"""They read the rpm database, so that an epoch which they do not state is 0."""


@lru_cache(maxsize=64)
def reads_rpmdb(producer: str | None) -> bool:
    """Whether a document's producer is known to read the rpm database.

    >>> reads_rpmdb("syft 1.14.0"), reads_rpmdb("cdxgen 10.2.0")
    (True, False)
    """
    return (producer or "").partition(" ")[0].lower() in RPMDB_READERS


def _os_question(asked: Asked, place: Place, assumes: tuple[str, ...]) -> Question:
    channels = {*place.channels, *channels_of_version(place.namespace, asked.version)}
    return Question(
        namespace=place.namespace,
        name=asked.name,
        name_kind=asked.name_kind,
        scheme=SCHEME_BY_OS_TYPE[asked.purl_type],
        version=asked.version,
        arch=asked.arch,
        module=asked.module,
        channels=tuple(sorted(channels)),
        assumes=(*assumes, *((DERIVATIVE_OF,) if place.is_derived else ()), *asked.assumes),
    )


def distro_stated(component: Component, distros: Sequence[DistroStatement]) -> DistroStatement | None:
    """The distribution that a package is said to be of, known or not: by itself, else by the document; None where it is of none."""
    try:
        purl = parse_purl(component.purl or "")
    except InvalidPurl:
        return None
    if purl.type not in SCHEME_BY_OS_TYPE:
        return None
    own = _own_statements(component, purl)
    expected = ids_meant(purl.namespace.lower()) if purl.namespace else ()
    of_document = [statement for statement in distros if statement.id in expected or not expected]
    return next(iter([*own, *of_document, *map(DistroStatement, expected)]), None)


def _own_statements(component: Component, purl: Purl) -> list[DistroStatement]:
    vendor = purl.namespace.lower() if purl.namespace else None
    qualified = (parse_distro(purl.qualifiers[key], vendor) for key in ("distro", "distro_name") if purl.qualifiers.get(key))
    return [statement for statement in (*qualified, component.distro) if statement]


def _place(component: Component, purl: Purl, distros: Sequence[DistroStatement], option: DistroStatement | None) -> Place | NotChecked:
    """Where a package is looked up by the user's word, else its PURL's, the component's own, the document's; never one of another ID."""
    if option and _is_of_type(option, purl.type):
        return place_of(option, purl.type)
    own = _own_statements(component, purl)
    expected = (own[0].id,) if own else ids_meant(purl.namespace.lower()) if purl.namespace else ()
    for statement in own:
        place = place_of(statement, purl.type)
        if statement.id in expected and place is not NotChecked.NO_DISTRO:
            return place
    return _place_by_document(purl.type, expected, distros)


def _place_by_document(purl_type: str, expected: Sequence[str], distros: Sequence[DistroStatement]) -> Place | NotChecked:
    """The one place that the document states for such packages; several are as good as none. What rolls needs no statement."""
    if expected and not any(map(family_of, expected)):
        return NotChecked.NO_FEED
    fitting = [statement for statement in distros if (statement.id in expected if expected else _is_of_type(statement, purl_type))]
    if not fitting and len(expected) == 1:
        fitting = [DistroStatement(expected[0])]
    places = {place_of(statement, purl_type) for statement in fitting}
    return places.pop() if len(places) == 1 else NotChecked.NO_DISTRO


def _is_of_type(statement: DistroStatement, purl_type: str) -> bool:
    """Whether such packages can be of that distribution; of one that is not known nobody can tell."""
    distribution = family_of(statement.id)
    return distribution is None or distribution.purl_type == purl_type
