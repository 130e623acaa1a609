"""The errors of sbommatch; each knows the exit code that the command line ends with.

    SbommatchError           70  an error of our own, when nothing more precise fits
    ├── UsageError            2  the command line asks for something that does not exist
    ├── UnreadableError       3  an SBOM or an input file that cannot be read as what it is taken for
    ├── ArchiveError          3  an archive that is missing, damaged, or of another format
    ├── DatabaseError         4  the feed database is missing, damaged, or of another format
    ├── NetworkError          7  what was to be reached over the network was not, or refused
    └── FeedError             3  a feed's snapshot that cannot be read at all
        └── DigestError       6  a file of a snapshot that is not the one its snapshot.json states

What can be read around is no exception but a `Problem` in the result (see `sbommatch.problem`).
"""

from typing import ClassVar


class SbommatchError(Exception):
    """The root: the message says what failed, where, and what to do."""

    exit_code: ClassVar[int] = 70


class UsageError(SbommatchError):
    """The request itself is wrong: an unknown format, feed or namespace."""

    exit_code = 2


class UnreadableError(SbommatchError):
    """An input that cannot be read as what it is taken for."""

    exit_code = 3


class ArchiveError(SbommatchError):
    """The archive is missing, damaged, or was written in another format."""

    exit_code = 3


class DatabaseError(SbommatchError):
    """The feed database is missing, damaged, or was written in another format."""

    exit_code = 4


class NetworkError(SbommatchError):
    """What was to be reached over the network was not, refused, or may not be asked (`--offline`)."""

    exit_code = 7


class FeedError(SbommatchError):
    """A snapshot of a feed that cannot be read at all; single broken records are problems instead."""

    exit_code = 3


class DigestError(FeedError):
    """A file whose digest is not the one that was stated for it; nothing of its snapshot is used."""

    exit_code = 6
