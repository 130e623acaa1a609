"""The databases of rpm (see `sbomgen.rpmdb`), and the list that Mariner's distroless images have in place of one, under any root.

`Packages`, `Packages.db` or `rpmdb.sqlite` stand in `var/lib/rpm`, `usr/lib/sysimage/rpm` or `usr/share/rpm`; often one of these is a link
to another. A root's packages are those of all of its databases, each package once: which of several rpm would open is in its settings, and
an empty one that a stray `rpm -qa` made must not hide the others.

A `rpmdb.sqlite-wal` is a file of its own, in another layer perhaps: its pages are a fact, and `assemble` puts them into the tree that was
kept of the database (`sbomgen.rpmdb.sqlite`). As SQLite does, a log without a database is passed over.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from sbomgen.catalogers._databases import FilesBelow, bounded, depends_on, distro_of_database, no_distribution
from sbomgen.catalogers._fields import is_word, text_of
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, Wants
from sbomgen.model import Distro, Edge, Hash, Package, Problem, ProblemCode, SourcePackage
from sbomgen.rpmdb import Blob, Damage, RpmdbError, Tree, read_database
from sbomgen.rpmdb.header import Header, parse_header
from sbomgen.rpmdb.sqlite import merge
from sbomgen.rpmdb.wal import Log, read_log

DATABASE_LIMIT_BYTES = 512 << 20
"""A workstation with 3,000 packages has some 200 MiB; a log is as long as the largest transaction."""

MANIFEST_LIMIT_BYTES = 16 << 20
"""100 bytes a package."""

PACKAGES_LIMIT = 200_000
"""Headers of one database: all of Fedora are some 70,000."""

FILES_LIMIT_BYTES = 128 << 20
"""The lists of files of one database together: 3,000 packages have some 30 MiB."""

SIGNATURE_KEY = "gpg-pubkey"
"""The name under which rpm keeps keys among its packages."""

_LOCATION = re.compile(
    r"(?:(?P<root>.+?)/)??(?:(?:var/lib|usr/share|usr/lib/sysimage)/rpm/(?:Packages|Packages\.db|rpmdb\.sqlite(?P<log>-wal)?)"
    r"|(?P<manifest>var/lib/rpmmanifest/container-manifest-2))"
)
_SOURCE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5_BYTES = 16
_MANIFEST_FIELDS = 10
_NONE = "(none)"
_LOG_SUFFIX = "-wal"
_Row = TypeVar("_Row")


class RpmPackageFact(Fact, frozen=True, tag="package"):
    """One header, or one line of a manifest."""

    name: str
    version: str
    """`[EPOCH:]VERSION-RELEASE`; an epoch of 0 is none."""
    arch: str = ""
    source: str = ""
    """File name of the source rpm."""
    vendor: str = ""
    licence: str = ""
    homepage: str = ""
    description: str = ""
    module: str = ""
    hashes: tuple[Hash, ...] = ()
    requires: str = ""
    """One a line, without versions; what rpm asks of itself (`rpmlib(…)`) and rich dependencies (`(a if b)`) are not among them."""
    provides: str = ""
    """One a line, without versions."""
    files: bytes = b""
    """Relative paths, one a line: bytes, since file names need not be UTF-8, and a text of their own only when somebody asks."""
    number: int = 0
    """Of the header in its database."""


class RpmTreeFact(Fact, frozen=True, tag="tree"):
    """What a SQLite database is but for its packages; its damage counts only where no log mends it."""

    tree: Tree
    damage: tuple[Damage, ...] = ()


class RpmLogFact(Fact, frozen=True, tag="log"):
    """The pages that the log of a SQLite database holds."""

    log: Log


class RpmCataloger:
    """What `rpm -qa` lists, but for the keys among it."""

    name = "rpm"
    version = 1
    title = "RPM packages: Packages (Berkeley DB), Packages.db (NDB) and rpmdb.sqlite with its log, Mariner's container-manifest-2"
    emits = "rpm"
    proof = Proof.MANAGER
    wants = Wants(basenames=frozenset({"Packages", "Packages.db", "rpmdb.sqlite", "rpmdb.sqlite-wal", "container-manifest-2"}))
    fact_type: FactType = RpmPackageFact | RpmTreeFact | RpmLogFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """A fact for each header (a damaged one is a loss), what a log needs to know of its database, or the pages of a log."""
        location = _LOCATION.fullmatch(file.path)
        if not location:
            return
        with file.open(MANIFEST_LIMIT_BYTES if location["manifest"] else DATABASE_LIMIT_BYTES) as stream:
            body = stream.read()
        if location["manifest"]:
            yield from _read_manifest(file.path, body)
        elif location["log"]:
            yield from _read_log(file.path, body)
        else:
            yield from _bounded_files(file.path, _read_database(file.path, body))

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The packages of every root that has a database, and what they require of one another."""
        roots: dict[str, dict[tuple[str, str, str], tuple[RpmPackageFact, tuple[str, ...]]]] = defaultdict(dict)
        for database in _databases(view, self.name):
            root = _root_of(view, database.path)
            for found in database.current():
                if isinstance(found, Problem):
                    yield found
                else:
                    roots[root].setdefault((found.name, found.version, found.arch), (found, database.evidence))
        edges: list[Iterator[Edge | Problem]] = []
        for root, packages in roots.items():
            path = next(iter(packages.values()))[1][0]
            distro = distro_of_database(view, root, path)
            if distro is None:
                yield no_distribution(root, path)
            assembled = [(_package(root, distro, fact, evidence), fact) for fact, evidence in packages.values()]
            yield from (package for package, _ in assembled)
            edges.append(bounded(_edges(view, root, assembled), path))
        yield from chain.from_iterable(edges)


