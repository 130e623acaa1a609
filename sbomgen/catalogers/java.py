"""Java archives: jar, war, ear and their like, and the archives in them.

An archive is a package of type maven; so is each artifact whose pom was shaded into it, and each archive inside it. Which artifact it is
says `_java_identity`. Of an archive without a pom of its own distributions say it exactly: Debian by a link to it in its Maven repository
(`usr/share/maven-repo/GROUP/ARTIFACT/VERSION/`), Fedora and Red Hat in XMvn's metadata (`usr/share/maven-metadata/*.xml`); of others an
index by SHA-1 may know it (`sbomgen.javaindex`).

A package's root is the folder of the archive, so that `foo-1.1.jar` in place of `foo-1.0.jar` is an upgrade; within an archive it is the
way to there, with the versions left out of the names of archives: `opt/app.jar!/BOOT-INF/lib` both of `opt/app-1.0.jar` and of
`opt/app-1.1.jar`; of shaded artifacts the archive that they are in. Two copies of one version in one root are one package with two files
as evidence; a classifier (`linux-x86_64`) is part of the slot.

An archive contains what lies in it and what was shaded into it; what it depends on nobody states.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec import structs

from sbomgen.catalogers._java_contents import CERTAIN, SUFFIXES, Allowance, Contents, is_archive
from sbomgen.catalogers._java_identity import identify, without_version
from sbomgen.catalogers._java_manifest import VALUE_LIMIT_CHARS, Coordinates
from sbomgen.catalogers._xmvn import XMVN_FOLDER, XMVN_LIMIT_BYTES, xmvn_archives
from sbomgen.catalogers._zip_archive import CHUNK_BYTES, Archive, ArchiveError, ArchiveLimitError, Member
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import DeliveredFile, Edge, EdgeKind, Hash, Package, Problem, ProblemCode, Technique

ARCHIVE_LIMIT_BYTES = 4 << 30
"""Of one archive on the disk: the largest seen (fat jars with native libraries) have under 2 GiB."""

DEPTH_LIMIT = 16
"""Archives within one another: an ear has three levels; real ones end at five."""

ARCHIVES_LIMIT = 10_000
"""Archives in one outermost archive: the largest distributions have some 2,000."""

NESTED_LIMIT_BYTES = 4 << 30
"""Read of the archives in one outermost archive, on all levels together: they are hashed, and most of them inflated."""

POMS_LIMIT = 20_000
"""Poms in one outermost archive, on all levels together: one jar has under 300 at most."""

METADATA_TOTAL_LIMIT_BYTES = 128 << 20
"""Of manifests and poms in one outermost archive: the largest distributions have some 10 MiB."""

PROBLEMS_LIMIT = 100
"""Problems told of one outermost archive; of the others the number."""

_PUBLISHED = re.compile(
    r"(?:.+/)?usr/share/maven-repo/(?P<group>[^/]+(?:/[^/]+)*)/(?P<artifact>[^/]+)/(?P<version>[^/]+)/(?P=artifact)-(?P=version)\.pom"
)
_ALIAS_VERSION = re.compile(r"debian|.*\bx")
"""Versions under which Debian's repository lists an artifact once more: `debian`, `9.x`."""


class ArchiveFact(Fact, frozen=True, tag="archive"):
    """One archive, the outermost or one within it."""

    coordinates: Coordinates
    inner: str = ""
    """The way to it within the outermost archive (`lib/a.war!/WEB-INF/lib/b.jar`); empty for that itself."""
    classifier: str = ""
    from_pom: bool = False
    stated: bool = False
    """Its manifest holds the coordinates as they are."""
    components: tuple[Coordinates, ...] = ()
    """Artifacts shaded into it."""
    sha1: str = ""
    licences: tuple[str, ...] = ()
    vendor: str = ""
    is_code: bool = False
    """It has classes, or archives, or a script in front; of others nobody knows: there are archives of JavaScript."""


class PublishedFact(Fact, frozen=True, tag="published"):
    """Coordinates that a distribution states of an archive: by a pom in Debian's Maven repository, or in XMvn's metadata."""

    coordinates: Coordinates
    archive: str = ""
    """Its path; of Debian's the archive is a link beside the pom."""


