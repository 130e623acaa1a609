"""Readers of our own for the three databases that rpm keeps: bytes in, header blobs out; nothing is ever written or run.

Berkeley DB (`Packages`, to RHEL 8), NDB (`Packages.db`, SUSE) and SQLite (`rpmdb.sqlite`, Fedora, RHEL 9, Mariner). What a file is, its
beginning says and not its name.
"""

from collections.abc import Iterator

from sbomgen.rpmdb import bdb, ndb, sqlite
from sbomgen.rpmdb.blobs import Blob, Damage, RpmdbError
from sbomgen.rpmdb.sqlite import Tree

__all__ = ["Blob", "Damage", "RpmdbError", "Tree", "read_database"]


def read_database(body: bytes) -> Iterator[Blob | Damage | Tree]:
    """The header blobs of a database in the order of its pages, and what of it is damaged; SQLite's end with the tree that held them.

    Raises `RpmdbError` where the file is none of the three, or its first page says that it cannot be read.
    """
    if body.startswith(sqlite.MAGIC):
        return sqlite.read_database(body)
    if body.startswith(ndb.MAGIC):
        return ndb.read_database(body)
    if bdb.is_hash_database(body):
        return bdb.read_database(body)
    raise RpmdbError("", "is neither Berkeley DB's hash nor NDB nor SQLite" if body else "is empty")
