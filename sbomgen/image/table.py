"""What a layer's tar holds, gathered while it is read: the table of its paths, its whiteouts, and what the catalogers read in its files."""

from typing import Any

from msgspec import Struct, field

from sbomgen.evidence import Cataloger, EvidenceFile, EvidenceTooLargeError, EvidenceUnreadableError
from sbomgen.image.bodies import Body, LayerFile, Spool
from sbomgen.image.dispatch import Catalogers, Dispatch
from sbomgen.image.tar import EntryStream, TarEntry
from sbomgen.layerscan import EntryKind, FileFacts, LayerEntry, LayerScan
from sbomgen.model import Problem, ProblemCode

WHITEOUT = ".wh."
"""Prefix of the name of a marker that removes a path of the layers below (OCI image-spec, layer.md, Whiteouts)."""

OPAQUE = ".wh..wh..opq"
"""Name of the marker that hides what the layers below have in its folder."""

AUFS = ".wh..wh."
"""Prefix of what the AUFS driver kept for itself; Docker passes over it."""

MAX_LINKS = 40
"""Hard links followed to a body that comes later in the tar; as many as Linux follows of symbolic ones."""

MAX_LINKED_BYTES = 8 << 30
"""Read again under the names of hard links: ten thousand links to one large body would be read ten thousand times."""

LinkedBodies = dict[int, list[tuple[str, Catalogers]]]
"""By the offset of a body: the other names under which catalogers want it."""


