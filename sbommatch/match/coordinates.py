"""From a component to what it is to the feeds: the lookups that ask for it, or the reason why it cannot be asked for.

- Languages are known by the type of their PURL; its namespace and name make the package's name, in the ecosystem's own spelling.
- Packages of a distribution are asked for under `ID:RELEASE`; by the name and version of their source where the feeds speak of sources.

Reasons for none, each the first that holds:
`no_identity` no PURL, or one that cannot be read · `no_scheme` a PURL type without feed and order of versions here ·
`no_feed` a distribution without feeds (of all others that is judged where the feeds are known) · `no_distro` no release, or several ·
`no_version` no version · `invalid_version` a version that is none in its order.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import DISTRIBUTION_BY_ID, DISTRIBUTIONS, LANGUAGE_BY_PURL_TYPE, Language
from sbommatch.match.distros import namespace_of, parse_distro
from sbommatch.match.model import Identity, NotChecked
from sbommatch.purl import InvalidPurl, Purl, parse_purl
from sbommatch.sbom.component import Component, DistroStatement
from sbommatch.sbom.spellings import stated_version
from sbommatch.store.model import Lookup
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

COORDINATE_ID_BYTES = 16
"""Of SHA-256: among 10^9 coordinates two share an identifier with a chance below 10^-20."""

_GEM_PLATFORM = re.compile(r"-(?:x86|x64|aarch64|arm|universal|ppc|powerpc|s390x|riscv64|java|jruby|mswin|mingw|dalvik)[\w.-]*$")
"""Bundler writes the platform of a built gem behind its version (`1.13.9-x86_64-linux`); RubyGems would read it as a pre-release."""

SCHEME_BY_OS_TYPE = {distribution.purl_type: distribution.scheme for distribution in DISTRIBUTIONS}


class Question(msgspec.Struct, frozen=True, array_like=True):
    """What is asked of the feeds: a lookup without what follows from it."""

    namespace: str
    name: str
    name_kind: NameKind
    scheme: str
    version: str


Questions = tuple[Question, ...]


def identify(component: Component, distros: Sequence[DistroStatement] = (), option: DistroStatement | None = None) -> Identity:
    """A component's lookups, or why it has none.

    `distros` are the document's own statements; `option` is the user's word, which counts for every package of that distribution's kind.
    With the reason `invalid_version` there are lookups all the same: records that list this very text can still meet it.
    """
    try:
        questions = _questions(component, distros, option)
    except InvalidPurl:
        questions = NotChecked.NO_IDENTITY
    if isinstance(questions, NotChecked):
        return Identity(component=component, lookups=(), reason=questions)
    coordinate_id = coordinate_id_of(questions)
    key, reason = _key(questions[0])  # the questions of a component differ in names only
    return Identity(component=component, lookups=tuple(_lookup(question, coordinate_id, key) for question in questions), reason=reason)


def coordinate_id_of(questions: Sequence[Question]) -> bytes:
    """The coordinate's identifier: the first 16 bytes of SHA-256 over `[[namespace, name, name kind, scheme, version], …]`.

    That is JSON in UTF-8 without spaces, sorted. Components that ask the same (the binaries of one source package) are one coordinate.
    """
    canonical = sorted((one.namespace, one.name, one.name_kind.value, one.scheme, one.version) for one in questions)
    return sha256(msgspec.json.encode(canonical)).digest()[:COORDINATE_ID_BYTES]


def names_of(component: Component) -> frozenset[str]:
    """The names that a component would be asked for by, whether it can be asked for or not."""
    try:
        purl = parse_purl(component.purl or "")
    except InvalidPurl:
        return frozenset()
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        return frozenset({_language_name(purl, language)})
    return frozenset({purl.name, _source(component, purl)[0]})


def _lookup(question: Question, coordinate_id: bytes, key: bytes | None) -> Lookup:
    return Lookup(
        coordinate_id=coordinate_id,
        namespace=question.namespace,
        name=question.name,
        name_kind=question.name_kind,
        scheme=question.scheme,
        raw_version=question.version,
        key=key,
    )


def _key(question: Question) -> tuple[bytes | None, NotChecked | None]:
    """The version's key; None with a reason where it is no version, None without one where only `compare` can place it."""
    try:
        return SCHEME_BY_NAME[question.scheme].key(question.version), None
    except KeyDeclined:
        return None, None
    except InvalidVersion:
        return None, NotChecked.INVALID_VERSION


