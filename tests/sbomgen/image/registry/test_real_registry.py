"""Against a real registry: what was pushed there is what is read, the same as from files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbomgen.errors import NetworkError
from sbomgen.image.reference import open_image, open_source
from sbomgen.image.remote import NotHereError, OpenOptions
from sbomgen.inventory import Inventory
from sbomgen.scan import scan_image
from tests.support.images import ImageSpec, LayerSpec, file, files, oci_files, sha256, write_docker_archive, write_oci_layout
from tests.support.registry import Login, push, push_layout, running

INSTALLED = "P:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\nR:libc.so\n\nP:zlib\nV:1.3.1-r1\nA:x86_64\n\n"
OS = files({"etc/os-release": "ID=alpine\nVERSION_ID=3.20.3\n", "lib/apk/db/installed": INSTALLED})
METADATA = "Metadata-Version: 2.1\nName: requests\nVersion: 2.19.1\n"
APP = (file("usr/lib/python3/site-packages/requests-2.19.1.dist-info/METADATA", METADATA),)
DEMO = ImageSpec((LayerSpec(OS, created_by="ADD rootfs /"), LayerSpec(APP, created_by="RUN pip install requests")), tags=("shop/web:1",))
ARM = ImageSpec((LayerSpec(OS),), platform="linux/arm64/v8")
LOGIN = Login("user", "swordfish")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that is open to all."""
    with running(tmp_path_factory.mktemp("registry")) as host:
        yield host


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that asks for a login."""
    with running(tmp_path_factory.mktemp("closed"), LOGIN) as host:
        push(oci_files(DEMO), host, "shop/web", LOGIN)
        yield host


def scanned(source: str | Path, options: OpenOptions | None = None) -> Inventory:
    with open_image(str(source), options) as image:
        return scan_image(image)


def found(inventory: Inventory) -> tuple[object, ...]:
    """All that is said of an image but where it came from."""
    layers = [(layer.size_bytes, layer.origin, layer.created_by) for layer in inventory.layers]
    return inventory.content_id, inventory.image.config_digest, inventory.packages, inventory.edges, layers


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_an_image_is_the_same_from_archive_layout_and_registry(registry: str, tmp_path: Path, compression: str) -> None:
    layout = write_oci_layout(DEMO, tmp_path / "layout", compression)  # type: ignore[arg-type]  # the three of the parametrisation
    push_layout(layout, registry, f"team/{compression}")
    archive = scanned(write_docker_archive(DEMO, tmp_path / "x.tar"))
    assert len(archive.packages) == 3
    assert found(archive) == found(scanned(layout)) == found(scanned(f"{registry}/team/{compression}"))


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["alpine-3.20", "edge", pytest.param("python-app", marks=pytest.mark.long)])
def test_a_real_image_is_the_same_from_layout_and_registry(registry: str, corpus: Path, name: str) -> None:
    push_layout(corpus / "oci" / name, registry, f"corpus/{name}")
    pulled = scanned(f"registry:{registry}/corpus/{name}")
    assert pulled.packages
    assert found(pulled) == found(scanned(corpus / "oci" / name))


def test_an_index_gives_the_image_of_the_platform_and_its_attestation(registry: str) -> None:
    digest = push(oci_files((DEMO, ARM), nested=True), registry, "team/multi")
    for platform, spec in (("linux/amd64", DEMO), ("linux/arm64", ARM)):
        with open_source(f"{registry}/team/multi@{digest}", OpenOptions(platform=platform)) as (images, image):
            assert image.config_digest == sha256(spec.config)
            (attestation,) = (one for one in images.index.manifests if one.kind == "attestation")
            assert attestation.digest is not None
            content = images.blob(attestation.digest, 1 << 20)
            assert content is not None
            assert sha256(content) == attestation.digest
            assert images.blob(sha256(b"nothing"), 1 << 20) is None


def test_a_missing_tag_and_a_missing_repository_are_missing_input(registry: str) -> None:
    push(oci_files(DEMO), registry, "team/here")
    for name in ("team/here:none", "team/nowhere"):
        with pytest.raises(NotHereError, match=rf"{registry} does not have manifests/(none|latest) \(404: manifest unknown\)"):
            scanned(f"{registry}/{name}")


def test_a_login_is_needed_where_there_is_one(closed: str) -> None:
    with pytest.raises(NetworkError, match=r"refuses manifests/latest \(401: authentication required\): there may be no such image"):
        scanned(f"{closed}/shop/web")
    with pytest.raises(NetworkError, match="401") as caught:
        scanned(f"{closed}/shop/web", OpenOptions(username="user", password="wrong-secret"))
    assert "wrong-secret" not in str(caught.value)
    assert scanned(f"{closed}/shop/web", OpenOptions(username=LOGIN.username, password=LOGIN.password)).packages


def test_a_login_of_docker_and_podman_is_found(closed: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64
    import json

    entry = {"auth": base64.b64encode(":".join(LOGIN).encode()).decode()}
    for variable, path in (("DOCKER_CONFIG", home / "docker" / "config.json"), ("REGISTRY_AUTH_FILE", home / "auth.json")):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"auths": {closed: entry}}))
        with monkeypatch.context() as here:
            here.setenv(variable, str(path if variable.endswith("FILE") else path.parent))
            assert scanned(f"{closed}/shop/web").packages
