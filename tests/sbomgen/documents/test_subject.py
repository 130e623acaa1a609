import msgspec
import pytest
from packageurl import PackageURL

from sbomgen.documents._subject import image_facts, layer_line, parse_reference, subject_of
from sbomgen.inventory import Inventory, LayerOrigin, ReadState
from tests.support.inventories import alpine_inventory, digest, image, inventory, scanned


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("alpine:3.20", ("alpine", "3.20", None, False)),
        ("library/alpine", ("library/alpine", None, None, False)),
        ("docker.io/library/alpine:3.20", ("docker.io/library/alpine", "3.20", None, True)),
        ("localhost:5000/team/app", ("localhost:5000/team/app", None, None, True)),
        ("localhost/app:1", ("localhost/app", "1", None, True)),
        ("app@sha256:ab", ("app", None, "sha256:ab", False)),
        ("app:1@sha256:ab", ("app", "1", "sha256:ab", False)),
    ],
)
def test_references_are_taken_apart(text: str, parts: tuple[str, str | None, str | None, bool]) -> None:
    reference = parse_reference(text)
    assert reference is not None
    assert (reference.repository, reference.tag, reference.digest, reference.names_registry) == parts


@pytest.mark.parametrize("text", ["latest", "", "3.20", ":tag", " :tag", "a:b c", "a/", "/a", "a:\udcff", "app:"])
def test_a_bare_tag_and_what_is_no_reference_name_no_repository(text: str) -> None:
    assert parse_reference(text) is None


def called(*references: str, manifest_digest: str | None = digest("manifest"), name: str | None = None) -> Inventory:
    return inventory(image=image(references=references, manifest_digest=manifest_digest), name=name or (references or ("demo",))[0])


@pytest.mark.parametrize(
    ("whole", "name", "version", "purl"),
    [
        (
            called("registry.example/Team/App:1.2"), "registry.example/Team/App", "1.2",
            f"pkg:oci/app@{digest('manifest')}?arch=amd64&repository_url=registry.example%2FTeam%2FApp&tag=1.2",
        ),
        (called("alpine:3.20"), "alpine", "3.20", f"pkg:oci/alpine@{digest('manifest')}?arch=amd64&tag=3.20"),
        (called("latest", name="folder"), "folder", digest("manifest"), None),
        (called(), "demo", digest("manifest"), None),
        (called("alpine:3.20", manifest_digest=None), "alpine", "3.20", None),
        (called(manifest_digest=None), "demo", digest("config"), None),
    ],
)  # fmt: skip
def test_the_image_is_called_by_its_first_tag_and_has_a_purl_when_a_repository_and_a_manifest_are_known(
    whole: Inventory, name: str, version: str, purl: str | None
) -> None:
    subject = subject_of(whole)
    assert (subject.name, subject.version, subject.purl) == (name, version, purl)


@pytest.mark.parametrize(
    ("reference", "purl"),
    [
        ("docker.io/library/debian:latest", "pkg:oci/debian@sha256:244f?arch=amd64&repository_url=docker.io%2Flibrary%2Fdebian&tag=latest"),
        ("hello-wasm:v1", "pkg:oci/hello-wasm@sha256:244f?arch=amd64&tag=v1"),
        ("localhost:5000/a@sha256:ab", "pkg:oci/a@sha256:244f?arch=amd64&repository_url=localhost:5000%2Fa"),
    ],
)
def test_purls_are_those_of_the_specification(reference: str, purl: str) -> None:
    stated = subject_of(called(reference, manifest_digest="sha256:244f")).purl
    assert stated == purl
    assert PackageURL.from_string(stated).name == reference.rpartition("/")[2].partition(":")[0].partition("@")[0]


def test_everything_known_of_an_image_is_stated() -> None:
    whole = alpine_inventory()
    facts = image_facts(whole)
    assert [name.removeprefix("sbomgen:image:") for name, _ in facts] == [
        "manifest_digest", "config_digest", "content_id", "platform", "tag", "base", "base_method", *["layer"] * 4,
    ]  # fmt: skip
    assert dict(facts)["sbomgen:image:content_id"] == whole.content_id


def test_what_is_not_known_is_not_stated() -> None:
    bare = image(references=(), manifest_digest=None)
    whole = inventory(image=msgspec.structs.replace(bare, config=msgspec.structs.replace(bare.config, os="", architecture="")))
    assert [name for name, _ in image_facts(whole)] == ["sbomgen:image:config_digest", "sbomgen:image:content_id", "sbomgen:image:layer"]


def test_a_layer_line_has_hyphens_for_what_is_not_known() -> None:
    layer = image().layers[0]
    assert layer_line(scanned(layer)) == f"0 {layer.diff_id} {layer.digest} 10240 ADD rootfs.tar.gz / # buildkit"
    unknown = msgspec.structs.replace(layer, digest=None)
    line = layer_line(scanned(unknown, size_bytes=None, created_by="", read=ReadState.NOT_READ, origin=LayerOrigin.OWN))
    assert line == f"0 {layer.diff_id} - -"
