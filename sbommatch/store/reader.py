"""Which code reads feeds: another release, or another state of the source tree, may make other rows of the same files."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from sbommatch import __version__

PACKAGE = Path(__file__).parent.parent

CODE = ("ecosystems.py", "formats/*.py", "versions/*.py", "store/load.py", "store/rows.py", "store/severity.py", "supply/*.py")
"""All that comes between a feed's bytes and its rows."""


@cache
def reader_digest() -> str:
    """Hexadecimal SHA-256 over the version and that code; over the version alone where a distribution has no sources."""
    digest = sha256(__version__.encode())
    for path in sorted(path for pattern in CODE for path in PACKAGE.glob(pattern)):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
