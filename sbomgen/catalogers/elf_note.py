"""The package that an ELF file says it belongs to: the note `.note.package` (systemd's "Package Metadata for Executable Files").

Distributions put it into everything they link, and their package database lists the same packages. So the notes speak only where no
database of their type stands in the root they lie in: in images that were put together from single files (`FROM scratch`), and of
binaries that come from another kind of distribution.
"""

import re
import struct
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from sbomgen.catalogers._executables import ELF_MAGIC, EXECUTABLE_LIMIT_BYTES, PACKAGE_NOTE, bytes_of, executable_of
from sbomgen.decoders import json_decoder
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Distro, Edge, Package, Problem, ProblemCode, Technique

SECTION_LIMIT_BYTES = 64 << 10
"""Of all notes together; one has some 200 bytes."""

DATABASES = {
    "alpm": ("var/lib/pacman/local", "usr/lib/sysimage/lib/pacman/local", "usr/lib/holo/pacmandb/local"),
    "apk": ("lib/apk/db/installed", "usr/lib/apk/db/installed"),
    "deb": ("var/lib/dpkg/status", "var/lib/dpkg/status.d"),
    "rpm": ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"),
}
"""The types that a note may name, and where their databases stand."""

_OWNER, _PACKAGE_METADATA = b"FDO\0", 0xCAFE1A7E
_CPE = re.compile(r"cpe:(?:/|2\.3:)o:(?P<vendor>[^:]+):(?P<product>[^:]+):(?P<version>[^:]+).*")
"""How rpm's notes name the distribution: `cpe:/o:fedoraproject:fedora:40`."""


class _Note(msgspec.Struct, rename="camel"):
    """The fields of the specification that are read here."""

    type: str
    name: str
    version: str
    architecture: str = ""
    os: str = ""
    os_version: str = ""
    os_cpe: str = ""


class NoteFact(Fact, frozen=True):
    """What a note says."""

    type: str
    """`deb`, `rpm`, `apk`, `alpm`."""
    name: str
    version: str
    arch: str = ""
    os: str = ""
    """The `ID` of an os-release; empty where the note does not say it."""
    os_version: str = ""


class ElfNoteCataloger:
    """The packages that files name where no package database does."""

    name = "elf-note"
    version = 2
    title = "Packages that ELF files name themselves (.note.package), where no package database of their type stands"
    emits = "the type that the note names: deb, rpm and others"
    proof = Proof.FIXTURE
    wants = Wants(magic=(ELF_MAGIC,))
    fact_type: FactType = NoteFact

    def read(self, file: EvidenceFile) -> Iterator[NoteFact | Problem]:
        """What the note says; one that cannot be read, or names no package, is a note among the problems too."""
        executable = executable_of(file)
        section = executable.sections.get(PACKAGE_NOTE) if executable else None
        if executable is None or section is None:
            return
        with file.open(EXECUTABLE_LIMIT_BYTES) as stream:
            body = bytes_of(file, stream).at(section.offset, min(section.size_bytes, SECTION_LIMIT_BYTES))
        text = _text_of_note(body, ">" if executable.big_endian else "<")
        try:
            note = json_decoder(_Note).decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, file.path, f"its package note cannot be read: {exc}", loss=False)
            return
        if note.type not in DATABASES:
            yield Problem(ProblemCode.BAD_RECORD, file.path, f"its package note is of the unknown type {note.type[:40]!r}", loss=False)
        elif note.name.split() != [note.name] or note.version.split() != [note.version]:
            yield Problem(ProblemCode.BAD_RECORD, file.path, "its package note has no usable name or version", loss=False)
        else:
            yield _fact(note)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """One package for all files of a root that name it."""
        named: dict[tuple[str, NoteFact], list[str]] = defaultdict(list)
        for visible in view.facts(self.name):
            root = view.root_of(visible.path)
            if not _has_database(view, root, visible):
                named[root, visible.fact].append(visible.path)
        for (root, fact), paths in named.items():
            yield Package(
                type=fact.type,
                name=fact.name,
                raw_version=fact.version,
                arch=fact.arch or None,
                root=root,
                distro=Distro(fact.os, fact.os_version or None) if fact.os else None,
                evidence=tuple(paths),
                technique=Technique.BINARY_ANALYSIS,
            )


def _text_of_note(body: bytes, order: str) -> bytes:
    """The JSON of the first package note in a section; empty where there is none. Notes are padded to four bytes (gABI 4, Note Section)."""
    header, start = struct.Struct(f"{order}III"), 0
    while start + header.size <= len(body):
        name_size, text_size, kind = header.unpack_from(body, start)
        name = start + header.size
        text = name + name_size + -name_size % 4
        if kind == _PACKAGE_METADATA and body[name : name + name_size] == _OWNER:
            return body[text : text + text_size].partition(b"\0")[0]
        start = text + text_size + -text_size % 4
    return b""


def _fact(note: _Note) -> NoteFact:
    cpe = _CPE.fullmatch(note.os_cpe)
    os, os_version = (cpe["product"], cpe["version"]) if cpe and not note.os else (note.os, note.os_version)
    return NoteFact(note.type, note.name, note.version, note.architecture, os.lower(), os_version)


def _has_database(view: ImageView, root: str, visible: VisibleFact) -> bool:
    prefix = f"{root}/" if root else ""
    return any(view.exists(prefix + place) for place in DATABASES[visible.fact.type])
