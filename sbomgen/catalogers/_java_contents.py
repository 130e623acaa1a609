"""What one archive holds that tells about it: its manifest, the poms in it, the archives in it."""

import re
from collections.abc import Iterable
from itertools import islice

from msgspec import Struct

from sbomgen.catalogers._java_manifest import (
    Coordinates,
    licences_of_manifest,
    licences_of_pom,
    parse_manifest,
    parse_pom,
    parse_properties,
)
from sbomgen.catalogers._zip_archive import Archive, ArchiveError, ArchiveLimitError, Member

SUFFIXES = (".jar", ".war", ".ear", ".par", ".sar", ".jpi", ".hpi", ".kar", ".aar", ".nar")
"""What archives are called; `.nar` is NiFi's."""

CERTAIN = (".jar", ".war", ".ear")
"""Suffixes that mean nothing else; a file with one of the others that is no archive is none of Java's."""

METADATA_LIMIT_BYTES = 8 << 20
"""Of one manifest or pom: signed jars list every class in their manifest, the longest some 3 MiB."""

LICENCES_LIMIT = 20
"""Licences of one archive."""

LICENCE_LIMIT_CHARS = 500
"""Of one licence's name or address; a longer one is its text."""

_MANIFEST = "meta-inf/manifest.mf"
_PROPERTIES, _POM = "pom.properties", "pom.xml"
_WANTED = tuple(name.encode() for name in (*SUFFIXES, _MANIFEST, _PROPERTIES, _POM))
_CLASS = b".class"
_MAVEN_FOLDER = re.compile(r"META-INF/maven/(?P<group>[^/]+)/(?P<artifact>[^/]+)")


def is_archive(name: str) -> bool:
    """Whether a file is called as an archive is."""
    return name.lower().endswith(SUFFIXES)


class Allowance(Struct):
    """What may still be read of one outermost archive, on all levels together; below zero it is used up, and that was said once."""

    archives: int
    archive_bytes: int
    poms: int
    metadata_bytes: int


class Contents:
    """The telling members of an archive, as far as the allowance goes. Raises `ArchiveError` where its directory cannot be read.

    `unreadable` are the members that could not be read, and why; the others count.
    """

    def __init__(self, archive: Archive, allowance: Allowance) -> None:
        self.unreadable: list[tuple[str, ArchiveError]] = []
        self._archive = archive
        self._allowance = allowance
        self._has_classes = False
        members = {member.name: member for member in archive.members(self._is_wanted)}
        self.archives = [member for name, member in members.items() if is_archive(name)]
        self.manifest = self._manifest(members)
        self._folders = self._pom_folders(members)
        self._poms = {folder: pom for folder, files in self._folders.items() if (pom := self._pom(folder, files)).artifact}

    @property
    def poms(self) -> tuple[Coordinates, ...]:
        """What the poms state, each but once, in the order of the archive; at least the artifact."""
        return tuple(dict.fromkeys(self._poms.values()))

    @property
    def is_telling(self) -> bool:
        """Whether there is anything."""
        return bool(self.manifest or self._poms or self.archives)

    @property
    def is_code(self) -> bool:
        """Whether it has classes, or archives that may have them."""
        return self._has_classes or bool(self.archives)

    def licences(self, artifact: str) -> tuple[str, ...]:
        """Those that the artifact's pom.xml names, else the manifest's."""
        folder = next((folder for folder, pom in self._poms.items() if pom.artifact == artifact), None)
        pom = self._folders[folder].get(_POM) if folder is not None else None
        named = licences_of_pom(self._read(pom)) if pom else ()
        stated = named or licences_of_manifest(self.manifest)
        return tuple(licence for licence in stated if len(licence) <= LICENCE_LIMIT_CHARS)[:LICENCES_LIMIT]

    def _is_wanted(self, name: bytes) -> bool:
        if name.endswith(_CLASS):
            self._has_classes = True
            return False
        return name.endswith(_WANTED)

    def _manifest(self, members: dict[str, Member]) -> dict[str, str]:
        found = [member for name, member in members.items() if name.lower() == _MANIFEST]
        return parse_manifest(self._read(found[-1])) if found else {}

    def _pom_folders(self, members: dict[str, Member]) -> dict[str, dict[str, Member]]:
        """The poms by folder and file name: properties wherever they lie, a pom.xml only where Maven puts it."""
        folders: dict[str, dict[str, Member]] = {}
        for path, member in members.items():
            folder, _, name = path.rpartition("/")
            if name == _PROPERTIES or (name == _POM and folder.startswith("META-INF/maven/")):
                folders.setdefault(folder, {})[name] = member
        limit = max(0, self._allowance.poms)
        self._allowance.poms -= len(folders)
        if limit < len(folders):
            self.unreadable.append(
                (f"{list(folders)[limit]}/{_POM}", ArchiveLimitError("not read, nor any after it: there are too many poms"))
            )
        return dict(islice(folders.items(), limit))

    def _pom(self, folder: str, files: dict[str, Member]) -> Coordinates:
        """What pom.properties states, what it leaves out as pom.xml does, and then as the folder's path does."""
        stated = [parse_properties(self._read(files[_PROPERTIES]))] if _PROPERTIES in files else []
        if _POM in files and not (stated and stated[0].is_complete):
            stated.append(parse_pom(self._read(files[_POM])))
        location = _MAVEN_FOLDER.fullmatch(folder)
        if location:
            stated.append(Coordinates(location["group"], location["artifact"], ""))
        return Coordinates(
            _first(pom.group for pom in stated), _first(pom.artifact for pom in stated), _first(pom.version for pom in stated)
        )

    def _read(self, member: Member) -> bytes:
        allowed = self._allowance.metadata_bytes
        if allowed < 0:
            return b""
        try:
            body = self._archive.read(member, min(METADATA_LIMIT_BYTES, allowed))
        except ArchiveError as exc:
            self.unreadable.append((member.name, exc))
            body = b""
        self._allowance.metadata_bytes -= member.size_bytes
        return body


def _first(values: Iterable[str]) -> str:
    return next(filter(None, values), "")
