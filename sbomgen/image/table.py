"""What a layer's tar holds, gathered while it is read: the table of its paths, its whiteouts, and what the catalogers read in its files."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from msgspec import structs

from sbomgen.evidence import Cataloger, EvidenceFile, EvidenceTooLargeError, EvidenceUnreadableError
from sbomgen.image.bodies import Body, LayerFile, Spool
from sbomgen.image.caches import is_cached, is_copied_cache
from sbomgen.image.dispatch import Catalogers, Dispatch
from sbomgen.image.entries import EntryStream, TarEntry
from sbomgen.layerscan import FILE, HARDLINK, SYMLINK, FileFacts, LayerScan, Run
from sbomgen.model import Problem, ProblemCode

WHITEOUT = ".wh."
"""Prefix of the name of a marker that removes a path of the layers below (OCI image-spec, layer.md, Whiteouts)."""

OPAQUE = ".wh..wh..opq"
"""Name of the marker that hides what the layers below have in its folder."""

AUFS = ".wh..wh."
"""Prefix of what the AUFS driver kept for itself; Docker passes over it."""

MAX_LINKS = 40
"""Hard links followed to a body that comes later in the tar; as many as Linux follows of symbolic ones."""

MAX_EXTRA_BYTES = 8 << 30
"""Read beyond what the tar holds: bodies again under the names of hard links, of which one may have ten thousand, and sparse files."""

LinkedBodies = dict[int, list[tuple[str, Catalogers]]]
"""By the offset of a body: the other names under which catalogers want it."""

_Evidence = dict[str, FileFacts[Any]]
"""What was read in one file, by cataloger."""

_NOTHING: _Evidence = {}


class LayerTable:
    """Filled by `read`, then by `read_linked` where `linked_bodies` has any; `scan` gives the record.

    Of several entries of one path the last counts, with what was read in it.
    """

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._entries: dict[str, TarEntry] = {}
        self._evidence: dict[str, _Evidence] = {}
        self._whiteouts: dict[str, None] = {}
        self._opaque: dict[str, None] = {}
        self._notes: list[Problem] = []
        self._bodies: dict[str, int] = {}  # the offset of the body that a hard link names
        self._links: dict[str, str] = {}  # hard links whose target had not come yet
        self._extra_bytes = 0
        self._by_magic: dict[int, _Evidence] = {}  # what does not depend on the name

    def read(self, tar: EntryStream, spool: Spool) -> None:
        """Take in every entry of a tar or folder."""
        entries, by_name, by_magic = self._entries, self._dispatch.by_name, self._dispatch.by_magic
        folder, in_folder = "", self._dispatch.by_folder("")
        for entry in tar:
            path, name, kind = entry.path, entry.name, entry.kind
            if name.startswith(WHITEOUT):
                self._take_marker(entry.folder, name)
                continue
            if path and entries.setdefault(path, entry) is not entry:
                self._forget(path)
                entries[path] = entry
            if kind is FILE:
                if folder != entry.folder:
                    folder, in_folder = entry.folder, self._dispatch.by_folder(entry.folder)
                named = in_folder | by_name(name)
                if named and is_copied_cache(path):
                    named = 0  # nobody wants a file of a cache that files are copied from for its name
                try:
                    begun = by_magic(tar.head())
                except EvidenceUnreadableError as exc:
                    tar.skipped.add(path, str(exc), loss=named > 0)
                    continue
                if named or begun:
                    self._take_file(entry, (named, begun), tar, spool)
            elif kind is HARDLINK:
                self._take_link(path, entry.link)
        self._note_skipped(tar)

    def linked_bodies(self) -> LinkedBodies:
        """The bodies that catalogers want under the name of a hard link: `read_linked` reads them under it.

        What is wanted for its magic alone depends on no name: those facts are the link's too, without another reading.
        """
        bodies: LinkedBodies = {}
        for path, entry in self._entries.items() if self._bodies or self._links else ():
            offset = self._body_of(path) if entry.kind is HARDLINK else None
            if offset is None:
                continue
            bits = 0 if is_cached(path) else self._dispatch.by_name(entry.name) | self._dispatch.by_folder(entry.folder)
            wanted = self._dispatch.chosen(bits)
            if wanted:
                bodies.setdefault(offset, []).append((path, wanted))
            names = {cataloger.name for cataloger in wanted}
            shared = {name: _of_link(path, found) for name, found in self._by_magic.get(offset, {}).items() if name not in names}
            if shared:
                self._evidence[path] = shared
        return bodies

    def read_linked(self, tar: EntryStream, bodies: LinkedBodies, spool: Spool) -> None:
        """Read the same tar again, as far as the last of these bodies."""
        left = dict(bodies)
        for entry in tar:
            if entry.kind is FILE and entry.offset in left:
                names = [(path, wanted) for path, wanted in left.pop(entry.offset) if self._afford(path, wanted, entry.size_bytes)]
                self._read_body(entry, names, tar, spool)
                if not left:
                    return

    def scan(self, diff_id: str | None, size_bytes: int | None) -> LayerScan:
        """The record of the layer."""
        facts: dict[str, list[FileFacts[Any]]] = {cataloger.name: [] for cataloger in self._dispatch.catalogers}
        for path in filter(self._evidence.__contains__, self._entries):
            for name, found in self._evidence[path].items():
                facts[name].append(FileFacts(path, found.facts) if found.problems and is_cached(path) else found)
        problems = (problem for files in facts.values() for file in files for problem in file.problems)
        return LayerScan(
            diff_id=diff_id,
            size_bytes=size_bytes,
            runs=tuple(_runs(self._entries.values())),
            whiteouts=tuple(self._whiteouts),
            opaque=tuple(self._opaque),
            facts={name: tuple(found) for name, found in facts.items()},
            problems=tuple(self._notes),
            complete=not any(problem.code is ProblemCode.LIMIT_REACHED for problem in problems),
        )

    def _take_marker(self, folder: str, name: str) -> None:
        hidden = name.removeprefix(WHITEOUT)
        if name == OPAQUE:
            self._opaque[folder] = None
        elif hidden in {"", ".", ".."}:
            self._note(f"{folder}/{name}".lstrip("/"), "a whiteout that names no file")
        elif not name.startswith(AUFS):
            self._whiteouts[f"{folder}/{hidden}" if folder else hidden] = None

    def _take_file(self, entry: TarEntry, wanted: tuple[int, int], tar: EntryStream, spool: Spool) -> None:
        """Have a file read by the catalogers that want it for its name, and by those that want it for its magic."""
        by_name, by_magic = wanted
        either = self._dispatch.chosen(by_name | by_magic)
        if entry.sparse and not self._afford(entry.path, either, entry.size_bytes):
            return
        self._read_body(entry, [(entry.path, either)], tar, spool)
        found = self._evidence.get(entry.path, _NOTHING)
        if found and by_magic:
            for_magic_alone = {cataloger.name for cataloger in self._dispatch.chosen(by_magic & ~by_name)}
            self._by_magic[entry.offset] = {cataloger: found[cataloger] for cataloger in for_magic_alone & found.keys()}

    def _take_link(self, path: str, target: str) -> None:
        """Remember which body a hard link names: that of its target now, for a link gives a name to a body and not to a name."""
        offset = self._body_at(target)
        if offset is None:
            self._links[path] = target
        else:
            self._bodies[path] = offset

    def _body_of(self, path: str) -> int | None:
        for _ in range(MAX_LINKS):
            if path not in self._links:
                break
            path = self._links[path]
        return self._body_at(path)

    def _body_at(self, path: str) -> int | None:
        entry = self._entries.get(path)
        return entry.offset if entry is not None and entry.kind is FILE else self._bodies.get(path)

    def _afford(self, path: str, wanted: Catalogers, size_bytes: int) -> bool:
        self._extra_bytes += size_bytes
        if self._extra_bytes <= MAX_EXTRA_BYTES:
            return True
        message = f"not read: more than {MAX_EXTRA_BYTES:,} bytes were read of hard links and sparse files"
        self._lose(path, wanted, ProblemCode.LIMIT_REACHED, message)
        return False

    def _lose(self, path: str, wanted: Catalogers, code: ProblemCode, message: str) -> None:
        """A file of which none of the catalogers that want it gets to see the body."""
        lost = (Problem(code, path, message, loss=True),)
        self._evidence.setdefault(path, {}).update((cataloger.name, FileFacts(path, (), lost)) for cataloger in wanted)

    def _read_body(self, entry: TarEntry, names: list[tuple[str, Catalogers]], tar: EntryStream, spool: Spool) -> None:
        """Have a body read by the catalogers that want it, under each of its names."""
        try:
            body = Body(entry, tar, spool)
        except EvidenceUnreadableError as exc:
            for path, wanted in names:
                self._lose(path, wanted, ProblemCode.EVIDENCE_UNREADABLE, f"not read: {exc}")
            return
        for path, wanted in names:
            file = LayerFile(path, body)
            for cataloger in wanted:
                found = _read_file(cataloger, file)
                if found.facts or found.problems:
                    self._evidence.setdefault(path, {})[cataloger.name] = found

    def _forget(self, path: str) -> None:
        """What was known of a path that the tar writes again."""
        del self._entries[path]
        for table in (self._evidence, self._bodies, self._links):
            table.pop(path, None)

    def _note_skipped(self, tar: EntryStream) -> None:
        skipped = tar.skipped
        for entry in skipped.entries:
            self._note(entry.path, f"skipped: {entry.reason}", loss=entry.loss)
        if skipped.count > len(skipped.entries):
            self._note("other names", f"{skipped.count - len(skipped.entries):,} more entries were skipped", loss=skipped.loss)

    def _note(self, path: str, message: str, *, loss: bool = False) -> None:
        self._notes.append(Problem(ProblemCode.ARCHIVE_ENTRY_SKIPPED, path, message, loss=loss))


def _of_link(path: str, found: FileFacts[Any]) -> FileFacts[Any]:
    """What was read of a body under its first name, for a hard link to it: the problems only if nobody hears of that name."""
    start = len(found.path)
    problems = tuple(structs.replace(problem, where=path + problem.where[start:]) for problem in found.problems)
    return FileFacts(path, found.facts, problems if is_cached(found.path) else ())


def _runs(entries: Iterable[TarEntry]) -> Iterator[Run]:
    """Entries, in their order, by runs of one folder."""
    for folder, run in groupby(entries, attrgetter("folder")):
        found = tuple(run)
        kinds = "".join([entry.kind for entry in found])
        yield Run(
            folder,
            tuple([entry.name for entry in found]),
            kinds,
            tuple([entry.size_bytes for entry in found]),
            tuple([entry.link for entry in found]) if SYMLINK in kinds or HARDLINK in kinds else (),
        )


def _read_file(cataloger: Cataloger, file: EvidenceFile) -> FileFacts[Any]:
    """The facts and problems of one file."""
    facts: list[Any] = []
    problems: list[Problem] = []
    try:
        for found in cataloger.read(file):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                facts.append(found)
    except EvidenceTooLargeError as exc:
        problems.append(Problem(ProblemCode.LIMIT_REACHED, file.path, f"not read by {cataloger.name}: {exc}", loss=True))
    except EvidenceUnreadableError as exc:
        problems.append(Problem(ProblemCode.EVIDENCE_UNREADABLE, file.path, f"not read by {cataloger.name}: {exc}", loss=True))
    return FileFacts(file.path, tuple(facts), tuple(problems))
