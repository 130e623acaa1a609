"""`python -m tests.benchmarks.reading DATA`: a line for each format: name, documents, megabytes, CPU milliseconds of reading them all."""

import gc
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sbommatch.sbom.read import read_document
from tests.sbommatch.sbom.real import FORMATS, archived_bytes, indexed

BIG_BYTES = 100_000
"""Documents of this size and above are measured; of a format that has none, all."""

RUNS = 3
COMPONENTS = 1_000_000


def real_documents(data: Path) -> Iterator[tuple[str, list[bytes]]]:
    """The big documents of each format."""
    by_format: dict[str, list[bytes]] = {name: [] for name in FORMATS.values()}
    for row in indexed(data):
        if not row.invalid and row.format in FORMATS:
            by_format[FORMATS[row.format]].append(row.path.read_bytes())
    by_format["spdx-json"].extend(document for _, document in archived_bytes(data))
    for name, documents in by_format.items():
        yield name, [document for document in documents if len(document) >= BIG_BYTES] or documents


def made_document() -> bytes:
    """A million components of a hundred bytes each."""
    component = b'{"bom-ref":"r%d","type":"library","name":"n%d","version":"1.%d","purl":"pkg:pypi/n%d@1.%d"}'
    components = b",".join(component % (number, number, number, number, number) for number in range(COMPONENTS))
    return b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[' + components + b"]}"


def cpu_ms(documents: list[bytes], runs: int) -> float:
    """The best of several runs."""
    best = float("inf")
    for _ in range(runs):
        started = time.process_time()
        for document in documents:
            read_document(document, "x")
        best = min(best, time.process_time() - started)
    return 1000 * best


def main() -> None:
    """Prints the figures."""
    gc.disable()  # as a scan does
    for name, documents in real_documents(Path(sys.argv[1])):
        print(name, len(documents), round(sum(map(len, documents)) / 1e6, 3), cpu_ms(documents, RUNS), flush=True)
    million = made_document()
    print("a-million-components", 1, round(len(million) / 1e6, 1), cpu_ms([million], 1))


if __name__ == "__main__":
    main()
