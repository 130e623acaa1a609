"""What is measured of layers in processes of their own.

python -m tests.benchmarks.layers read LAYOUT    read the layers of an OCI layout, one after another, with all catalogers
python -m tests.benchmarks.layers hash BYTES     hash so many bytes, as verifying layers must
python -m tests.benchmarks.layers pnpm           print the CPU seconds of assembling a view of 2,500 packages in pnpm's store
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator

from sbomgen.catalogers import CATALOGERS
from sbomgen.catalogers.npm import NpmCataloger
from sbomgen.image.compression import OUTPUT_BYTES
from sbomgen.image.dispatch import Dispatch
from sbomgen.image.layer import read_layer
from sbomgen.image.overlay import Overlay
from sbomgen.image.reference import open_image
from tests.sbomgen.image.fakes import memory_layer
from tests.support.images import Entry, LayerSpec, file, symlink

PACKAGES = 2_500
DEPENDENCIES = 4


def read(layout: str) -> None:
    """The layers of an image."""
    with open_image(layout) as image:
        for layer in image.layers:
            read_layer(layer, Dispatch(CATALOGERS))


def hash_bytes(size_bytes: int) -> None:
    """As many zeros: the algorithm's time does not depend on what it hashes."""
    piece, hashed = bytes(OUTPUT_BYTES), hashlib.sha256()
    for _ in range(size_bytes // OUTPUT_BYTES):
        hashed.update(piece)


def pnpm() -> None:
    """The best of five."""
    spec = LayerSpec(tuple(entry for number in range(PACKAGES) for entry in _package(number)))
    overlay = Overlay()
    overlay.apply(0, read_layer(memory_layer(spec.tar, spec.diff_id), Dispatch(CATALOGERS)))
    spent = []
    for _ in range(5):
        started = time.process_time()
        found = sum(1 for _ in NpmCataloger().assemble(overlay))
        spent.append(time.process_time() - started)
        assert found > PACKAGES * DEPENDENCIES
    print(min(spent))


def _package(number: int) -> Iterator[Entry]:
    """A package in the store, and the links by which it finds what it depends on."""
    others = {(number * 7 + step * 13 + 1) % PACKAGES for step in range(DEPENDENCIES)}
    modules = f"app/node_modules/.pnpm/pkg-{number}@1.{number}.0/node_modules"
    stated = {"name": f"pkg-{number}", "version": f"1.{number}.0", "dependencies": {f"pkg-{other}": "*" for other in sorted(others)}}
    yield file(f"{modules}/pkg-{number}/package.json", json.dumps(stated))
    for other in sorted(others - {number}):
        yield symlink(f"{modules}/pkg-{other}", f"../../pkg-{other}@1.{other}.0/node_modules/pkg-{other}")


if __name__ == "__main__":
    {"read": lambda: read(sys.argv[2]), "hash": lambda: hash_bytes(int(sys.argv[2])), "pnpm": pnpm}[sys.argv[1]]()
