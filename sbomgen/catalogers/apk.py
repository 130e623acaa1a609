"""Alpine's package database (apk-tools, apk-installed(5)): `lib/apk/db/installed` under any root.

One stanza a package, one letter a field: `P:` name, `V:` version, `A:` architecture, `o:` origin (the source package), `C:` checksum,
`D:` dependencies, `p:` what it provides, `F:` a folder, `R:` a file in the folder before it. A stanza ends with an empty line.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from sbomgen.catalogers._databases import FilesBelow, bounded, depends_on, distro_of_database, no_distribution
from sbomgen.catalogers._fields import is_word, text_of
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Distro, Edge, Hash, Package, Problem, ProblemCode, SourcePackage

DATABASE_LIMIT_BYTES = 128 << 20
"""An installation of all of Alpine's packages lists about 60 MiB."""

_LOCATION = re.compile(r"(?:(?P<root>.+?)/)??(?:usr/)?lib/apk/db/installed")
_CAPABILITY = re.compile(r"[^!<>=~@\s][^<>=~@\s]*")
_CHECKSUMS = {(b"Q1", 20): "SHA-1", (b"Q2", 32): "SHA-256"}
"""How apk-tools marks a digest, and its length in bytes."""


class ApkFact(Fact, frozen=True):
    """One stanza of the database."""

    name: str
    version: str
    arch: str = ""
    origin: str = ""
    licence: str = ""
    homepage: str = ""
    description: str = ""
    maintainer: str = ""
    hashes: tuple[Hash, ...] = ()
    depends: str = ""
    """Blank-separated: `so:libc.musl-x86_64.so.1 busybox>=1.36 !conflict`."""
    provides: str = ""
    files: bytes = b""
    """Relative paths, one a line: bytes, since file names need not be UTF-8, and a text of their own only when somebody asks."""


