"""OVAL definitions (https://oval.mitre.org, schema 5): what all distributions' documents have in common.

A definition says by criteria, AND and OR over tests, when it applies. A test looks at one object (an rpm or deb by name) and asks for a
state (an EVR, a version, an architecture). Here the criteria become alternatives: each is a package with its bounds and the conditions
that it stands under (platform, module, flavour), as the comments of their tests say them: `Oracle Linux 8 is installed`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from hashlib import sha256
from typing import NamedTuple

import msgspec

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range, Severity
from sbommatch.formats._format import FeedContext
from sbommatch.formats._xml import Element, InvalidXml, parse
from sbommatch.problem import Problem, ProblemCode

ALTERNATIVES_LIMIT = 200_000
"""Of one definition: SUSE's kernels come to some ten thousand."""

_OPERATIONS = {"less than": "<", "less than or equal": "<=", "greater than": ">", "greater than or equal": ">=", "equals": "="}

_EARLIER = re.compile(r"(\S+) is earlier than (\S+)")
_AFFECTED = re.compile(r"(\S+) is (?:not )?affected")
_SIGNED = " is signed with "
_MANIFEST_LINE = re.compile(r"\^([a-z0-9][a-z0-9+.-]*)\(")

CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_CVSS = re.compile(r"CVSS:(\d)\.\d/\S+")
_CVSS2 = re.compile(r"AV:[LAN]/AC:[HML]/Au:[MSN]/C:[NPC]/I:[NPC]/A:[NPC]")


class Kind(IntEnum):
    """What a test is about."""

    PACKAGE = 1
    """A package by its EVR, or merely installed."""
    ABSENT = 2
    """That a package is not installed."""
    CONDITION = 3
    """Where it applies, as its comment says."""
    TRUE = 4
    """What an inventory cannot tell and need not: a signature."""


class Test(NamedTuple):
    """One test."""

    kind: Kind
    comment: str
    package: str = ""
    operator: str = ""
    """`<`, `<=`, `>`, `>=`, `=`; empty: any version."""
    evr: str = ""
    arch: str = ""
    """`aarch64|x86_64`; empty: all."""
    packages: tuple[str, ...] = ()
    """Where it is about several, all of them: it holds if it does of one. `package` is the first."""


class Alternative(NamedTuple):
    """Tests that must all hold."""

    packages: tuple[Test, ...]
    conditions: tuple[str, ...]
    """Comments, sorted."""


class Definition(NamedTuple):
    """One definition; `element` has its metadata."""

    element: Element
    alternatives: tuple[Alternative, ...]

    @property
    def metadata(self) -> Element:
        """Title, references, advisory."""
        return self.element.first("metadata") or Element("metadata", {})

    @property
    def identifier(self) -> str:
        """`oval:com.redhat.rhsa:def:20200134`."""
        return self.element.attributes.get("id", "")

    @property
    def title(self) -> str:
        """On one line."""
        return " ".join(self.metadata.text_of("title").split())

    @property
    def cves(self) -> tuple[str, ...]:
        """Of its references and its advisory, sorted."""
        stated = [reference.attributes.get("ref_id", "") for reference in self.metadata.all("reference")]
        stated += [cve.text for cve in self.metadata.descendants("cve")]
        return tuple(sorted({found for text in stated for found in CVE.findall(text)}))

    @property
    def links(self) -> tuple[str, ...]:
        """Addresses of its references, in order."""
        urls = (reference.attributes.get("ref_url", "") for reference in self.metadata.all("reference"))
        return tuple(dict.fromkeys(url for url in urls if url.startswith(("https://", "http://"))))

    def severities(self, source: str) -> tuple[Severity, ...]:
        """The vendor's word, and the vectors of its CVEs."""
        word = next((found.text.strip() for found in self.metadata.descendants("severity") if found.text.strip()), "")
        found = [Severity("label", word, source)] if word and word.upper() != "N/A" else []
        for cve in self.metadata.descendants("cve"):
            for name in ("cvss3", "cvss2", "cvss_vector"):
                found += _vector(cve.attributes.get(name, ""), source)
        return tuple(dict.fromkeys(found))


def _vector(text: str, source: str) -> Iterator[Severity]:
    if match := _CVSS.search(text):
        yield Severity(f"CVSS_V{match[1]}", match[0], source)
    elif match := _CVSS2.search(text):
        yield Severity("CVSS_V2", match[0], source)


def definitions(document: bytes) -> Iterator[Definition | tuple[str, str]]:
    """The definitions of a document in its order; identifier and reason of one that cannot be read.

    Raises InvalidXml where the document is no OVAL at all.
    """
    root = parse(document)
    if root.name != "oval_definitions":
        raise InvalidXml(f"no OVAL definitions, but <{root.name}>")
    tests = _tests(root)
    for section in root.all("definitions"):
        for element in section.all("definition"):
            try:
                criteria = element.first("criteria")
                alternatives = tuple(_merged(_alternatives(criteria, tests))) if criteria else ()
            except _Unusable as exc:
                yield element.attributes.get("id", ""), str(exc)
            else:
                yield Definition(element, alternatives)


