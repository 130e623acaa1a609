"""From an image to its inventory: what is tracked, what is lost, what the image is called."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sbomgen import scan as scan_module
from sbomgen.catalogers._package_json import PackageJsonFact
from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.cyclonedx import CycloneDxJson
from sbomgen.documents.layers import layers_table
from sbomgen.errors import DigestMismatchError, UnreadableError, UsageError
from sbomgen.evidence import EvidenceFile, FactType, ImageView, Proof, Wants
from sbomgen.image.reference import open_image
from sbomgen.inventory import Inventory, LayerOrigin, ReadState
from sbomgen.model import Edge, EdgeKind, EventKind, Package, Problem, ProblemCode, TrackedPackage
from sbomgen.scan import ScanOptions, chosen_catalogers, scan_image
from tests.demo.image import demo_image
from tests.support.images import (
    Entry,
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


def stories(inventory: Inventory) -> dict[str, list[str]]:
    """What became of each package: `EVENT LAYER VERSION`."""
    return {found.package.name: story(found) for found in inventory.packages}


def story(found: TrackedPackage) -> list[str]:
    return [f"{event.kind} {event.layer} {event.version}" for event in found.events]


def dpkg(*packages: str) -> Entry:
    stanza = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"
    return file("var/lib/dpkg/status", "".join(stanza.format(*package.split("=")) for package in packages))


def dist_info(folder: str, name: str, version: str) -> Entry:
    return file(f"{folder}/{name}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")


def debian(version: str, *packages: str) -> LayerSpec:
    return LayerSpec((file("etc/os-release", f'ID=debian\nVERSION_ID="{version}"\n'), dpkg(*packages)))


def test_a_package_that_was_removed_and_installed_again_is_of_the_layer_that_brought_it_back(tmp_path: Path) -> None:
    """Trivy names the first layer that ever had it, Syft the last that wrote the database."""
    layers = [(dpkg(*packages.split()),) for packages in ("a=1 b=1", "b=1", "a=1 b=1", "a=1 b=1 c=1")]
    inventory = scan(tmp_path, *map(LayerSpec, layers))
    assert visible(inventory) == {"a": ("1", 2), "b": ("1", 0), "c": ("1", 3)}
    assert stories(inventory)["a"] == ["introduced 0 1", "removed 1 1", "reintroduced 2 1"]


def test_versions_go_up_and_down_in_the_order_of_their_packages(tmp_path: Path) -> None:
    inventory = scan(tmp_path, *(LayerSpec((dpkg(f"a={version}"),)) for version in ("1.9", "1.10", "1.10~rc1", "1:0.1")))
    assert stories(inventory) == {"a": ["introduced 0 1.9", "upgraded 1 1.10", "downgraded 2 1.10~rc1", "upgraded 3 1:0.1"]}


def test_each_copy_has_a_story_of_its_own(tmp_path: Path) -> None:
    system, venv = "usr/lib/python3/dist-packages", "app/venv/lib/python3.11/site-packages"
    inventory = scan(
        tmp_path,
        LayerSpec((dist_info(system, "idna", "3.6"),)),
        LayerSpec((dist_info(venv, "idna", "3.6"),)),
        LayerSpec((whiteout(f"{venv}/idna-3.6.dist-info"), dist_info(venv, "idna", "3.7"))),
        LayerSpec((whiteout(f"{system}/idna-3.6.dist-info"),)),
    )
    told = {found.package.evidence[0].partition("/")[0]: (found.visible, story(found)) for found in inventory.packages}
    assert told == {
        "usr": (False, ["introduced 0 3.6", "removed 3 3.6"]),
        "app": (True, ["introduced 1 3.6", "upgraded 2 3.7"]),
    }


def test_a_distribution_may_be_upgraded_between_layers(tmp_path: Path) -> None:
    inventory = scan(tmp_path, debian("11", "libc6=2.31", "gone=1", "same=1"), debian("12", "libc6=2.36", "same=1"))
    assert stories(inventory) == {
        "libc6": ["introduced 0 2.31", "upgraded 1 2.36"],
        "gone": ["introduced 0 1", "removed 1 1"],
        "same": ["introduced 0 1"],
    }
    releases = {found.package.name: found.package.distro.version_id for found in inventory.packages if found.package.distro}
    assert releases == {"libc6": "12", "gone": "11", "same": "12"}


BUILDERS = [
    pytest.param(None, ["RUN a", "RUN b"], False, id="BuildKit, Docker, Buildah: an entry for each layer"),
    pytest.param((), ["", ""], False, id="no history at all: Bazel without it, Nix"),
    pytest.param([("bazel build ...", False)] * 2, ["bazel build ..."] * 2, False, id="Bazel: every layer says the same"),
    pytest.param(
        [("FROM x", True), ("RUN a", False), ("CMD", True), ("RUN b", False)], ["RUN a", "RUN b"], False, id="without what is empty"
    ),
    pytest.param(
        [("RUN a", True), ("", False), ("RUN b", True), ("", False)], ["", ""], False, id="squashed: Docker says nothing of the layer"
    ),
    pytest.param([("RUN a", False)], ["", ""], True, id="Kaniko, Podman: squashed or snapshots without an entry"),
    pytest.param([("RUN a", False)] * 3, ["", ""], True, id="squashed under an old history"),
    pytest.param([("RUN a", True), ("RUN b", True)], ["", ""], True, id="Kaniko: all of them empty"),
]


@pytest.mark.parametrize(("history", "instructions", "noted"), BUILDERS)
def test_what_is_unknown_of_a_layer_is_said(
    tmp_path: Path, history: Sequence[tuple[str, bool]] | None, instructions: list[str], noted: bool
) -> None:
    layers = (LayerSpec((ALPINE,), "RUN a"), LayerSpec((file(DATABASE, apk("musl=1")),), "RUN b"))
    entries = None if history is None else tuple(HistorySpec(*entry) for entry in history)
    inventory = inventory_of(write_docker_archive(ImageSpec(layers, entries), tmp_path / "x.tar"))
    assert [layer.created_by for layer in inventory.layers] == instructions
    assert [problem.code for problem in inventory.problems] == [ProblemCode.CONFIG_INCONSISTENT] * noted
    table = layers_table(inventory).decode()
    assert table.count("(the history does not tell)") == instructions.count("")
    told = document(inventory)
    assert ("sbomgen:layer:created_by" in told) is (instructions[1] != "")


def document(inventory: Inventory) -> str:
    return CycloneDxJson().write(inventory, WriteOptions(tool_version="0")).decode()


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
    with pytest.raises(UsageError, match="there are: apk, dotnet, dpkg"):
        chosen_catalogers(choice)


@pytest.mark.parametrize(("tags", "name"), [((), "web"), (("shop/web:1",), "shop/web:1"), (("latest",), "latest:latest")])
def test_an_image_is_called_by_its_tag_else_its_file(tmp_path: Path, tags: tuple[str, ...], name: str) -> None:
    path = write_docker_archive(ImageSpec((LayerSpec((ALPINE,)),), tags=tags), tmp_path / "web.tar")
    assert inventory_of(path).name in {name, "web"}


class Counting:
    """A cataloger of which every file is a package that depends on itself; counts the edges that were asked for."""

    name, version, title, emits, proof = "counting", 1, "counts", "npm", Proof.MANAGER
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
