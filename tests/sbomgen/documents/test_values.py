import doctest

import pytest

from sbomgen.documents import _values
from sbomgen.documents._values import URL_LIMIT_CHARACTERS, hash_of_digest, is_cpe, is_hash, is_media_type, is_url, parse_mailbox


def test_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(_values).failed == 0


@pytest.mark.parametrize(
    ("algorithm", "value", "expected"),
    [
        ("SHA-1", "ab" * 20, True), ("SHA-256", "ab" * 32, True), ("MD5", "0" * 32, True), ("SHA-1", "ab" * 32, False),
        ("SHA-1", "g" * 40, False), ("SHA-1", "AB" * 20, False), ("SHA-3", "ab" * 20, False), ("", "", False),
    ],
)  # fmt: skip
def test_only_what_has_the_form_of_a_checksum_is_one(algorithm: str, value: str, expected: bool) -> None:
    assert is_hash(algorithm, value) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cpe:2.3:a:openssl:openssl:3.0.7:*:*:*:*:*:*:*", True),
        (r"cpe:2.3:a:angular\/core:core:17.0.0-rc.1:-:*:en-us:*:node.js:x?:x*", True),
        (r"cpe:2.3:a:vendor:lib\+\+:1:*:*:*:*:*:*:*", True),
        ("cpe:2.3:a:vendor:lib++:1:*:*:*:*:*:*:*", False),
        ("cpe:2.3:a:vendor:lib:1:*:*:english:*:*:*:*", False),
        ("cpe:2.3:a:vendor:lib:1:*:*:*:*:*:*", False),
        ("cpe:2.3:a:vendor::1:*:*:*:*:*:*:*", False),
        ("cpe:2.3:x:vendor:lib:1:*:*:*:*:*:*:*", False),
        ("cpe:/a:openssl:openssl:3.0.7", False),
        ("", False),
    ],
)
def test_cpes_are_formatted_strings_of_eleven_parts(name: str, expected: bool) -> None:
    assert is_cpe(name) is expected


def test_digests_are_checksums() -> None:
    assert hash_of_digest("sha512:" + "ab" * 64) == ("SHA-512", "ab" * 64)
    assert hash_of_digest("sha256:short") is None
    assert hash_of_digest("") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://musl.libc.org/", True), ("http://example.org:80/a?b=[c]&d#e", True), ("ftp://ftp.example.org/~me", True),
        ("see README", False), ("https://", False), ("https://example.org/a b", False), ("https://example.org/<x>", False),
        ("javascript:alert(1)", False), ("http://localhost/", False),
        ("https://example.org/".ljust(URL_LIMIT_CHARACTERS, "a"), True),
        ("https://example.org/".ljust(URL_LIMIT_CHARACTERS + 1, "a"), False),
        ("https://exa\nmple.org", False), ("https://例え.jp/", False),
    ],
)  # fmt: skip
def test_only_addresses_are_addresses(text: str, expected: bool) -> None:
    assert is_url(text) is expected


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ("Natanael Copa <ncopa@alpinelinux.org>", "Natanael Copa", "ncopa@alpinelinux.org"),
        ("Kim Davies", "Kim Davies", None),
        ("A <a@example.org>, B <b@example.org>", "A <a@example.org>, B <b@example.org>", None),
        ("<a@example.org>", "<a@example.org>", None),
        ("A <no address>", "A <no address>", None),
        ("A (B) <a@example.org>", "A (B)", "a@example.org"),
    ],
)
def test_one_mailbox_is_taken_apart(text: str, name: str, email: str | None) -> None:
    mailbox = parse_mailbox(text)
    assert (mailbox.name, mailbox.email) == (name, email)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("application/vnd.oci.image.layer.v1.tar+gzip", True), ("application/vnd.docker.image.rootfs.diff.tar.gzip", True),
        ("", False), ("tar", False), ("a/b/c", False), ("application/x tar", False), ("application/x\n", False), ("a/" + "b" * 128, False),
    ],
)  # fmt: skip
def test_media_types_have_a_type_and_a_subtype(text: str, expected: bool) -> None:
    assert is_media_type(text) is expected