class _Unusable(ValueError):  # noqa: N818  never leaves this module
    """Why the criteria of a definition cannot be told."""


def _by_id(root: Element, section: str) -> dict[str, Element]:
    return {element.attributes.get("id", ""): element for found in root.all(section) for element in found.children}


def _tests(root: Element) -> dict[str, Test]:
    objects, states, variables = _by_id(root, "objects"), _by_id(root, "states"), _by_id(root, "variables")
    return {identifier: _test(test, objects, states, variables) for identifier, test in _by_id(root, "tests").items()}


def _test(test: Element, objects: Mapping[str, Element], states: Mapping[str, Element], variables: Mapping[str, Element]) -> Test:
    comment = " ".join(test.attributes.get("comment", "").split())
    packages = _packages(test, objects.get(_reference(test, "object", "object_ref")), variables)
    if not packages:
        return Test(Kind.CONDITION, comment)
    package = packages[0]
    if test.attributes.get("check_existence") == "none_exist":
        return Test(Kind.ABSENT, comment, package)
    state = states.get(_reference(test, "state", "state_ref"))
    if state is None:
        return Test(Kind.PACKAGE, comment, package)
    if state.text_of("version") == "0":  # SUSE's way to name a package and let the criterion's comment speak of it
        return Test(Kind.PACKAGE, comment, package)
    if evr := state.first("evr") or state.first("subexpression"):
        operator = _OPERATIONS.get(evr.attributes.get("operation", "equals"), "?")
        return Test(Kind.PACKAGE, comment, package, operator, evr.text.strip(), state.text_of("arch").strip("()"), packages)
    return Test(Kind.TRUE if state.first("signature_keyid") else Kind.CONDITION, comment)


def _packages(test: Element, looked_at: Element | None, variables: Mapping[str, Element]) -> tuple[str, ...]:
    """The packages that a test is about: by name, by a list of names, or by patterns of a manifest's lines: `^libssh-4(…`."""
    if looked_at is None:
        return ()
    if test.name in {"rpminfo_test", "dpkginfo_test"} and (name := looked_at.first("name")):
        variable = variables.get(name.attributes.get("var_ref", ""))
        return tuple(value.text.strip() for value in variable.all("value")) if variable else (name.text.strip(),)
    pattern = looked_at.first("pattern")
    if test.name != "textfilecontent54_test" or pattern is None or looked_at.text_of("filename") != "manifest":
        return ()
    variable = variables.get(pattern.attributes.get("var_ref", ""))
    lines = (_MANIFEST_LINE.match(value.text.strip()) for value in variable.all("value")) if variable else ()
    return tuple(line[1] for line in lines if line)


def _reference(test: Element, name: str, attribute: str) -> str:
    found = test.first(name)
    return found.attributes.get(attribute, "") if found is not None else ""


_Conjunction = frozenset[Test]


def _alternatives(criteria: Element, tests: Mapping[str, Test]) -> list[_Conjunction]:
    """The disjunctive normal form. Raises _Unusable."""
    parts = [_part(child, tests) for child in criteria.children if child.name in {"criteria", "criterion", "extend_definition"}]
    if criteria.attributes.get("operator", "AND") == "OR":
        return [conjunction for part in parts for conjunction in part]
    joined: list[_Conjunction] = [frozenset()]
    for part in parts:
        if len(joined) * len(part) > ALTERNATIVES_LIMIT:
            raise _Unusable(f"its criteria come to more than {ALTERNATIVES_LIMIT} alternatives")
        joined = [one | other for one in joined for other in part]
    return joined


def _part(child: Element, tests: Mapping[str, Test]) -> list[_Conjunction]:
    if child.attributes.get("negate") == "true":
        comment = child.attributes.get("comment", "")
        return [frozenset({Test(Kind.CONDITION, f"not: {comment}")})]
    if child.name == "criteria":
        return _alternatives(child, tests)
    # The comments of a test and of a criterion may differ; the criterion's is what is said at this place.
    comment = " ".join(child.attributes.get("comment", "").split())
    test = tests.get(child.attributes.get("test_ref", "")) or _by_comment(comment)
    return [frozenset({test._replace(comment=comment or test.comment)})]


def _by_comment(comment: str) -> Test:
    """What a test is that the document does not have: it was cut down to some definitions, or names another definition."""
    if found := _EARLIER.fullmatch(comment):
        return Test(Kind.PACKAGE, comment, found[1], "<", found[2])
    if found := _AFFECTED.fullmatch(comment):
        return Test(Kind.PACKAGE, comment, found[1])
    return Test(Kind.TRUE if _SIGNED in comment else Kind.CONDITION, comment)


