"""`python -m tests.benchmarks.archives FEEDS ARCHIVE PRODUCTS RELEASES COPIES`: an archive as it would be after adding so many documents.

SBOMs as an organisation has them: products with many releases, on shared bases, by three producers; for the archive's figures.

A release differs from the one before in few components. Most packages are in no feed; popular ones are in many products.
"""

import random
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import msgspec

from sbommatch.archive.add import Meta, add
from sbommatch.archive.archive import open_archive
from sbommatch.archive.documents import stats
from sbommatch.archive.extract import Extractor, Source
from sbommatch.archive.model import Coordinate, Extract, Facts, Refusal
from sbommatch.archive.reader import open_reader
from sbommatch.store.open import open_database
from sbommatch.store.queries import packages_of

COMPONENTS = 245
"""Of a document, on average."""

CHANGED = 0.035
"""Of the components, from release to release."""

LANGUAGES = ("npm", "pypi", "golang", "cargo", "composer", "gem")
BASES = (
    *(("apk", "alpine", f"alpine-3.{minor}.0") for minor in (8, 9, 10, 11, 18, 20)),
    *(("rpm", "almalinux", f"almalinux-{major}") for major in ("8.9", "9.3")),
    *(("deb", "debian", f"debian-{major}") for major in (11, 12)),
)
PRODUCERS = ("trivy", "syft", "sbomgen")
NAMESPACE_OF_BASE = {
    **{f"alpine-3.{minor}.0": f"alpine:3.{minor}" for minor in (8, 9, 10, 11)},
    **{f"almalinux-{release}": f"almalinux:{release[0]}" for release in ("8.9", "9.3")},
}
"""Those of the bases that the real feeds at hand speak for."""


class Package(msgspec.Struct, frozen=True):
    """A package in one version."""

    name: str
    version: str
    purl: str


