"""Rust crates in executables: what cargo-auditable puts into the section `.dep-v0`, a zlib stream of JSON.

Listed is what was compiled in, the program itself among it; crates that only the build needed are not. The dependencies are cargo's own
graph. One executable may hold several versions of a crate, as long as they are not compatible with one another: the highest has the
crate's slot, and the slots of the others say which compatible range they are (`bitflags@1`), so that an upgrade of either is an upgrade.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from sbomgen.catalogers._executables import (
    CARGO_AUDITABLE,
    EXECUTABLE_LIMIT_BYTES,
    EXECUTABLE_MAGIC,
    bytes_of,
    delivered_executable,
    executable_of,
)
from sbomgen.decoders import json_decoder
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Edge, EdgeKind, Package, Problem, ProblemCode, Technique

SECTION_LIMIT_BYTES = 1 << 20
"""Compressed; of 1,000 crates some 10 KiB."""

JSON_LIMIT_BYTES = 2 << 20
"""Unpacked; of 1,000 crates some 150 KiB."""

CRATES_LIMIT = 20_000
"""Of one executable; the largest known have some 1,000, and a made-up one could have forty in a byte."""

EDGES_LIMIT = 100_000
"""Dependencies in one executable; the largest known have some 5,000."""

_NUMBERS = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})(-?)")


class _Listed(msgspec.Struct):
    """A package as cargo-auditable's JSON schema has it."""

    name: str
    version: str
    source: str = ""
    """`crates.io`, `git`, `local`, `registry` or something else."""
    kind: str = "runtime"
    """`runtime` or `build`."""
    dependencies: tuple[int, ...] = ()
    """Positions in the list."""
    root: bool = False


class _Document(msgspec.Struct):
    packages: tuple[_Listed, ...]


class Crate(msgspec.Struct, frozen=True, array_like=True):
    """A crate that was compiled in."""

    name: str
    version: str
    dependencies: tuple[int, ...] = ()
    """Positions in the executable's list."""
    root: bool = False
    """It is the program itself."""


class RustFact(Fact, frozen=True):
    """The crates of one executable, in the order of their list."""

    crates: tuple[Crate, ...]


class RustCataloger:
    """What `rust-audit-info` shows of an executable, without the crates that only its build needed."""

    name = "rust"
    version = 3
    title = "Rust crates: the list that cargo-auditable puts into executables"
    emits = "cargo"
    proof = Proof.FILES
    wants = Wants(magic=EXECUTABLE_MAGIC)
    fact_type: FactType = RustFact

    def read(self, file: EvidenceFile) -> Iterator[RustFact | Problem]:
        """The list; a damaged one, or a crate in it without a name, is a loss."""
        executable = executable_of(file)
        section = executable.sections.get(CARGO_AUDITABLE) if executable else None
        if section is None:
            return
        with file.open(EXECUTABLE_LIMIT_BYTES) as stream:
            body = bytes_of(file, stream).at(section.offset, min(section.size_bytes, SECTION_LIMIT_BYTES))
        try:
            listed = json_decoder(_Document).decode(_decompressed(body)).packages
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, EOFError) as exc:
            message = f"the list of cargo-auditable cannot be read, its crates are not listed: {exc}"
            yield Problem(ProblemCode.BAD_RECORD, file.path, message, loss=True)
        else:
            yield from _facts(file.path, listed)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The crates of each executable, which is their root, and what they depend on."""
        edges: dict[Edge, None] = {}
        for visible in view.facts(self.name):
            packages = list(_packages(visible))
            yield from packages
            edges.update(dict.fromkeys(_edges(visible.fact.crates, packages)))
        yield from edges


def _decompressed(body: bytes) -> bytes:
    """The whole of the stream; what follows it in the section is padding."""
    stream = zlib.decompressobj()
    text = stream.decompress(body, JSON_LIMIT_BYTES)
    if not stream.eof:
        msg = f"it does not end, or has more than {JSON_LIMIT_BYTES:,} bytes"
        raise EOFError(msg)
    return text


def _facts(path: str, listed: Sequence[_Listed]) -> Iterator[RustFact | Problem]:
    compiled_in = [index for index, package in enumerate(listed) if package.kind != "build" and _is_named(package)]
    if len(compiled_in) > CRATES_LIMIT:
        yield Problem(ProblemCode.LIMIT_REACHED, path, f"more than {CRATES_LIMIT:,} crates: the others are left out", loss=True)
    places = {index: place for place, index in enumerate(compiled_in[:CRATES_LIMIT])}
    left = EDGES_LIMIT
    crates = []
    for package in (listed[index] for index in places):
        dependencies = [places[index] for index in package.dependencies[:left] if index in places]
        left -= len(package.dependencies[:left])
        crates.append(Crate(package.name, package.version, tuple(dependencies), package.root))
    if len(compiled_in) < sum(package.kind != "build" for package in listed):
        yield Problem(ProblemCode.BAD_RECORD, path, "crates without a usable name or version: skipped", loss=True)
    if not left:
        message = f"more than {EDGES_LIMIT:,} dependencies: the others are left out"
        yield Problem(ProblemCode.LIMIT_REACHED, path, message, loss=False)
    yield RustFact(tuple(crates))


def _is_named(package: _Listed) -> bool:
    return all(text.split() == [text] for text in (package.name, package.version))


def _packages(visible: VisibleFact) -> Iterator[Package]:
    """A package for each crate, in their order."""
    versions: dict[str, set[str]] = defaultdict(set)
    for crate in visible.fact.crates:
        versions[crate.name].add(crate.version)
    highest = {name: max(found, key=_precedence) for name, found in versions.items()}
    for crate in visible.fact.crates:
        yield Package(
            type="cargo",
            name=crate.name,
            slot_name=None if crate.version == highest[crate.name] else f"{crate.name}@{_compatible(crate.version)}",
            raw_version=crate.version,
            root=visible.path,
            evidence=(visible.path,),
            file=delivered_executable(visible.path) if crate.root else None,
            technique=Technique.BINARY_ANALYSIS,
        )


def _precedence(version: str) -> tuple[tuple[int, ...], bool, str]:
    """An order in which no release comes before another of a lower range; of pre-releases any will do, but always the same."""
    numbers = _NUMBERS.match(version)
    return (tuple(map(int, numbers.groups()[:3])), not numbers[4], version) if numbers else ((), False, version)


def _compatible(version: str) -> str:
    """What cargo takes for compatible: the numbers up to the first that is not 0.

    >>> _compatible("1.3.2"), _compatible("0.14.5"), _compatible("0.0.3-alpha")
    ('1', '0.14', '0.0.3')
    """
    numbers = _NUMBERS.match(version)
    if numbers is None:
        return version
    major, minor, patch = numbers.groups()[:3]
    return major if major != "0" else f"0.{minor}" if minor != "0" else f"0.0.{patch}"


def _edges(crates: Sequence[Crate], packages: Sequence[Package]) -> Iterator[Edge]:
    for crate, package in zip(crates, packages, strict=True):
        for index in crate.dependencies:
            if index < len(packages) and packages[index].slot != package.slot:
                yield Edge(EdgeKind.DEPENDS_ON, package.slot, packages[index].slot)
