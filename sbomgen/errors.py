"""The errors of sbomgen; each knows the exit code that the command line ends with.

    SbomgenError             70  an error of our own, when nothing more precise fits
    ├── UsageError            2  the command line asks for something that does not exist
    ├── UnreadableError       3  the input is missing, truncated or not what it claims to be
    ├── DigestMismatchError   6  the bytes are not those that the manifest or the config names
    └── NetworkError          7  a network step failed, or was forbidden

What can be read around is no exception but a `Problem` in the result (see `sbomgen.model`).
"""

from typing import ClassVar


class SbomgenError(Exception):
    """The root: the message says what failed, where, and what to do."""

    exit_code: ClassVar[int] = 70


class UsageError(SbomgenError):
    """The request itself is wrong: an unknown format, a platform the image does not have."""

    exit_code = 2


class UnreadableError(SbomgenError):
    """An input that cannot be read as what it is taken for."""

    exit_code = 3


class DigestMismatchError(SbomgenError):
    """The bytes of a blob or layer do not have the digest that names them; nothing is written for such an image."""

    exit_code = 6


class NetworkError(SbomgenError):
    """A registry or daemon cannot be reached, refuses, or breaks off; or `--offline` forbids asking it. It never holds a credential."""

    exit_code = 7