class _Database(Struct):
    """A database on a view, with its log."""

    path: str
    packages: list[RpmPackageFact]
    tree: RpmTreeFact | None = None
    log: Log | None = None

    @property
    def evidence(self) -> tuple[str, ...]:
        return (self.path, self.path + _LOG_SUFFIX) if self.tree and self.log else (self.path,)

    def current(self) -> Iterator[RpmPackageFact | Problem]:
        """The packages as rpm would list them."""
        if self.tree is None:
            yield from self.packages
        elif self.log is None:
            yield from self.packages
            yield from (_damaged(self.path, damage) for damage in self.tree.damage)
            if not self.tree.tree.root:
                yield _unreadable(self.path, "has no table Packages")
        else:
            yield from self._merged(self.tree.tree, self.log)

    def _merged(self, tree: Tree, log: Log) -> Iterator[RpmPackageFact | Problem]:
        own = {fact.number: fact for fact in self.packages}
        try:
            for row in _at_most(PACKAGES_LIMIT, merge(tree, log.pages), self.path):
                if isinstance(row, int):
                    yield from (own[row],) if row in own else ()
                elif isinstance(row, Problem):
                    yield row
                else:
                    yield from _read_header(self.path + _LOG_SUFFIX, row)
        except RpmdbError as exc:
            yield _unreadable(self.path, f"{exc} (read together with its log)")


def _read_database(path: str, body: bytes) -> Iterator[RpmPackageFact | RpmTreeFact | Problem]:
    damages: list[Damage] = []
    tree: Tree | None = None
    try:
        for found in _at_most(PACKAGES_LIMIT, read_database(body), path):
            if isinstance(found, Tree):
                tree = found
            elif isinstance(found, Damage):
                damages.append(found)
            else:
                yield from (found,) if isinstance(found, Problem) else _read_header(path, found)
    except RpmdbError as exc:
        yield _unreadable(path, str(exc))
    if tree is not None:
        yield RpmTreeFact(tree, tuple(damages))
    else:
        yield from (_damaged(path, damage) for damage in damages)


def _at_most(limit: int, rows: Iterator[_Row], path: str) -> Iterator[_Row | Problem]:
    """The rows up to the first header too many, and in its place that it is."""
    headers = 0
    for row in rows:
        headers += isinstance(row, Blob | int)
        if headers > limit:
            yield Problem(ProblemCode.LIMIT_REACHED, path, f"has more than {limit:,} headers: the others are left out", loss=True)
            return
        yield row


