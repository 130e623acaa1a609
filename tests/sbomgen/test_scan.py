"""From an image to its inventory: what is tracked, what is lost, what the image is called."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbomgen import scan as scan_module
from sbomgen.catalogers._package_json import PackageJsonFact
from sbomgen.errors import DigestMismatchError, UnreadableError, UsageError
from sbomgen.evidence import EvidenceFile, FactType, ImageView, Wants
from sbomgen.image.reference import open_image
from sbomgen.inventory import Inventory, LayerOrigin, ReadState
from sbomgen.model import Edge, EdgeKind, EventKind, Package, Problem, ProblemCode
from sbomgen.scan import ScanOptions, chosen_catalogers, scan_image
from tests.demo.image import demo_image
from tests.support.images import (
    HistorySpec,
    ImageSpec,
    LayerSpec,
    file,
    oci_files,
    opaque,
    whiteout,
    write_docker_archive,
    write_folder,
    write_oci_archive,
    write_oci_layout,
)

ALPINE = file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n")
DATABASE = "lib/apk/db/installed"


def apk(*packages: str) -> str:
    return "".join(f"P:{name}\nV:{version}\nA:x86_64\n\n" for name, _, version in (package.partition("=") for package in packages))


def inventory_of(path: Path, options: ScanOptions | None = None) -> Inventory:
    with open_image(str(path)) as image:
        return scan_image(image, options)


def scan(tmp_path: Path, *layers: LayerSpec) -> Inventory:
    return inventory_of(write_docker_archive(ImageSpec(layers), tmp_path / "image.tar"))


def visible(inventory: Inventory) -> dict[str, tuple[str, int]]:
    return {found.package.name: (found.package.raw_version, found.layer) for found in inventory.packages if found.visible}


def test_a_rewritten_database_credits_the_layer_that_changed_each_package(tmp_path: Path) -> None:
    inventory = scan(
        tmp_path,
        LayerSpec((ALPINE, file(DATABASE, apk("musl=1", "zlib=1")))),
        LayerSpec((file(DATABASE, apk("musl=1", "zlib=1", "curl=8")),)),
        LayerSpec((file(DATABASE, apk("musl=2", "curl=8")),)),
    )
    assert visible(inventory) == {"musl": ("2", 2), "curl": ("8", 1)}
    assert [found.package.name for found in inventory.packages if not found.visible] == ["zlib"]


def test_a_removed_package_keeps_the_distribution_it_lived_in(tmp_path: Path) -> None:
    inventory = scan(
        tmp_path,
        LayerSpec((ALPINE, file(DATABASE, apk("musl=1", "zlib=1")))),
        LayerSpec((file("etc/os-release", "ID=alpine\nVERSION_ID=3.21.0\n"), file(DATABASE, apk("musl=1")))),
    )
    distros = {found.package.name: found.package.distro for found in inventory.packages}
    assert distros["zlib"] is not None
    assert distros["zlib"].version_id == "3.20.3"
    assert distros["musl"] is not None
    assert distros["musl"].version_id == "3.21.0"


@pytest.mark.parametrize("marker", [whiteout("lib/apk"), opaque("lib/apk/db"), whiteout("lib")])
def test_a_removed_database_hides_every_package(tmp_path: Path, marker: object) -> None:
    assert isinstance(marker, type(ALPINE))
    inventory = scan(tmp_path, LayerSpec((ALPINE, file(DATABASE, apk("musl=1")))), LayerSpec((marker,)))
    (found,) = inventory.packages
    assert not found.visible
    assert found.events[-1].kind is EventKind.REMOVED


def test_a_layer_that_cannot_be_read_is_a_loss_and_the_rest_is_read(tmp_path: Path) -> None:
    truncated = LayerSpec((file("app/x", "x" * 1000),))
    vars(truncated)["tar"] = truncated.tar[:700]  # the digests are those of the truncated bytes: nothing but the tar is wrong
    inventory = scan(tmp_path, LayerSpec((ALPINE, file(DATABASE, apk("musl=1")))), truncated)
    assert visible(inventory) == {"musl": ("1", 0)}
    assert [layer.read for layer in inventory.layers] == [ReadState.FULL, ReadState.NOT_READ]
    (problem,) = inventory.problems
    assert (problem.code, problem.loss) == (ProblemCode.LAYER_NOT_READ, True)
    assert "layer 1" in problem.where
    assert inventory.layers[1].reason == problem.message
    assert "the tar is truncated in its body" in problem.message


@pytest.mark.parametrize(("constant", "limit"), [("MAX_ENTRIES", 3), ("MAX_BYTES", 25_000)])
def test_all_layers_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, constant: str, limit: int) -> None:
    monkeypatch.setattr(scan_module, constant, limit)
    layer = LayerSpec((ALPINE,))
    assert len(layer.tar) == 10_240
    assert len(scan(tmp_path, layer, layer).layers) == 2
    with pytest.raises(UnreadableError, match=r"image.tar: layers 0 to [23] hold more than .*, which is the limit of an image"):
        scan(tmp_path, *[layer] * 4)


def test_a_wrong_digest_ends_the_scan(tmp_path: Path) -> None:
    spec = ImageSpec((LayerSpec((ALPINE,)),))
    contents = oci_files(spec, compression="none")
    name = next(name for name, body in contents.items() if body == spec.layers[0].tar)
    contents[name] = contents[name].replace(b"3.20.3", b"3.20.4")
    with pytest.raises(DigestMismatchError, match="layer 0"):
        inventory_of(write_folder(contents, tmp_path / "oci"))


def test_the_content_id_is_equal_over_all_forms_of_an_image(tmp_path: Path) -> None:
    spec = demo_image()
    forms = [
        write_docker_archive(spec, tmp_path / "old.tar"),
        write_docker_archive(spec, tmp_path / "new.tar", layout="docker25"),
        write_docker_archive(spec, tmp_path / "wrapped.tar.gz", compression="gzip"),
        write_oci_layout(spec, tmp_path / "oci-gzip"),
        write_oci_layout(spec, tmp_path / "oci-zstd", compression="zstd"),
        write_oci_archive(spec, tmp_path / "oci.tar", dot_names=True),
    ]
    assert len({inventory_of(form).content_id for form in forms}) == 1


def test_secrets_in_build_arguments_stay_out_unless_asked_for(tmp_path: Path) -> None:
    path = write_docker_archive(demo_image(), tmp_path / "demo.tar")
    assert not any("s3cret" in layer.created_by for layer in inventory_of(path).layers)
    assert any("s3cret" in layer.created_by for layer in inventory_of(path, ScanOptions(show_build_args=True)).layers)


def test_a_history_that_does_not_fit_the_layers_is_said(tmp_path: Path) -> None:
    spec = ImageSpec((LayerSpec((ALPINE,)),), history=(HistorySpec("ADD a"), HistorySpec("ADD b")))
    inventory = inventory_of(write_docker_archive(spec, tmp_path / "image.tar"))
    (problem,) = inventory.problems
    assert (problem.code, problem.loss) == (ProblemCode.CONFIG_INCONSISTENT, False)
    assert "2 entries with a layer, the image 1 layers" in problem.message
    assert [layer.created_by for layer in inventory.layers] == [""]


def test_the_base_is_told_by_the_history(tmp_path: Path) -> None:
    inventory = inventory_of(write_docker_archive(demo_image(), tmp_path / "demo.tar"))
    assert [layer.origin for layer in inventory.layers] == [LayerOrigin.BASE] + [LayerOrigin.OWN] * 4


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ("", {"musl", "idna"}),
        ("-apk", {"idna"}),
        ("+apk", {"musl"}),
        ("+apk,+python", {"musl", "idna"}),
        ("+apk,-apk", set()),
        (" -apk , -python", set()),
    ],
)
def test_catalogers_can_be_chosen(tmp_path: Path, choice: str, found: set[str]) -> None:
    metadata = file("site/idna-3.7.dist-info/METADATA", "Name: idna\nVersion: 3.7\n")
    path = write_docker_archive(ImageSpec((LayerSpec((ALPINE, file(DATABASE, apk("musl=1")), metadata)),)), tmp_path / "image.tar")
    inventory = inventory_of(path, ScanOptions(catalogers=chosen_catalogers(choice)))
    assert set(visible(inventory)) == found
    assert inventory.distro is not None


@pytest.mark.parametrize("choice", ["apk", "+apt", "-", "+apk,zlib"])
def test_an_unknown_cataloger_is_wrong_usage(choice: str) -> None:
    with pytest.raises(UsageError, match="there are: apk, dpkg"):
        chosen_catalogers(choice)


@pytest.mark.parametrize(("tags", "name"), [((), "web"), (("shop/web:1",), "shop/web:1"), (("latest",), "latest:latest")])
def test_an_image_is_called_by_its_tag_else_its_file(tmp_path: Path, tags: tuple[str, ...], name: str) -> None:
    path = write_docker_archive(ImageSpec((LayerSpec((ALPINE,)),), tags=tags), tmp_path / "web.tar")
    assert inventory_of(path).name in {name, "web"}


class Counting:
    """A cataloger of which every file is a package that depends on itself; counts the edges that were asked for."""

    name, version, title = "counting", 1, "counts"
    wants = Wants(suffixes=frozenset({".pkg"}))
    fact_type: FactType = PackageJsonFact

    def __init__(self, *, edges_first: bool = False) -> None:
        self.edges_first = edges_first
        self.asked = 0

    def read(self, file: EvidenceFile) -> Iterator[PackageJsonFact | Problem]:
        yield PackageJsonFact(name=file.path.removesuffix(".pkg"), version="1")

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        packages = [Package(type="npm", name=found.fact.name, raw_version="1") for found in view.facts(self.name)]
        if not self.edges_first:
            yield from packages
        for package in packages:
            yield Edge(EdgeKind.DEPENDS_ON, package.slot, package.slot)
            self.asked += 1
        yield Problem(ProblemCode.LIMIT_REACHED, "edges", "a problem behind the edges", loss=False)
        if self.edges_first:
            yield from packages


def test_edges_are_asked_for_on_the_last_view_alone(tmp_path: Path) -> None:
    path = write_docker_archive(ImageSpec(tuple(LayerSpec((file(f"{name}.pkg"),)) for name in "abc")), tmp_path / "image.tar")
    counting = Counting()
    inventory = inventory_of(path, ScanOptions(catalogers=(counting,)))
    assert [edge.from_slot for edge in inventory.edges] == ["npm||a|", "npm||b|", "npm||c|"]
    assert [found.layer for found in inventory.packages] == [0, 1, 2]
    assert [problem.where for problem in inventory.problems] == ["edges"]
    assert counting.asked == 3, "one for each package of the last view"
    with pytest.raises(AssertionError, match="packages come before edges"):
        inventory_of(path, ScanOptions(catalogers=(Counting(edges_first=True),)))