class JavaCataloger:
    """Every archive, the archives within it, and the artifacts that were shaded into them."""

    name = "java"
    version = 4
    title = "Java archives: jar, war, ear, hpi, nar and others, nested and shaded"
    emits = "maven"
    proof = Proof.FILES
    wants = Wants(
        suffixes=frozenset({spelt for suffix in SUFFIXES for spelt in (suffix, suffix.upper(), suffix.title())} | {".pom"}),
        folders=(XMVN_FOLDER,),
    )
    fact_type: FactType = ArchiveFact | PublishedFact

    def __init__(self, find: Callable[[str], tuple[str, str, str] | None] = lambda _: None) -> None:
        """`find` gives group, artifact and version of a known archive by its SHA-1; it is asked for those that have no pom of their own."""
        self._find = find

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """The archive and all within it; one that cannot be opened is a loss, with the way to it (`a.ear!/b.war`)."""
        if file.path.endswith(".pom"):
            published = _PUBLISHED.fullmatch(file.path)
            if published and not _ALIAS_VERSION.fullmatch(published["version"]):
                coordinates = Coordinates(published["group"].replace("/", "."), published["artifact"], published["version"])
                yield PublishedFact(coordinates)
        elif file.path.endswith(".xml"):
            with file.open(XMVN_LIMIT_BYTES) as stream:
                yield from (PublishedFact(coordinates, path) for path, coordinates in xmvn_archives(file.path, stream.read()))
        elif is_archive(file.path):
            with file.open(ARCHIVE_LIMIT_BYTES) as stream:
                yield from _with_few_problems(file.path, _Reading(file.path).archive(stream, ()))

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The packages of all visible archives, of one version in one root one; an archive contains what lies or was shaded in it."""
        archives: list[VisibleFact] = []
        published: dict[str, list[Coordinates]] = defaultdict(list)
        for visible in view.facts(self.name):
            if isinstance(visible.fact, ArchiveFact):
                archives.append(visible)
            elif archive := view.resolve(visible.fact.archive or visible.path.removesuffix(".pom") + ".jar"):
                published[archive].append(visible.fact.coordinates)
        packages: dict[tuple[str, str], tuple[Package, dict[str, None]]] = {}
        places: dict[tuple[str, str], list[Package]] = {}
        for visible in archives:
            folder, slash, name = visible.path.rpartition("/")
            path = f"{view.resolve(folder) or folder}{slash}{name}"
            found = list(_packages(visible, path, *self._elsewhere(visible.fact, published.get(path, []))))
            places[visible.path, visible.fact.inner] = found
            for package in found:
                _, evidence = packages.setdefault((package.slot, package.raw_version), (package, {}))
                evidence[visible.path] = None
        yield from (structs.replace(package, evidence=tuple(evidence)) for package, evidence in packages.values())
        yield from _edges(places)

    def _elsewhere(self, fact: ArchiveFact, published: list[Coordinates]) -> tuple[list[Coordinates], Technique]:
        """Coordinates that others state of an archive without a pom, and how it is known then.

        Others are Debian's repository, else the index; where neither knows it, the file name and the manifest together tell what it is.
        """
        if fact.from_pom:
            return [], Technique.MANIFEST_ANALYSIS
        if published and not fact.inner:
            return published, Technique.MANIFEST_ANALYSIS
        if known := self._find(fact.sha1):
            return [Coordinates(*known)], Technique.HASH_COMPARISON
        return [], Technique.MANIFEST_ANALYSIS if fact.stated else Technique.FILENAME


class _Reading:
    """One outermost archive while it is read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._allowance = Allowance(ARCHIVES_LIMIT, NESTED_LIMIT_BYTES, POMS_LIMIT, METADATA_TOTAL_LIMIT_BYTES)

    def archive(self, stream: BinaryIO, way: tuple[str, ...]) -> Iterator[Fact | Problem]:
        """The archive in `stream`, to which `way` leads from the outermost, and all within it."""
        try:
            archive = Archive(stream)
            contents = Contents(archive, self._allowance)
        except ArchiveError as exc:
            yield self._problem(way, exc)
            return
        name = (way[-1] if way else self._path).rpartition("/")[2]
        if contents.is_telling or (name.lower().endswith(CERTAIN) and not archive.is_empty):
            yield _archive_fact(name, way, contents, stream)
        yield from (self._problem((*way, member), cause) for member, cause in contents.unreadable)
        nested = contents.archives
        del contents  # A manifest may be long, and archives lie sixteen deep.
        for member in nested:
            if min(self._allowance.archives, self._allowance.archive_bytes) >= 0:
                yield from self._nested(archive, member, (*way, member.name))

    def _nested(self, archive: Archive, member: Member, way: tuple[str, ...]) -> Iterator[Fact | Problem]:
        self._allowance.archives -= 1
        self._allowance.archive_bytes -= member.size_bytes
        try:
            if len(way) > DEPTH_LIMIT:
                raise ArchiveLimitError(f"lies more than {DEPTH_LIMIT} archives deep")
            if min(self._allowance.archives, self._allowance.archive_bytes) < 0:
                limits = f"{ARCHIVES_LIMIT:,} archives or {NESTED_LIMIT_BYTES:,} bytes"
                raise ArchiveLimitError(f"not read, nor any after it: more than {limits} lie in the outermost")
            stream = archive.open(member)
        except ArchiveError as exc:
            yield self._problem(way, exc)
            return
        with stream:
            yield from self.archive(stream, way)

    def _problem(self, way: tuple[str, ...], cause: ArchiveError) -> Problem:
        """A loss, but for a file that is called like one of the rarer archives and is none."""
        where = "!/".join((self._path, *way))
        if isinstance(cause, ArchiveLimitError):
            return Problem(ProblemCode.LIMIT_REACHED, where, str(cause), loss=True)
        rare = where.lower().endswith(SUFFIXES) and not where.lower().endswith(CERTAIN)
        return Problem(ProblemCode.EVIDENCE_UNREADABLE, where, str(cause), loss=not rare)


