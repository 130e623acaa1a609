"""os-release files: which distribution a root file system holds (freedesktop.org, os-release(5)).

Root file systems older than that standard (Red Hat 6, Debian 6, Ubuntu 12.04, SUSE 11) have files of their own kinds instead.
"""

import re
from collections.abc import Iterator

from sbomgen.catalogers._fields import text_of
from sbomgen.catalogers._release_files import RELEASE_FILES, lsb_values, release_values
from sbomgen.evidence import EvidenceFile, FactType, ImageView, Proof, Wants
from sbomgen.model import Distro, Edge, Package, Problem, ProblemCode

FILE_LIMIT_BYTES = 65_536
"""Real ones are under 1 KiB."""

_LOCATION = re.compile(rf"(?:.*/)?(?:(?:etc|usr/lib)/os-release|etc/(?P<older>{'|'.join(RELEASE_FILES)}))")
_VALUE = r""""(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>(?:[^\s"']\S*)?)"""
_ASSIGNMENT = re.compile(rf"(?P<name>[A-Za-z_][A-Za-z_0-9]*)=(?:{_VALUE})\s*")
_ESCAPED = re.compile(r"""\\([\\$"'`])""")


class OsReleaseCataloger:
    """The distribution of the image and of each chroot in it: a fact for the other catalogers, no package of its own."""

    name = "os-release"
    version = 2
    title = "os-release and older release files: the distribution of a root file system"
    emits = "the distribution of other packages"
    proof = Proof.FILES
    wants = Wants(basenames=frozenset({"os-release", *RELEASE_FILES}))
    fact_type: FactType = Distro

    def read(self, file: EvidenceFile) -> Iterator[Distro | Problem]:
        """One `Distro`; a note where an os-release assigns nothing at all."""
        location = _LOCATION.fullmatch(file.path)
        if not location:
            return
        with file.open(FILE_LIMIT_BYTES) as stream:
            text = text_of(stream.read())
        older = location["older"]
        values = release_values(older, text) if older and older != "lsb-release" else parse_os_release(text)
        if older == "lsb-release":
            values = lsb_values(values)
        if values:
            yield _distro(values)
        elif not older:
            yield Problem(ProblemCode.BAD_RECORD, file.path, "assigns nothing: no distribution can be read from it", loss=False)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """Nothing: views serve the distribution themselves (`ImageView.distro_of`)."""
        return iter(())


def parse_os_release(text: str) -> dict[str, str]:
    r"""The assignments, as a shell would read them; of several to one name the last; empty values and lines that are none are left out.

    >>> parse_os_release('ID=debian\nNAME="A \\"B\\""\n# no\nVERSION_ID=')
    {'ID': 'debian', 'NAME': 'A "B"'}
    """
    values: dict[str, str] = {}
    for line in text.split("\n"):
        assignment = _ASSIGNMENT.fullmatch(line.strip())
        if assignment:
            values[assignment["name"]] = _unquoted(assignment)
    return {name: value for name, value in values.items() if value}


def _unquoted(assignment: re.Match[str]) -> str:
    if assignment["single"] is not None:
        return assignment["single"]
    return _ESCAPED.sub(r"\1", assignment["double"] if assignment["double"] is not None else assignment["bare"])


def _distro(values: dict[str, str]) -> Distro:
    return Distro(
        id=values.get("ID", "linux").lower(),
        version_id=values.get("VERSION_ID") or None,
        name=values.get("PRETTY_NAME") or values.get("NAME"),
        codename=values.get("VERSION_CODENAME") or None,
        id_like=tuple(values.get("ID_LIKE", "").lower().split()),
    )