class _Evidence(Struct):
    """What was read in one file: facts by cataloger."""

    facts: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class LayerTable:
    """Filled by `read`, then by `read_linked` where `linked_bodies` has any; `scan` gives the record.

    Of several entries of one path the last counts, with what was read in it.
    """

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._entries: dict[str, LayerEntry] = {}
        self._evidence: dict[str, _Evidence] = {}
        self._whiteouts: dict[str, None] = {}
        self._opaque: dict[str, None] = {}
        self._notes: list[Problem] = []
        self._bodies: dict[str, int] = {}  # the offset of the body that a path names
        self._links: dict[str, str] = {}  # hard links whose target had not come yet
        self._linked_bytes = 0
        self._by_magic: dict[int, dict[str, tuple[Any, ...]]] = {}  # facts that do not depend on the name

    def read(self, tar: EntryStream, spool: Spool) -> None:
        """Take in every entry of a tar or folder."""
        for entry in tar:
            path = entry.path
            name = path[path.rfind("/") + 1 :]
            if name.startswith(WHITEOUT):
                self._take_marker(path, name)
                continue
            if path in self._entries:
                self._forget(path)
            if path:
                self._entries[path] = LayerEntry(path, entry.kind, entry.size_bytes, entry.link)
            if entry.kind is EntryKind.FILE:
                self._take_file(entry, name, tar, spool)
            elif entry.kind is EntryKind.HARDLINK:
                self._take_link(path, entry.link)
        self._note_skipped(tar)

    def linked_bodies(self) -> LinkedBodies:
        """The bodies that catalogers want under the name of a hard link: `read_linked` reads them under it.

        What is wanted for its magic alone depends on no name: those facts are the link's too, without another reading.
        """
        bodies: LinkedBodies = {}
        for path, entry in self._entries.items():
            offset = self._body_of(path) if entry.kind is EntryKind.HARDLINK else None
            if offset is None:
                continue
            wanted = self._dispatch.by_name(path, path[path.rfind("/") + 1 :])
            if wanted:
                bodies.setdefault(offset, []).append((path, wanted))
            names = {cataloger.name for cataloger in wanted}
            shared = {name: facts for name, facts in self._by_magic.get(offset, {}).items() if name not in names}
            if shared:
                self._evidence[path] = _Evidence(shared)
        return bodies

    def read_linked(self, tar: EntryStream, bodies: LinkedBodies, spool: Spool) -> None:
        """Read the same tar again, as far as the last of these bodies."""
        left = dict(bodies)
        for entry in tar:
            if entry.kind is EntryKind.FILE and entry.offset in left:
                names = [(path, wanted) for path, wanted in left.pop(entry.offset) if self._afford(path, entry.size_bytes)]
                self._read_body(entry, names, tar, spool)
                if not left:
                    return

    def scan(self, diff_id: str | None, size_bytes: int | None) -> LayerScan:
        """The record of the layer."""
        facts: dict[str, list[FileFacts]] = {cataloger.name: [] for cataloger in self._dispatch.catalogers}
        problems = list(self._notes)
        for path in self._entries:
            evidence = self._evidence.get(path)
            if evidence is not None:
                problems.extend(evidence.problems)
                for name, found in evidence.facts.items():
                    facts[name].append(FileFacts(path, found))
        return LayerScan(
            diff_id=diff_id,
            size_bytes=size_bytes,
            entries=tuple(self._entries.values()),
            whiteouts=tuple(self._whiteouts),
            opaque=tuple(self._opaque),
            facts={name: tuple(found) for name, found in facts.items()},
            problems=tuple(problems),
            complete=not any(problem.code is ProblemCode.LIMIT_REACHED for problem in problems),
        )

    def _take_marker(self, path: str, name: str) -> None:
        folder = path[: -len(name)].rstrip("/")
        hidden = name.removeprefix(WHITEOUT)
        if name == OPAQUE:
            self._opaque[folder] = None
        elif hidden in {"", ".", ".."}:
            self._note(path, "a whiteout that names no file")
        elif not name.startswith(AUFS):
            self._whiteouts[f"{folder}/{hidden}" if folder else hidden] = None

    def _take_file(self, entry: TarEntry, name: str, tar: EntryStream, spool: Spool) -> None:
        path = entry.path
        self._bodies[path] = entry.offset
        by_name = self._dispatch.by_name(path, name)
        try:
            by_magic = self._dispatch.by_magic(tar.head())
        except EvidenceUnreadableError as exc:
            tar.skipped.add(path, str(exc), loss=bool(by_name))
            return
        if not by_name and not by_magic:
            return
        self._read_body(entry, [(path, self._dispatch.union(by_name, by_magic))], tar, spool)
        for_magic_alone = {cataloger.name for cataloger in by_magic if cataloger not in by_name}
        facts = self._evidence[path].facts
        self._by_magic[entry.offset] = {cataloger: facts[cataloger] for cataloger in for_magic_alone & facts.keys()}

    def _take_link(self, path: str, target: str) -> None:
        """Remember which body a hard link names: that of its target now, for a link gives a name to a body and not to a name."""
        offset = self._bodies.get(target)
        if offset is None:
            self._links[path] = target
        else:
            self._bodies[path] = offset

    def _body_of(self, path: str) -> int | None:
        for _ in range(MAX_LINKS):
            if path in self._bodies or path not in self._links:
                break
            path = self._links[path]
        return self._bodies.get(path)

    def _afford(self, path: str, size_bytes: int) -> bool:
        self._linked_bytes += size_bytes
        if self._linked_bytes <= MAX_LINKED_BYTES:
            return True
        message = f"not read: it is a hard link, and more than {MAX_LINKED_BYTES:,} bytes were read for those"
        self._evidence.setdefault(path, _Evidence()).problems.append(Problem(ProblemCode.LIMIT_REACHED, path, message, loss=True))
        return False

    def _read_body(self, entry: TarEntry, names: list[tuple[str, Catalogers]], tar: EntryStream, spool: Spool) -> None:
        """Have a body read by the catalogers that want it, under each of its names."""
        body = Body(entry, tar, spool)
        for path, wanted in names:
            evidence = self._evidence.setdefault(path, _Evidence())
            if entry.sparse:
                message = "is stored as a sparse file, which is not put together: its evidence is lost"
                evidence.problems.append(Problem(ProblemCode.EVIDENCE_UNREADABLE, path, message, loss=True))
                continue
            file = LayerFile(path, body)
            for cataloger in wanted:
                found, problems = _read_file(cataloger, file)
                evidence.problems.extend(problems)
                if found:
                    evidence.facts[cataloger.name] = found

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


def _read_file(cataloger: Cataloger, file: EvidenceFile) -> tuple[tuple[Any, ...], list[Problem]]:
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
    return tuple(facts), problems