class Made:
    """A world of packages, and the products made of them; the same seed makes the same."""

    def __init__(self, known: Sequence[tuple[str, str]], seed: int = 1) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._known: dict[str, list[str]] = {}
        for namespace, name in sorted(known):
            self._known.setdefault(namespace, []).append(name)
        self.packages: list[Package] = []
        self._numbers: dict[tuple[str, str, str], int] = {}

    def releases(self, products: int, each: int) -> Iterator[tuple[str, str, str, list[int]]]:
        """Producer, product, version, and the numbers of the packages, of so many products with so many releases each."""
        for product in range(products):
            self._random.seed(f"{self._seed} {product}")
            producer = PRODUCERS[product % len(PRODUCERS)]
            chosen = self._product()
            for release in range(each):
                if release:
                    chosen = [self._later(slot) if self._random.random() < CHANGED else slot for slot in chosen]
                yield producer, f"team{product % 17}/product{product}", f"1.{release}.0", [self._number(*slot) for slot in chosen]

    def _product(self) -> list[tuple[str, str, int]]:
        size = max(int(self._random.gauss(COMPONENTS, COMPONENTS / 3)), 20)
        base = self._random.choice(BASES)
        language = self._random.choice(LANGUAGES)
        slots = {(base[2], self._name(base[2], rank), self._random.randrange(6)) for rank in range(size // 3)}
        while len(slots) < size:
            rank = int(self._random.paretovariate(0.35)) % 90_000
            slots.add((language, self._name(language, rank), self._random.randrange(90)))
        return sorted(slots)

    def _name(self, place: str, rank: int) -> str:
        """Every fourth of a place's packages is one that a feed knows."""
        known = self._known.get(NAMESPACE_OF_BASE.get(place, place), [])
        if known and rank % 4 == 0:
            return known[(rank // 4 * 7919) % len(known)]
        return f"example.com/m/p{rank}" if place == "golang" else f"vendor/p{rank}" if place == "composer" else f"p{rank}"

    def _later(self, slot: tuple[str, str, int]) -> tuple[str, str, int]:
        return (slot[0], slot[1], slot[2] + 1)

    def _number(self, place: str, name: str, version: int) -> int:
        key = (place, name, str(version))
        if key not in self._numbers:
            self._numbers[key] = len(self.packages)
            self.packages.append(_package(place, name, version))
        return self._numbers[key]

    def document(self, producer: str, product: str, version: str, numbers: Sequence[int]) -> bytes:
        """The document in CycloneDX JSON."""
        head = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "metadata": {
                "tools": {"components": [{"type": "application", "name": producer, "version": "1.0.0"}]},
                "component": {"bom-ref": "it", "type": "container", "name": product, "version": version},
            },
        }
        packages = [self.packages[number] for number in numbers]
        refs = [_ref(producer, f"{product} {version} {place}", package) for place, package in enumerate(packages)]
        components = ",".join(_component(producer, ref, package) for ref, package in zip(refs, packages, strict=True))
        graph = msgspec.json.encode([{"ref": ref, "dependsOn": refs[place + 1 : place + 3]} for place, ref in enumerate(refs)])
        return msgspec.json.encode(head)[:-1] + f',"components":[{components}],"dependencies":'.encode() + graph + b"}"


def _package(place: str, name: str, version: int) -> Package:
    number = int.from_bytes(sha256(name.encode()).digest()[:2])
    stated = f"{number % 5}.{version // 4}.{version % 4 * 3 + number % 3}"
    if place in LANGUAGES:
        stated = f"v{stated}" if place == "golang" else stated
        return Package(name, stated, f"pkg:{place}/{name.replace('@', '%40')}@{stated}")
    kind, vendor, release = next(base for base in BASES if base[2] == place)
    stated += {"apk": "-r1", "rpm": "-4.el9", "deb": "-2+deb12u1"}[kind]
    return Package(name, stated, f"pkg:{kind}/{vendor}/{name}@{stated.replace('+', '%2B')}?arch=x86_64&distro={release}")


def _component(producer: str, ref: str, package: Package) -> str:
    """As its producer writes it, at some 1.5 kB, the least of what Syft, Trivy and sbomgen write (2.4, 2.5 and 5 kB)."""
    name, version, purl = package.name, package.version, package.purl
    diff_id, path = f"sha256:{'ab' * 32}", f"/usr/lib/{name}/metadata"
    digest = sha256(purl.encode()).hexdigest()
    if producer == "trivy":
        stated = [
            *(("LayerDiffID", diff_id), ("LayerDigest", diff_id), ("PkgID", f"{name}@{version}"), ("PkgType", "any"), ("FilePath", path)),
            *(("SrcName", name), ("SrcVersion", version), ("SrcEpoch", "0")),
        ]
        of_producer = _properties((f"aquasecurity:trivy:{key}", value) for key, value in stated)
    elif producer == "syft":
        short = name.rpartition("/")[2]
        cpes = [
            f"cpe:2.3:a:{vendor}:{short}:{version}:*:*:*:*:*:*:*"
            for vendor in (short, f"{short}-project", f"{short}_project", f"python-{short}")
        ]
        stated = [("foundBy", "cataloger"), ("language", "any"), ("type", "any"), ("metadataType", "any-db-entry")]
        of_producer = f'"cpe":"{cpes[0]}",' + _properties([
            *((f"syft:package:{key}", value) for key, value in stated), *(("syft:cpe23", cpe) for cpe in cpes[1:]),
            ("syft:location:0:layerID", diff_id), ("syft:location:0:path", path), ("syft:location:1:layerID", diff_id),
            ("syft:location:1:path", f"{path}.list"), ("syft:metadata:installedSize", "1234567"),
        ])  # fmt: skip
    else:
        layer = [("index", "0"), ("diff_id", diff_id), ("digest", diff_id), ("created_by", "RUN /bin/sh -c install && clean # buildkit")]
        of_producer = _properties(
            [*((f"sbomgen:layer:{key}", value) for key, value in layer), ("sbomgen:history", f"introduced 0 {version}")]
        )
        of_producer += f',"evidence":{{"occurrences":[{{"location":"{path}","additionalContext":"{diff_id}"}}]}}'
    common = f'"supplier":{{"name":"The {name} maintainers"}},"hashes":[{{"alg":"SHA-256","content":"{digest}"}}],{LICENCE}'
    return f'{{"bom-ref":"{ref}","type":"library","name":"{name}","version":"{version}","purl":"{purl}",{common},{of_producer}}}'


LICENCE = '"licenses":[{"license":{"id":"Apache-2.0"}},{"license":{"name":"see the file COPYING of the source package"}}]'


def _ref(producer: str, unique: str, package: Package) -> str:
    """Trivy's are random, others' are made of the PURL."""
    digest = sha256(unique.encode())
    return str(UUID(bytes=digest.digest()[:16])) if producer == "trivy" else f"{package.purl}&package-id={digest.hexdigest()[:16]}"


def _properties(properties: Iterable[tuple[str, str]]) -> str:
    listed = ",".join(f'{{"name":"{name}","value":"{value}"}}' for name, value in properties)
    return f'"properties":[{listed}]'


def extracts(made: Made, products: int, each: int, copies: int) -> Iterator[Extract]:
    """What would be extracted of the documents, without their contents: each distinct component is read once, for each producer.

    Of each release there are so many documents, as of images that were built from it.
    """
    releases = list(made.releases(products, each))
    extractor = Extractor()
    numbers: dict[str, array[int]] = {}
    facts: Facts | None = None
    fresh: list[Coordinate] = []
    for producer in PRODUCERS:
        found = extractor.extract(Source("made", data=made.document(producer, "all", "1", range(len(made.packages)))))
        assert not isinstance(found, Refusal)
        numbers[producer] = array("i", found.coordinates)
        facts, fresh = found.facts, [*fresh, *found.fresh]
    assert facts is not None
    for producer, product, version, chosen, copy in ((*release, copy) for copy in range(copies) for release in releases):
        name = f"{product} {version} {copy}"
        stated = msgspec.structs.replace(
            facts,
            path=f"{product}/{version}-{copy}.cdx.json",
            sha256=sha256(name.encode()).hexdigest(),
            subject_name=product,
            subject_version=version,
            producer=f"{producer} 1.0.0",
        )
        yield Extract(
            facts=stated,
            positions=array("i", range(len(chosen))).tobytes(),
            coordinates=array("i", (numbers[producer][number] for number in chosen)).tobytes(),
            hidden=bytes(len(chosen)),
            counted=b"\1" * len(chosen),
            owners={},
            fresh=tuple(fresh),
            blob=b"",
            problems=(),
        )
        fresh = []


def known_packages(feeds: Path) -> list[tuple[str, str]]:
    """What the feeds speak of, of all that products are made of."""
    with open_database(feeds) as database:
        return packages_of(database, [*LANGUAGES, *NAMESPACE_OF_BASE.values()])


def write_documents(feeds: Path, folder: Path, products: int, each: int) -> int:
    """The documents themselves, as files; gives their bytes."""
    made = Made(known_packages(feeds))
    size_bytes = 0
    for producer, product, version, numbers in made.releases(products, each):
        data = made.document(producer, product, version, numbers)
        (folder / f"{product.replace('/', '-')}-{version}.cdx.json").write_bytes(data)
        size_bytes += len(data)
    return size_bytes


def main() -> None:
    """Writes the archive, and says how many bytes it has for an occurrence, beside the documents."""
    feeds, path, products, each, copies = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:6])
    with open_archive(path, make=True) as archive:
        answers = ((0, one) for one in extracts(Made(known_packages(feeds)), products, each, copies))
        add(archive, answers, Meta(labels={"env": "prod"}), lambda _: None)
        with open_reader(archive) as reader:
            counts = stats(reader)
    print(counts.occurrences, counts.coordinates, counts.bytes_per_occurrence)


if __name__ == "__main__":
    main()