def _questions(component: Component, distros: Sequence[DistroStatement], option: DistroStatement | None) -> Questions | NotChecked:
    """Raises InvalidPurl."""
    if component.purl is None:
        return NotChecked.NO_IDENTITY
    purl = parse_purl(component.purl)
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        return _language_question(component, purl, language)
    if purl.type in SCHEME_BY_OS_TYPE:
        return _os_questions(component, purl, _namespace(component, purl, distros, option))
    return NotChecked.NO_SCHEME


def _language_question(component: Component, purl: Purl, language: Language) -> Questions | NotChecked:
    version = _version(component, purl)
    if not version:
        return NotChecked.NO_VERSION
    return (Question(language.purl_type, _language_name(purl, language), NameKind.SELF, language.scheme, version),)


def _language_name(purl: Purl, language: Language) -> str:
    """The package's name as its feeds write it, normalised."""
    joined = f"{purl.namespace}{language.separator}{purl.name}" if purl.namespace and language.separator else purl.name
    return language.normalise(joined)


def _version(component: Component, purl: Purl) -> str | None:
    """The PURL's version, else the component's; None where both are absent or stand-ins such as `UNKNOWN`."""
    version = stated_version(purl.version) or component.version
    return _GEM_PLATFORM.sub("", version) if version and purl.type == "gem" else version


def _os_questions(component: Component, purl: Purl, namespace: str | NotChecked) -> Questions | NotChecked:
    if isinstance(namespace, NotChecked):
        return namespace
    version = _version(component, purl)
    if not version:
        return NotChecked.NO_VERSION
    distribution = DISTRIBUTION_BY_ID[namespace.partition(":")[0]]
    binary_version = _with_epoch(version, purl)
    name, source_version = purl.name, None
    if distribution.name_kind is NameKind.SOURCE:
        name, source_version = _source(component, purl)
    return (Question(namespace, name, distribution.name_kind, distribution.scheme, source_version or binary_version),)


def _with_epoch(version: str, purl: Purl) -> str:
    """Trivy and cdxgen keep the epoch of a deb out of the PURL's version, in a qualifier."""
    epoch = purl.qualifiers.get("epoch", "0")
    return f"{epoch}:{version}" if purl.type == "deb" and epoch != "0" and ":" not in version else version


def _source(component: Component, purl: Purl) -> tuple[str, str | None]:
    """Name and version of the source package; without a statement the package is its own source.

    Stated by the producer's property, Syft's `upstream`, `source` with `sourceversion`, or cdxgen's `origin`. The version is None where
    nobody states it: then it is the package's own.
    """
    qualifiers = purl.qualifiers
    upstream, _, upstream_version = qualifiers.get("upstream", "").partition("@")
    stated = (
        (component.source_name, component.source_version),
        (upstream, upstream_version),
        (qualifiers.get("source"), qualifiers.get("sourceversion")),
        (qualifiers.get("origin"), None),
    )
    name = next((name for name, _ in stated if name), purl.name)
    return name, next((version for other, version in stated if other == name and version), None)


def _namespace(component: Component, purl: Purl, distros: Sequence[DistroStatement], option: DistroStatement | None) -> str | NotChecked:
    """`ID:RELEASE` of a package by the user's word, else its PURL's, the component's own, the document's; never one of another ID."""
    if option and _is_of_type(option, purl.type):
        return namespace_of(option, purl.type)
    vendor = purl.namespace.lower() if purl.namespace else None
    qualified = (parse_distro(purl.qualifiers[key], vendor) for key in ("distro", "distro_name") if purl.qualifiers.get(key))
    own = [statement for statement in (*qualified, component.distro) if statement]
    expected = own[0].id if own else vendor
    for statement in own:
        namespace = namespace_of(statement, purl.type)
        if statement.id == expected and namespace is not NotChecked.NO_DISTRO:
            return namespace
    return _namespace_of_document(purl.type, expected, distros)


def _namespace_of_document(purl_type: str, expected: str | None, distros: Sequence[DistroStatement]) -> str | NotChecked:
    """The one namespace that the document states for such packages; several are as good as none."""
    if expected and expected not in DISTRIBUTION_BY_ID:
        return NotChecked.NO_FEED
    fitting = [statement for statement in distros if (statement.id == expected if expected else _is_of_type(statement, purl_type))]
    namespaces = {namespace_of(statement, purl_type) for statement in fitting}
    return namespaces.pop() if len(namespaces) == 1 else NotChecked.NO_DISTRO


def _is_of_type(statement: DistroStatement, purl_type: str) -> bool:
    """Whether such packages can be of that distribution; of one that is not known nobody can tell."""
    distribution = DISTRIBUTION_BY_ID.get(statement.id)
    return distribution is None or distribution.purl_type == purl_type
