import json
from typing import Any

import msgspec
import pytest

from sbomgen.catalogers._direct_url import Origin, parse_origin
from sbomgen.model import Hash

SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("stated", "origin"),
    [
        (
            {"url": "https://github.com/a/b.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"}},
            Origin((("vcs_url", "git+https://github.com/a/b.git@c0ffee"),)),
        ),
        (
            {"url": "ssh://git@h/b.git", "vcs_info": {"vcs": "git", "commit_id": "c"}, "subdirectory": "py"},
            Origin((("vcs_url", "git+ssh://git@h/b.git@c#py"),)),
        ),
        ({"url": "file:///src/b", "vcs_info": {"vcs": "git", "commit_id": "c"}}, Origin()),
        (
            {"url": "https://user:secret@h/b.whl?token=secret#sha256=0", "archive_info": {"hash": f"sha256={SHA256.upper()}"}},
            Origin((("download_url", "https://h/b.whl"),), (Hash("SHA-256", SHA256),)),
        ),
        (
            {"url": "file:///b.whl", "archive_info": {"hashes": {"sha256": SHA256, "blake3": "1"}}},
            Origin((), (Hash("SHA-256", SHA256),)),
        ),
        ({"url": "file:///src", "dir_info": {"editable": True}}, Origin()),
    ],
)
def test_an_origin_elsewhere_is_told_without_secrets_and_a_local_one_is_not(stated: dict[str, Any], origin: Origin) -> None:
    assert parse_origin(json.dumps(stated).encode()) == origin


@pytest.mark.parametrize("body", [b"", b"[]", b'{"url": 1}', b'{"archive_info": {}}'])
def test_what_is_no_origin_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        parse_origin(body)