class ApkCataloger:
    """What `apk info -v` lists: every stanza that has a name and a version; of several with one name the last."""

    name = "apk"
    version = 1
    title = "Alpine packages: lib/apk/db/installed"
    emits = "apk"
    proof = Proof.MANAGER
    wants = Wants(basenames=frozenset({"installed"}))
    fact_type: FactType = ApkFact

    def read(self, file: EvidenceFile) -> Iterator[ApkFact | Problem]:
        """The stanzas in the file's order; one without name or version is a loss, a line that is no field a note."""
        if not _LOCATION.fullmatch(file.path):
            return
        with file.open(DATABASE_LIMIT_BYTES) as stream:
            lines = stream.read().split(b"\n")
        stanza = _Stanza()
        for number, line in enumerate(lines, start=1):
            if line.rstrip():
                stanza.add(number, line.removesuffix(b"\r"))
            elif stanza.first_line:
                yield from stanza.facts(file.path)
                stanza = _Stanza()
        if stanza.first_line:
            yield from stanza.facts(file.path)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The packages of every root that has a database, and what they depend on among themselves."""
        roots: dict[str, dict[tuple[str, str], VisibleFact]] = defaultdict(dict)
        for visible in view.facts(self.name):
            packages, key = roots[_root_of(visible.path)], (visible.fact.name, visible.fact.arch)
            if key not in packages or visible.layer >= packages[key].layer:
                packages[key] = visible
        edges: list[Iterator[Edge | Problem]] = []
        for root, packages in roots.items():
            path = next(iter(packages.values())).path
            distro = distro_of_database(view, root, path)
            if distro is None:
                yield no_distribution(root, path)
            assembled = [(_package(root, distro, found), found.fact) for found in packages.values()]
            yield from (package for package, _ in assembled)
            edges.append(bounded(_edges(assembled), path))
        yield from chain.from_iterable(edges)


class _Stanza:
    """A stanza while its lines come in."""

    def __init__(self) -> None:
        self.first_line = 0
        self.bad_line = 0
        self.fields: dict[bytes, bytes] = {}
        self.files: list[bytes] = []
        self._folder = b""

    def add(self, number: int, line: bytes) -> None:
        self.first_line = self.first_line or number
        tag, value = line[:2], line[2:]
        if tag == b"R:":
            self.files.append(self._folder + value)
        elif tag == b"F:":
            self._folder = value + b"/" if value else b""
        elif tag[1:] == b":":
            self.fields[tag] = value
        else:
            self.bad_line = self.bad_line or number

    def facts(self, path: str) -> Iterator[ApkFact | Problem]:
        name, version = self._text(b"P:"), self._text(b"V:")
        if is_word(name) and is_word(version):
            yield self._fact(name, version)
            if self.bad_line:
                yield Problem(ProblemCode.BAD_RECORD, f"{path}: line {self.bad_line}", f"{name}: a line that is no field", loss=False)
        else:
            missing = f"version (V:) of {name}" if is_word(name) else "name (P:)"
            where = f"{path}: line {self.first_line}"
            yield Problem(ProblemCode.BAD_RECORD, where, f"stanza without a usable {missing}: skipped", loss=True)

    def _fact(self, name: str, version: str) -> ApkFact:
        return ApkFact(
            name=name,
            version=version,
            arch=self._text(b"A:"),
            origin=self._text(b"o:"),
            licence=self._text(b"L:"),
            homepage=self._text(b"U:"),
            description=self._text(b"T:"),
            maintainer=self._text(b"m:"),
            hashes=_hashes(self.fields.get(b"C:", b"")),
            depends=self._text(b"D:"),
            provides=self._text(b"p:"),
            files=b"\n".join(self.files),
        )

    def _text(self, tag: bytes) -> str:
        return text_of(self.fields.get(tag, b"")).strip()


def _hashes(checksum: bytes) -> tuple[Hash, ...]:
    """The digest of the package's control part: `Q1` and base64 of a SHA-1, or `Q2` of a SHA-256.

    >>> _hashes(b"Q1YCAH7jdO2W816b85sUh9Z8av4Cc=")[0].value
    '602007ee374ed96f35e9bf39b1487d67c6afe027'
    """
    try:
        digest = a2b_base64(checksum[2:])
    except Base64Error:
        return ()
    algorithm = _CHECKSUMS.get((checksum[:2], len(digest)))
    return (Hash(algorithm, digest.hex()),) if algorithm else ()


def _root_of(path: str) -> str:
    location = _LOCATION.fullmatch(path)
    return location["root"] or "" if location else ""


def _edges(packages: list[tuple[Package, ApkFact]]) -> Iterator[Edge]:
    providers: dict[str, list[str]] = defaultdict(list)
    for package, fact in packages:
        for capability in {fact.name, *_capabilities(fact.provides)}:
            providers[capability].append(package.slot)
    for package, fact in packages:
        for capability in dict.fromkeys(_capabilities(fact.depends)):
            yield from depends_on(package.slot, providers.get(capability, ()))


def _capabilities(text: str) -> Iterator[str]:
    """The names in a list of dependencies or provisions, without versions and repository tags; conflicts (`!name`) are none.

    >>> list(_capabilities("so:libc.musl.so.1=1 !uclibc busybox>=1.3 py3~3.12 /bin/sh a@edge"))
    ['so:libc.musl.so.1', 'busybox', 'py3', '/bin/sh', 'a']
    """
    for token in text.split():
        capability = _CAPABILITY.match(token)
        if capability:
            yield capability[0]


def _package(root: str, distro: Distro | None, visible: VisibleFact) -> Package:
    fact: ApkFact = visible.fact
    return Package(
        type="apk",
        name=fact.name,
        raw_version=fact.version,
        arch=fact.arch or None,
        root=root,
        distro=distro,
        source=SourcePackage(fact.origin) if fact.origin else None,
        licences=(fact.licence,) if fact.licence else (),
        hashes=fact.hashes,
        supplier=fact.maintainer or None,
        homepage=fact.homepage or None,
        description=fact.description or None,
        owned_files=FilesBelow(root, fact.files),
        evidence=(visible.path,),
    )