def _with_few_problems(path: str, found: Iterator[Fact | Problem]) -> Iterator[Fact | Problem]:
    """All facts and the first problems."""
    problems = 0
    for one in found:
        problems += isinstance(one, Problem)
        if problems <= PROBLEMS_LIMIT or not isinstance(one, Problem):
            yield one
    if problems > PROBLEMS_LIMIT:
        message = f"{problems - PROBLEMS_LIMIT:,} more members could not be read"
        yield Problem(ProblemCode.LIMIT_REACHED, path, message, loss=True)


def _archive_fact(name: str, way: tuple[str, ...], contents: Contents, stream: BinaryIO) -> ArchiveFact:
    identity = identify(name, contents.poms, contents.manifest)
    return ArchiveFact(
        coordinates=identity.coordinates,
        inner="!/".join(way),
        classifier=identity.classifier,
        from_pom=identity.from_pom,
        stated=identity.stated,
        components=identity.components,
        sha1=_sha1(stream),
        licences=contents.licences(identity.coordinates.artifact),
        vendor=(contents.manifest.get("implementation-vendor") or contents.manifest.get("bundle-vendor", ""))[:VALUE_LIMIT_CHARS],
        is_code=contents.is_code or _is_prefixed(stream),
    )


def _sha1(stream: BinaryIO) -> str:
    """Of the whole archive: what Maven's repositories, and so indexes of artifacts, go by."""
    digest = hashlib.sha1(usedforsecurity=False)
    stream.seek(0)
    while piece := stream.read(CHUNK_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _is_prefixed(stream: BinaryIO) -> bool:
    """Whether something stands before the archive: a script that runs it."""
    stream.seek(0)
    return stream.read(2) != b"PK"


def _packages(visible: VisibleFact, path: str, elsewhere: list[Coordinates], technique: Technique) -> Iterator[Package]:
    """The archive and what was shaded into it; `path` is that of the outermost archive with links resolved."""
    fact: ArchiveFact = visible.fact
    folder, archive = _place(path, fact.inner)
    own = fact.coordinates
    if elsewhere:
        own = min(elsewhere, key=lambda exact: (exact.artifact != own.artifact, exact.version != own.version, exact.name, exact.version))
    yield Package(
        type="maven",
        name=own.name,
        slot_name=f"{own.name}:{fact.classifier}" if fact.classifier else None,
        raw_version=own.version,
        root=folder,
        licences=fact.licences,
        hashes=(Hash("SHA-1", fact.sha1),),
        supplier=fact.vendor or None,
        qualifiers=(("classifier", fact.classifier),) if fact.classifier else (),
        evidence=(visible.path,),
        file=DeliveredFile((fact.inner or path).rpartition("/")[2], executable=fact.is_code or None, archive=True),
        technique=technique,
    )
    for component in fact.components:
        if component != own:
            yield Package(type="maven", name=component.name, raw_version=component.version, root=archive, evidence=(visible.path,))


def _edges(places: dict[tuple[str, str], list[Package]]) -> Iterator[Edge]:
    """From each archive to what was shaded into it, and to it from the next one around it; by path and way, an archive stands first."""
    for (path, inner), (own, *shaded) in places.items():
        outer = next((places[path, way][:1] for way in _around(inner) if (path, way) in places), [])
        for start, end in (*((one, own) for one in outer), *((own, one) for one in shaded)):
            if (start.slot, start.raw_version) != (end.slot, end.raw_version):
                yield Edge(EdgeKind.CONTAINS, start.slot, end.slot, start.raw_version, end.raw_version)


def _around(inner: str) -> Iterator[str]:
    """The ways to the archives around one, the nearest first.

    >>> list(_around("a.war!/lib/b.jar"))
    ['a.war', '']
    """
    while inner:
        inner = inner.rpartition("!/")[0]
        yield inner


def _place(path: str, inner: str) -> tuple[str, str]:
    """The root of an archive, and the root of what was shaded into it.

    >>> _place("opt/app-1.0.jar", "")
    ('opt', 'opt/app.jar')
    >>> _place("opt/app-1.0.jar", "BOOT-INF/lib/a-2.jar")
    ('opt/app.jar!/BOOT-INF/lib', 'opt/app.jar!/BOOT-INF/lib/a.jar')
    """
    steps = [step.rpartition("/") for step in (path, *inner.split("!/"))] if inner else [path.rpartition("/")]
    folder, slash, name = steps.pop()
    outer = "".join(f"{above}{cut}{without_version(archive)}!/" for above, cut, archive in steps)
    root = f"{outer}{folder}" if folder else outer.removesuffix("!/")
    return root, f"{outer}{folder}{slash}{without_version(name)}"
