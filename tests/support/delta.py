"""`python -m tests.support.delta FOLDER`: fetches the jars of Delta Lake for Spark 4.0 from Maven Central; those that are there stay."""

import hashlib
import sys
import urllib.request
from pathlib import Path

CENTRAL = "https://repo1.maven.org/maven2/io/delta"
JARS = {
    "delta-spark_2.13/4.0.1/delta-spark_2.13-4.0.1.jar": "a1e76860b19fe1e6b205a4ea7a9099a2f9575d39bb71d49b3e679b299d0efb91",
    "delta-storage/4.0.1/delta-storage-4.0.1.jar": "ecc42c5aaa51c423312d9e4e48aa4a12b34740bf2c37de0e8f279277ec3d12e4",
}
"""Path -> SHA-256."""


def fetch(folder: Path) -> None:
    """Raises ValueError where a jar is not the one that these tests were written with."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, sha256 in JARS.items():
        jar = folder / path.rpartition("/")[2]
        if jar.exists():
            continue
        with urllib.request.urlopen(f"{CENTRAL}/{path}") as response:
            content = response.read()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{CENTRAL}/{path}: has another digest than {sha256}")
        jar.write_bytes(content)


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