def _merged(conjunctions: Iterable[_Conjunction]) -> Iterator[Alternative]:
    seen = set()
    for conjunction in conjunctions:
        packages = tuple(sorted(test for test in conjunction if test.kind in {Kind.PACKAGE, Kind.ABSENT}))
        conditions = tuple(sorted(test.comment for test in conjunction if test.kind is Kind.CONDITION))
        if packages and (packages, conditions) not in seen:
            seen.add((packages, conditions))
            yield Alternative(packages, conditions)


def range_of(tests: Sequence[Test], scheme: str) -> Range | None:
    """The range of one package in an alternative; None where it says no version that events can say.

    `>` is affected from the first version above the bound's upstream part: OVAL compares EVRs, and such bounds have no release.
    """
    bounds = {test.operator: test.evr for test in tests if test.operator}
    if set(bounds) - {"<", "<=", ">", ">=", "="} or len(bounds) < sum(bool(test.operator) for test in tests):
        return None
    raw = ",".join(f"{operator}{evr}" for operator, evr in sorted(bounds.items(), reverse=True)) or "*"
    if "=" in bounds:
        return Range(scheme, (Event(EventKind.INTRODUCED, bounds["="]), Event(EventKind.LAST_AFFECTED, bounds["="])), raw)
    opening = Event(EventKind.INTRODUCED, bounds.get(">=", "0"))
    if ">" in bounds:
        opening = Event(EventKind.INTRODUCED_AFTER_UPSTREAM, bounds[">"])
    closing = [
        Event(kind, bounds[operator]) for operator, kind in (("<", EventKind.FIXED), ("<=", EventKind.LAST_AFFECTED)) if operator in bounds
    ]
    return Range(scheme, (opening, *closing[:1]), raw)


class Vendor(NamedTuple):
    """How one vendor's definitions are to be taken."""

    identifier: Callable[[Definition], str]
    """The record's: the notice's number, or the CVE; empty: none that is known."""
    affected: Callable[[Definition], Iterable[Affected | str]]
    """What a definition affects; a text for what of it has no place here."""


def advisories(document: bytes, where: str, context: FeedContext, vendor: Vendor) -> Iterator[Advisory | Problem]:
    """The advisories of a document; what is left out of one is a note, once for each cause."""
    try:
        for found in definitions(document):
            if not isinstance(found, Definition):
                yield Problem(ProblemCode.BAD_RECORD, f"{where}: {found[0]}", found[1], loss=True)
                continue
            yield from _advisory(found, where, context, vendor)
    except InvalidXml as exc:
        yield Problem(ProblemCode.BAD_RECORD, where, str(exc), loss=True)


def _advisory(definition: Definition, where: str, context: FeedContext, vendor: Vendor) -> Iterator[Advisory | Problem]:
    place = f"{where}: {definition.identifier}"
    identifier = vendor.identifier(definition)
    if not identifier:
        yield Problem(ProblemCode.BAD_RECORD, place, f"its title names no advisory: {definition.title[:80]!r}", loss=True)
        return
    found = list(vendor.affected(definition))
    for message in dict.fromkeys(part for part in found if isinstance(part, str)):
        yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, place, message, loss=False)
    affected = tuple(dict.fromkeys(part for part in found if isinstance(part, Affected)))
    advisory = Advisory(
        id=identifier,
        feed=context.feed,
        aliases=definition.cves if len(definition.cves) == 1 else (),
        cves=definition.cves,
        affected=affected,
        severities=definition.severities(context.feed),
        summary=definition.title,
        references=definition.links,
        published=_date(definition, "issued") or definition.metadata.text_of("advisory_date") or None,
        record_sha256="",
    )
    yield msgspec.structs.replace(advisory, record_sha256=sha256(msgspec.json.encode(advisory)).hexdigest())


def _date(definition: Definition, name: str) -> str | None:
    found = next(definition.metadata.descendants(name), None)
    return found.attributes.get("date") if found is not None else None


def packages_of(alternative: Alternative) -> Iterator[tuple[str, Sequence[Test]]]:
    """The packages of an alternative, each with its tests."""
    names = dict.fromkeys(test.package for test in alternative.packages)
    return ((name, [test for test in alternative.packages if test.package == name]) for name in names)


def rpms(
    alternative: Alternative, namespace: str, kind: NameKind, module: str | None = None, channel: str | None = None
) -> Iterator[Affected | str]:
    """What an alternative says of each of its rpms in a namespace."""
    for name, tests in packages_of(alternative):
        found = range_of(tests, "rpm")
        if found is None:
            yield f"{name}: its bounds are none that events can say"
            continue
        stated = {test.arch for test in tests if test.arch}
        arch = stated.pop() if len(stated) == 1 else None
        yield Affected(
            namespace=namespace, name=name, name_kind=kind, scheme="rpm", ranges=(found,), arch=arch, module=module, channel=channel
        )