def _read_header(path: str, found: Blob | Damage) -> Iterator[RpmPackageFact | Problem]:
    if isinstance(found, Damage):
        yield _damaged(path, found)
        return
    try:
        header = parse_header(found.body)
        fact = _fact(header, found.number)
    except RpmdbError as exc:
        yield _damaged(path, Damage(f"header {found.number}", str(exc)))
    else:
        if fact.name != SIGNATURE_KEY:
            yield fact


def _fact(header: Header, number: int) -> RpmPackageFact:
    name, version, release = text_of(header.name), text_of(header.version), text_of(header.release)
    for what, value in (("name", name), ("version", version), ("release", release)):
        if not is_word(value):
            raise RpmdbError("", f"has no usable {what}{f' (of {name})' if is_word(name) else ''}")
    return RpmPackageFact(
        name=name,
        version=_evr(header.epoch, f"{version}-{release}"),
        arch=text_of(header.arch),
        source=text_of(header.source_rpm),
        vendor=text_of(header.vendor),
        licence=text_of(header.licence),
        homepage=text_of(header.url),
        description=text_of(header.summary).partition("\n")[0],
        module=text_of(header.module),
        hashes=tuple(_hashes(header)),
        requires=_lines(name for name in header.requires if not name.startswith((b"(", b"rpmlib("))),
        provides=_lines(header.provides),
        files=b"\n".join(header.files),
        number=number,
    )


def _evr(epoch: int | None, version: str) -> str:
    """An epoch before the version; none is 0 for rpm, and so the two are written alike.

    >>> _evr(None, "1.2-3"), _evr(0, "1.2-3"), _evr(1, "1.2-3")
    ('1.2-3', '1.2-3', '1:1.2-3')
    """
    return f"{epoch}:{version}" if epoch else version


def _hashes(header: Header) -> Iterator[Hash]:
    if len(header.md5) == _MD5_BYTES:
        yield Hash("MD5", header.md5.hex())
    sha256 = text_of(header.sha256)
    if _SHA256.fullmatch(sha256):
        yield Hash("SHA-256", sha256)


def _lines(names: Iterable[bytes]) -> str:
    return text_of(b"\n".join(name for name in names if b"\n" not in name))


def _bounded_files(path: str, facts: Iterator[RpmPackageFact | RpmTreeFact | Problem]) -> Iterator[Fact | Problem]:
    """The same, without lists of files beyond `FILES_LIMIT_BYTES`: a header can name one long folder for each of its files."""
    from msgspec.structs import replace

    left_bytes = FILES_LIMIT_BYTES
    for fact in facts:
        if isinstance(fact, RpmPackageFact) and fact.files:
            if len(fact.files) > left_bytes:
                message = f"has lists of files with more than {FILES_LIMIT_BYTES:,} bytes: that of {fact.name} is left out"
                yield Problem(ProblemCode.LIMIT_REACHED, path, message, loss=False)
                yield replace(fact, files=b"")
                continue
            left_bytes -= len(fact.files)
        yield fact


def _read_log(path: str, body: bytes) -> Iterator[RpmLogFact | Problem]:
    try:
        log = read_log(body)
    except RpmdbError as exc:
        yield Problem(ProblemCode.EVIDENCE_UNREADABLE, path, f"{exc}: passed over, as SQLite does", loss=False)
    else:
        if log is not None:
            yield RpmLogFact(log)


def _read_manifest(path: str, body: bytes) -> Iterator[RpmPackageFact | Problem]:
    """Lines of `NAME VERSION-RELEASE INSTALLTIME BUILDTIME VENDOR EPOCH SIZE ARCH EPOCHNUM SOURCERPM`, parted by tabs."""
    for number, line in enumerate(text_of(body).split("\n"), start=1):
        if not line.strip():
            continue
        fields = ["" if field == _NONE else field for field in line.rstrip("\r").split("\t")]
        if len(fields) != _MANIFEST_FIELDS or not is_word(fields[0]) or not is_word(fields[1]):
            message = f"no name, version and {_MANIFEST_FIELDS - 2} more fields parted by tabs: skipped"
            yield Problem(ProblemCode.BAD_RECORD, f"{path}: line {number}", message, loss=True)
        elif fields[0] != SIGNATURE_KEY:
            name, version, _, _, vendor, _, _, arch, epoch, source = fields
            version = f"{epoch}:{version}" if epoch.strip("0").isdecimal() else version
            yield RpmPackageFact(name=name, version=version, arch=arch, source=source, vendor=vendor)


