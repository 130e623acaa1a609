import uuid

import msgspec

from sbomgen.documents.content import NAMESPACE_MARK, content_id, content_uuid, named_by_content
from sbomgen.documents.escape import clean, clean_lines
from sbomgen.model import TrackedPackage
from tests.support.inventories import alpine_packages, apk, digest, tracked

CONFIG = digest("config")


def changed(**changes: object) -> list[TrackedPackage]:
    first, *others = alpine_packages()
    return [msgspec.structs.replace(first, **changes), *others]


def test_content_id_is_a_digest_that_stays_the_same() -> None:
    assert content_id(CONFIG, alpine_packages()) == content_id(CONFIG, reversed(alpine_packages()))
    assert content_id("sha256:00", ()) == "sha256:f39161b5be136e0b0c6b58898b230aea3d796c0d878f61bc9be47950168ccd23"


def test_content_id_tells_images_and_packages_apart() -> None:
    ids = {
        content_id(CONFIG, alpine_packages()),
        content_id(digest("another config"), alpine_packages()),
        content_id(CONFIG, alpine_packages()[1:]),
        content_id(CONFIG, changed(purl="pkg:apk/alpine/curl@8.9.0-r1")),
        content_id(CONFIG, changed(visible=True)),
        content_id(CONFIG, changed(layer=2)),
    }
    assert len(ids) == 6


def test_content_id_takes_folders_that_are_no_utf8() -> None:
    odd = tracked(apk("musl", "1", root=b"chroot/\xff".decode("utf-8", "surrogateescape")), "pkg:apk/alpine/musl@1")
    plain = tracked(apk("musl", "1", root="chroot/\\xff"), "pkg:apk/alpine/musl@1")
    assert content_id(CONFIG, [odd]) != content_id(CONFIG, [plain])


def test_documents_are_named_by_uuids_of_version_5() -> None:
    named = uuid.UUID(content_uuid(b"content"))
    assert (named.version, named.variant) == (5, uuid.RFC_4122)
    assert content_uuid(b"content") == content_uuid(b"content") != content_uuid(b"other content")


def test_a_document_is_named_by_the_uuid_of_its_content() -> None:
    document = f"{NAMESPACE_MARK}#a {NAMESPACE_MARK}#b".encode()
    name = f"urn:uuid:{content_uuid(document)}"
    assert named_by_content(document).decode() == f"{name}#a {name}#b"
    assert named_by_content(document + b" more").split(b"#")[0] != named_by_content(document).split(b"#")[0]


def test_no_text_can_stand_for_the_name_of_its_document() -> None:
    assert NAMESPACE_MARK not in clean(NAMESPACE_MARK) + clean_lines(f"a\n{NAMESPACE_MARK}")
