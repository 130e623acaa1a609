"""What sbomgen writes, in every format and version that it has, sbommatch reads back to the same components."""

from collections import Counter

import pytest

from sbomgen.documents import WRITERS
from sbommatch.sbom import READERS
from sbommatch.sbom.component import Component, Document
from sbommatch.sbom.read import read_document
from tests.demo.image import demo_image
from tests.support.images import write_docker_archive
from tests.support.run import run

WRITTEN = [
    (writer.name, version)
    for writer in WRITERS
    if writer.name in {reader.format for reader in READERS}
    for version in writer.versions or (None,)
]
Fact = tuple[object, ...]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str | None], Document]:
    """The demo image's SBOM in every form, read."""
    folder = tmp_path_factory.mktemp("written")
    image = write_docker_archive(demo_image(), folder / "web.tar")
    files = {form: folder / f"{form[0]}-{form[1]}" for form in WRITTEN}
    outputs = [f"{name}@{version}={file}" if version else f"{name}={file}" for (name, version), file in files.items()]
    ran = run("sbomgen", image, "--scope", "all-layers", *(argument for output in outputs for argument in ("-o", output)))
    assert ran.code == 0, ran.stderr
    return {form: read_document(file.read_bytes(), file.name) for form, file in files.items()}


def identities(document: Document) -> Counter[Fact]:
    """What every form says of packages."""
    return Counter((each.purl, each.purl_from, each.name, each.version) for each in document.components if each.purl)


def facts(document: Document) -> Counter[Fact]:
    """What they say of packages in properties and annotations."""
    purls = {each.ref: each.purl for each in document.components}

    def fact(each: Component) -> Fact:
        owner = purls.get(each.owned_by or "")
        return (each.purl, each.source_name, each.source_version, each.visible, each.layer, owner)

    return Counter(fact(each) for each in document.components if each.purl)


def test_the_formats_that_are_there_are_tested() -> None:
    assert {"cyclonedx-json", "spdx-json"} <= {name for name, _ in WRITTEN}


@pytest.mark.parametrize("form", WRITTEN, ids=lambda form: f"{form[0]}@{form[1]}")
def test_what_is_written_reads_back_to_the_same_components(
    written: dict[tuple[str, str | None], Document], form: tuple[str, str | None]
) -> None:
    document, reference = written[form], written[WRITTEN[0]]
    assert (document.format, document.problems) == (form[0], ())
    assert form[1] is None or document.spec_version == form[1]
    assert (document.producer or "").startswith("sbomgen")
    assert len(identities(document)) == 12
    assert identities(document) == identities(reference)
    assert document.distros == reference.distros
    assert facts(document) == facts(reference)
    assert document.layers == reference.layers
    assert (document.subject.config_digest, document.subject.platform) == (reference.subject.config_digest, reference.subject.platform)