def _damaged(path: str, damage: Damage) -> Problem:
    where = f"{path}: {damage.where}" if damage.where else path
    return Problem(ProblemCode.BAD_RECORD, where, damage.message, loss=True)


def _unreadable(path: str, message: str) -> Problem:
    return Problem(ProblemCode.EVIDENCE_UNREADABLE, path, f"the package database {message}", loss=True)


def _databases(view: ImageView, cataloger: str) -> Iterable[_Database]:
    """The databases on a view; one that is reached by several names is one."""
    databases: dict[str, _Database] = {}
    for visible in view.facts(cataloger):
        path = (view.resolve(visible.path) or visible.path).removesuffix(_LOG_SUFFIX)
        database = databases.setdefault(path, _Database(path, []))
        if isinstance(visible.fact, RpmPackageFact):
            database.packages.append(visible.fact)
        elif isinstance(visible.fact, RpmTreeFact):
            database.tree = visible.fact
        else:
            database.log = visible.fact.log
    return databases.values()


def _root_of(view: ImageView, path: str) -> str:
    """Whose database it is; one that a linked folder keeps elsewhere is that of the root around it."""
    location = _LOCATION.fullmatch(path)
    return location["root"] or "" if location else view.root_of(path)


def _edges(view: ImageView, root: str, packages: list[tuple[Package, RpmPackageFact]]) -> Iterator[Edge]:
    """To every package that provides a required name or delivers a required file; versions are not compared, rpm has seen to them."""
    providers: dict[str, list[str]] = defaultdict(list)
    for package, fact in packages:
        for capability in dict.fromkeys((fact.name, *fact.provides.split("\n"))):
            providers[capability].append(package.slot)
    required = [(package.slot, [name for name in fact.requires.split("\n") if name]) for package, fact in packages]
    for path, slots in _owners(view, root, {name for _, names in required for name in names if name.startswith("/")}, packages).items():
        providers[path].extend(slot for slot in slots if slot not in providers[path])
    for slot, names in required:
        yield from depends_on(slot, dict.fromkeys(provider for name in names for provider in providers.get(name, ())))


def _owners(view: ImageView, root: str, paths: set[str], packages: list[tuple[Package, RpmPackageFact]]) -> dict[str, list[str]]:
    """The slots of the packages that deliver each path; the links of its folder are followed, for `/bin/sh` is `/usr/bin/sh` today."""
    folder_of = cache(view.resolve)

    def located(path: str) -> str:
        folder, _, name = path.rpartition("/")
        return f"{folder_of(folder) or folder}/{name}"

    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        places[located(f"{root}{path}".lstrip("/"))].append(path)
    names = {path.rpartition("/")[2] for path in paths}
    owners: dict[str, list[str]] = defaultdict(list)
    for package, _ in packages:
        for owned in package.owned_files:
            if owned.rpartition("/")[2] in names:
                for path in places.get(located(owned), ()):
                    owners[path].append(package.slot)
    return owners


def _package(root: str, distro: Distro | None, fact: RpmPackageFact, evidence: tuple[str, ...]) -> Package:
    source = _SOURCE.fullmatch(fact.source)
    return Package(
        type="rpm",
        name=fact.name,
        raw_version=fact.version,
        arch=fact.arch or None,
        root=root,
        distro=distro,
        source=SourcePackage(source["name"], source["version"]) if source else None,
        licences=(fact.licence,) if fact.licence else (),
        hashes=fact.hashes,
        supplier=fact.vendor or None,
        homepage=fact.homepage or None,
        description=fact.description or None,
        qualifiers=(("rpmmod", fact.module),) if fact.module else (),
        owned_files=FilesBelow(root, fact.files),
        evidence=evidence,
    )
