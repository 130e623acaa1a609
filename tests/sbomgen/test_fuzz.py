"""Damaged images whose digests fit: no error but our own, in bounded time and memory, and documents that are still documents.

The suite runs a fixed part; `make long SEED=7 COUNT=100000` runs as many as asked for, from another beginning. A failure names the seed
that `damaged` needs to do it again.
"""

import os
import resource
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import msgspec
import pytest

from sbomgen.catalogers import CATALOGERS
from sbomgen.documents import WRITERS
from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.layers import layers_json, layers_table
from sbomgen.errors import SbomgenError
from sbomgen.inventory import Inventory
from sbomgen.scan import ScanOptions, scan_image
from tests.sbomgen.fuzzing import damaged, evidence, image_of, with_checksums
from tests.support.images import LayerSpec, file, files, hardlink, opaque, symlink, whiteout
from tests.support.sparse import sparse_tar

SEED = int(os.environ.get("SBOMPAIR_SEED", "1"))
COUNT = int(os.environ.get("SBOMPAIR_COUNT", "20000"))

SLOW_S = 10.0
"""For an image of 60 KB: far more than the slowest takes, far less than a loop without an end."""

MEMORY_BYTES = 256 << 20
"""That a long run may grow by: what damaged sizes made a parser ask for would be far more."""

Damage = Callable[[Random], tuple[bytes, ...]]
"""The tars of an image's layers."""


@cache
def bodies() -> dict[str, bytes]:
    return evidence()


@cache
def whole() -> tuple[bytes, ...]:
    """A layer with all the evidence, and one with everything that a layer can do to the one below."""
    changes = (
        whiteout("usr/bin/go"), opaque("app"), symlink("lib64", "usr/lib"), hardlink("copy/lib/apk/db/installed", "store/x"),
        file("store/x", bodies()["lib/apk/db/installed"]), file("lib64/y", "y"), file("n" * 300, "long"), symlink("a", "b"),
        symlink("b", "a"), file("a/x", "behind a loop"),
    )  # fmt: skip
    return LayerSpec(files(bodies())).tar, LayerSpec(changes).tar


def one_file(random: Random) -> tuple[bytes, ...]:
    """One file of evidence is damaged, the tar is not."""
    path = random.choice(sorted(bodies()))
    return LayerSpec(files(bodies() | {path: damaged(bodies()[path], random)})).tar, whole()[1]


def the_tar(random: Random) -> tuple[bytes, ...]:
    """Headers and bodies of either layer are damaged; the checksums of most headers hold."""
    tars = list(whole())
    number = random.randrange(2)
    spoilt = damaged(tars[number], random)
    tars[number] = with_checksums(spoilt, tars[number]) if random.randrange(4) else spoilt
    return tuple(tars)


@cache
def sparse() -> bytes:
    return sparse_tar({path[-100:]: body for path, body in bodies().items()})


def a_sparse_tar(random: Random) -> tuple[bytes, ...]:
    """All files are sparse, and the tar is damaged as above."""
    return with_checksums(damaged(sparse(), random), sparse()), whole()[1]


def documents_of(inventory: Inventory) -> Iterator[tuple[str, bytes]]:
    options = WriteOptions(tool_version="0", all_layers=True)
    for writer in WRITERS:
        yield writer.suffix, writer.write(inventory, options)
    yield ".json", layers_json(inventory)
    yield ".txt", layers_table(inventory)


def survive(damage: Damage, seed: int) -> bool:
    """Scan one damaged image and write every document; whether it could be read."""
    began = time.monotonic()
    try:
        inventory = scan_image(image_of(*damage(Random(seed))), ScanOptions(threads=1))
    except SbomgenError:
        return False
    for suffix, document in documents_of(inventory):
        if suffix.endswith(".json"):
            msgspec.json.decode(document)
        elif suffix.endswith(".xml"):
            ET.fromstring(document)
        else:
            document.decode()
    assert time.monotonic() - began < SLOW_S, f"seed {seed} is slow"
    return True


def test_the_whole_image_has_something_for_every_cataloger() -> None:
    inventory = scan_image(image_of(*whole()))
    assert {found.cataloger for found in inventory.packages} | {"os-release"} == {cataloger.name for cataloger in CATALOGERS}
    assert not [problem for problem in inventory.problems if problem.loss]
    of_sparse = scan_image(image_of(sparse(), whole()[1]))
    assert [found.ref for found in of_sparse.packages] == [found.ref for found in inventory.packages]


@pytest.mark.parametrize("damage", [one_file, the_tar, a_sparse_tar])
def test_a_damaged_image_raises_nothing_but_our_errors(damage: Damage) -> None:
    outcomes = [survive(damage, seed) for seed in range(60)]
    assert sum(outcomes) > 30


@pytest.mark.long
@pytest.mark.parametrize("damage", [one_file, the_tar, a_sparse_tar])
def test_many_damaged_images_raise_nothing_but_our_errors(damage: Damage) -> None:
    survive(damage, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = [survive(damage, SEED * 1_000_000_007 + number) for number in range(COUNT)]
    grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    print(f"{damage.__name__}: seed {SEED}, {COUNT:,} images, {sum(outcomes):,} of them read, {grown_bytes >> 20} MiB more at the most")
    assert grown_bytes < MEMORY_BYTES
