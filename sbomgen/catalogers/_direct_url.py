"""`direct_url.json`: where a distribution came from that no index delivered (PyPA "Recording the Direct URL Origin", PEP 610)."""

import re

from msgspec import Struct

from sbomgen.decoders import json_decoder
from sbomgen.model import Hash

_USER = re.compile(r"^([A-Za-z][\w+.-]*://)(?!git@)[^/@]*@")
"""What stands before a host may be a password; `git@` is everybody's."""

_REMOTE = re.compile(r"(?:https?|ftp)://.+", re.IGNORECASE)
_HASHES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


class Origin(Struct, frozen=True, array_like=True):
    """The qualifiers of the PURL (`vcs_url`, `download_url`), and the checksums of the archive."""

    qualifiers: tuple[tuple[str, str], ...] = ()
    hashes: tuple[Hash, ...] = ()


class _Vcs(Struct):
    vcs: str
    commit_id: str = ""


class _Archive(Struct):
    hash: str = ""
    hashes: dict[str, str] = {}


class _DirectUrl(Struct):
    url: str
    vcs_info: _Vcs | None = None
    archive_info: _Archive | None = None
    subdirectory: str = ""


def parse_origin(body: bytes) -> Origin:
    """The origin; an empty one for a local folder or file, whose path names nothing anywhere else. Raises `msgspec.MsgspecError`.

    `vcs_url` has the form of SPDX's download location (2.3, 7.7). Users, passwords and queries, which may hold tokens, are left out.

    >>> parse_origin(b'{"url": "https://x:y@h/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}').qualifiers
    (('vcs_url', 'git+https://h/r.git@c0ffee'),)
    """
    stated = json_decoder(_DirectUrl).decode(body)
    url = _USER.sub(r"\1", re.split(r"[?#]", stated.url)[0])
    if stated.vcs_info is not None:
        if url.lower().startswith("file:"):
            return Origin()
        commit = f"@{stated.vcs_info.commit_id}" if stated.vcs_info.commit_id else ""
        folder = f"#{stated.subdirectory}" if stated.subdirectory else ""
        return Origin((("vcs_url", f"{stated.vcs_info.vcs}+{url}{commit}{folder}"),))
    if stated.archive_info is None:
        return Origin()
    name, equals, value = stated.archive_info.hash.partition("=")
    hashes = {**({name: value} if equals else {}), **stated.archive_info.hashes}
    known = tuple(sorted(Hash(_HASHES[name], value.lower()) for name, value in hashes.items() if name in _HASHES))
    return Origin((("download_url", url),) if _REMOTE.fullmatch(url) else (), known)
