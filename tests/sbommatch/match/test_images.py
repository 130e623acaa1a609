"""Names of images."""

import pytest

from sbommatch.match.images import Image, digests_of, image_named, images_of, is_called, subject_purl
from sbommatch.purl import parse_purl
from sbommatch.sbom.component import Subject

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("alpine", Image("docker.io/library/alpine")),
        ("docker.io/alpine:3.20", Image("docker.io/library/alpine", "3.20")),
        ("index.docker.io/aquasec/trivy", Image("docker.io/aquasec/trivy")),
        ("localhost:5000/app", Image("localhost:5000/app")),
        ("localhost:5000/app:1", Image("localhost:5000/app", "1")),
        (f"ghcr.io/acme/app:1@{DIGEST}", Image("ghcr.io/acme/app", "1", DIGEST)),
    ],
)
def test_a_reference_is_written_out(text: str, image: Image) -> None:
    assert image_named(text) == image


@pytest.mark.parametrize(
    ("purl", "is_it"),
    [
        ("pkg:oci/app", True),
        ("pkg:oci/app?repository_url=ghcr.io%2Facme%2Fapp", True),
        ("pkg:oci/app?repository_url=ghcr.io%2Facme", True),
        ("pkg:oci/app?repository_url=ghcr.io%2Fother%2Fapp", False),
        ("pkg:oci/app?tag=1.0", True),
        ("pkg:oci/app?tag=2.0", False),
        ("pkg:oci/pp", False),
        ("pkg:docker/acme/app@1.0?repository_url=ghcr.io", True),
        ("pkg:docker/acme/app@1.0", False),
    ],
)
def test_a_purl_names_an_image_as_far_as_it_goes(purl: str, is_it: bool) -> None:
    assert is_called(parse_purl(purl), Image("ghcr.io/acme/app", "1.0")) is is_it


def test_a_document_names_its_image_in_several_ways() -> None:
    subject = Subject(
        name="app.tar", version=DIGEST, config_digest="sha256:cc", manifest_digest=DIGEST, references=("ghcr.io/acme/app:1.0",),
        purl="pkg:oci/app@sha256%3Abb?repository_url=quay.io%2Facme%2Fapp&tag=2",
    )  # fmt: skip
    images = tuple(images_of(subject))
    assert images == (Image("quay.io/acme/app", "2", "sha256:bb"), Image("docker.io/library/app.tar"), Image("ghcr.io/acme/app", "1.0"))
    assert set(digests_of(subject, images)) == {DIGEST, "sha256:cc", "sha256:bb"}


@pytest.mark.parametrize(
    ("subject", "purl"),
    [
        (Subject(purl="pkg:npm/app@1"), "pkg:npm/app@1"),
        (Subject(name="alpine:3.20", manifest_digest="sha256:aa"), "pkg:oci/alpine@sha256%3Aaa"),
        (Subject(name="ghcr.io/acme/app:1", manifest_digest="sha256:aa"), "pkg:oci/app@sha256%3Aaa?repository_url=ghcr.io%2Facme%2Fapp"),
        (Subject(name="app"), None),
        (Subject(manifest_digest="sha256:aa"), None),
    ],
)
def test_a_purl_is_made_for_an_image_that_states_none(subject: Subject, purl: str | None) -> None:
    assert subject_purl(subject) == purl
