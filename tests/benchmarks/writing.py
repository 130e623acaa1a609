"""`python -m tests.benchmarks.writing FORMAT`: the CPU seconds of a document of 5,000 packages, and the process's peak memory in MiB."""

import resource
import sys
import time

from sbomgen.documents import WRITERS, WriteOptions
from tests.support.inventories import large_inventory

PACKAGES = 5_000


def main() -> None:
    """Writes one document, the first of this process."""
    writer = next(writer for writer in WRITERS if writer.name == sys.argv[1])
    inventory = large_inventory(PACKAGES)
    started = time.process_time()
    writer.write(inventory, WriteOptions(tool_version="1.0"))
    print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
