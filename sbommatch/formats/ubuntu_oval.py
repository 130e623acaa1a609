"""Ubuntu: OVAL documents of a release (security-metadata.canonical.com/oval), by CVE or by notice, of hosts or (`oci.…`) of manifests.

- By CVE (`…cve.oval.xml`): the comments of the criteria name source packages and what became of them: *was vulnerable but has been fixed*
  with the version, or *is affected* and what will be done. Kernels are compared with the one that runs; here they are packages as others.
- By notice (`…usn.oval.xml`): the tests name the binary packages, and the version that fixes all of them.
- Documents by package (`…pkg.oval.xml`) say what those by CVE do, and are left out.
- ESM and FIPS have documents of their own: a channel, by the platform (`Ubuntu Pro FIPS-updates 22.04 LTS`), else by the file's name.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import msgspec

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, Range, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._oval import CVE, Definition, Vendor, advisories, range_of
from sbommatch.problem import Problem, ProblemCode

_NOTICE = re.compile(r"(?:USN-)?(\d+-\d+) -- |(LSN-\d+-\d+)\b")
_PLATFORM = re.compile(r"Ubuntu (?:Pro )?(?:([\w-]+) )?(\d+\.\d+)\b")
_FILE = re.compile(r"com\.ubuntu\.(?:([\w-]+)_)?[a-z]+\.\w+\.oval\.xml")
_SAID = re.compile(r"(?:\(CVE-[\d-]+\) )?(\S+) package in \S+ (?P<what>.*?)(?:\(note: '(?P<note>[^']*)'\))?\.?")
_FIXED = "has been fixed"
_UNAFFECTED = "is not affected"
_AFFECTED = ("is affected", "may be affected", "is vulnerable")
_IGNORED = "ignore"
_BY_PACKAGE = b'source="Package"'


class UbuntuOvalFormat:
    """The format `ubuntu-oval`."""

    name = "ubuntu-oval"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each definition, under the name of the CVE or notice."""
        if _BY_PACKAGE in document:
            message = "by package: left out, for the documents by CVE say the same"
            yield Problem(ProblemCode.DUPLICATE_RECORD, where, message, loss=False)
            return
        file = _FILE.search(where)
        yield from advisories(document, where, context, Vendor(_identifier, partial(_affected, (file and file[1]) or None)))


def _identifier(definition: Definition) -> str:
    if found := CVE.match(definition.title):
        return found[0]
    if notice := _NOTICE.match(definition.title):
        return notice[2] or f"USN-{notice[1]}"
    return ""


class _Place(NamedTuple):
    namespace: str
    channel: str | None

    def row(self, name: str, kind: NameKind, versions: Range) -> Affected:
        return Affected(namespace=self.namespace, name=name, name_kind=kind, scheme="deb", ranges=(versions,), channel=self.channel)


def _affected(channel_of_file: str | None, definition: Definition) -> Iterator[Affected | str]:
    of = _of_cve if CVE.match(definition.title) else _of_notice
    for platform in definition.metadata.descendants("platform"):
        if found := _PLATFORM.match(platform.text.strip()):
            yield from of(definition, _Place(f"ubuntu:{found[2]}", found[1].lower() if found[1] else channel_of_file))
        else:
            yield f"it is of no release of Ubuntu: {platform.text.strip()[:80]!r}"


def _of_cve(definition: Definition, place: _Place) -> Iterator[Affected | str]:
    criteria = definition.element.first("criteria")
    for criterion in criteria.descendants("criterion") if criteria else ():
        said = _SAID.fullmatch(" ".join(criterion.attributes.get("comment", "").split()))
        if said is None:  # where it applies: the kernel that runs, the release
            continue
        name, what, note = said[1], said["what"], said["note"]
        if _FIXED in what and note:
            yield place.row(name, NameKind.SOURCE, _below(note))
        elif criterion.attributes.get("negate") == "true" or _UNAFFECTED in what:
            yield msgspec.structs.replace(place.row(name, NameKind.SOURCE, _EVERY), state=State.NOT_AFFECTED)
        elif what.startswith(_AFFECTED):
            fix_state = FixState.WONT_FIX if _IGNORED in what else FixState.NOT_FIXED
            yield msgspec.structs.replace(place.row(name, NameKind.SOURCE, _EVERY), fix_state=fix_state)
        else:
            yield f"{name}: what is said of it is not known here: {what[:80]!r}"


_EVERY = Range("deb", (Event(EventKind.INTRODUCED, "0"),), "*")


def _below(version: str) -> Range:
    return Range("deb", (*_EVERY.events, Event(EventKind.FIXED, version)), f"<{version}")


def _of_notice(definition: Definition, place: _Place) -> Iterator[Affected | str]:
    if not definition.alternatives:
        yield "its criteria name no packages: kernels are compared with the one that runs"
    for alternative in definition.alternatives:
        for test in alternative.packages:
            if versions := range_of([test], "deb"):
                yield from (place.row(name, NameKind.BINARY, versions) for name in test.packages or (test.package,))
            else:
                yield f"{test.package}: its bounds are none that events can say"
