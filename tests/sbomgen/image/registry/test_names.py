"""Names mean the same images as for Docker: the grammar of distribution/reference, and its short names."""

import pytest

from sbomgen.errors import UsageError
from sbomgen.image.registry.names import MAX_NAME_LENGTH, parse_name

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("team/app", "docker.io/team/app:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/library/alpine:3", "docker.io/library/alpine:3"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("example.org/a/b/c:v1.2_x-y", "example.org/a/b/c:v1.2_x-y"),
        ("Example/app", "Example/app:latest"),
        ("example.org:443/a--b__c.d:1", "example.org:443/a--b__c.d:1"),
        (f"alpine@{DIGEST}", f"docker.io/library/alpine@{DIGEST}"),
        (f"alpine:3.20@{DIGEST}", f"docker.io/library/alpine:3.20@{DIGEST}"),
    ],
)
def test_a_name_is_known_in_full(text: str, full: str) -> None:
    assert str(parse_name(text)) == full


def test_the_digest_counts_before_the_tag() -> None:
    assert parse_name(f"alpine:3.20@{DIGEST}").reference == DIGEST
    assert parse_name("alpine:3.20").reference == "3.20"


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "alpine:", "ALPINE", "alpine:tag/x:", "a//b", "/a", "a/", "-a", "a..b", "a:b:c", "alpine:" + "x" * 129, "alpine:.x", "a b",
        "a\nb", "alpine\n", "alpine:3\n", "alpine@", "alpine@sha256:00", "alpine@md5:" + "0" * 32, "alpine@SHA256:" + "0" * 64, "http://x/y",
        "a?x=1", "a#x", "a%2e/b", "../a", "user@host/a", "ex_ample.org/a", "x" * (MAX_NAME_LENGTH + 1),
    ],
)  # fmt: skip
def test_what_is_no_name_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match=r"not the name of an image|is not a sha256 or sha512 digest"):
        parse_name(text)
