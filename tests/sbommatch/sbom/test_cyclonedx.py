"""CycloneDX of every producer."""

from typing import Any

import pytest

from sbommatch.errors import UnreadableError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.sbom.component import ComponentLayer, DistroStatement, Subject
from sbommatch.sbom.read import read_document
from tests.sbommatch.sbom.made import DIFF_IDS, cyclonedx, cyclonedx_component, image, stating

LAYERS = [
    ("sbomgen:image:layer", f"0 {DIFF_IDS[0]} sha256:d0 2048 ADD rootfs.tar / # buildkit"),
    ("sbomgen:image:layer", f"1 {DIFF_IDS[1]} - - RUN apk add curl"),
    ("sbomgen:image:layer", f"2 {DIFF_IDS[2]} - -"),
]

SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"


def test_the_fields_of_a_component() -> None:
    component = cyclonedx_component(
        **{"bom-ref": "r", "group": "org.a", "version": "1.0", "purl": "pkg:maven/org.a/a@1.0", "cpe": "cpe:2.3:a:a", "scope": "excluded"}
    )
    assert (component.ref, component.type, component.group, component.name, component.version) == ("r", "library", "org.a", "a", "1.0")
    assert (component.purl, component.cpes) == ("pkg:maven/org.a/a@1.0", ("cpe:2.3:a:a",))
    assert component.visible, "scope says what is used, not what is there"


def test_nested_components_come_after_their_parent_and_those_of_the_subject_first() -> None:
    tree = {"name": "a", "components": [{"name": "b", "components": [{"name": "c"}]}, {"name": "d"}]}
    document = cyclonedx(tree, {"name": "e"}, metadata={"component": {"name": "app", "components": [{"name": "part"}]}})
    assert [each.name for each in document.components] == ["part", "a", "b", "c", "d", "e"]
    assert document.components[0].ref == "metadata.component.components[0]"
    assert document.components[3].ref == "components[0].components[0].components[0]"


def test_refs_are_unique_and_a_repeated_one_is_noted() -> None:
    document = cyclonedx(
        {"bom-ref": "x", "name": "a"},
        {"bom-ref": "x", "name": "b"},
        {"bom-ref": "", "name": "c"},
        {"bom-ref": "components[3]", "name": "d"},
        {"name": "e"},
    )
    assert [each.ref for each in document.components] == ["x", "components[1]", "components[2]", "components[3]", "components[4]"]
    assert [(each.code, each.where, each.loss) for each in document.problems] == [(ProblemCode.DUPLICATE_REF, "made: components[1]", False)]
    taken = cyclonedx({"bom-ref": "components[1]", "name": "a"}, {"name": "b"})
    assert [each.ref for each in taken.components] == ["components[1]", "components[1]'"]


@pytest.mark.parametrize("version", ["", None, "UNKNOWN", "(devel)", "NOASSERTION", "latest", "[not provided]", "${project.version}", " "])
def test_a_stand_in_is_no_version(version: str | None) -> None:
    assert cyclonedx_component(version=version).version is None


@pytest.mark.parametrize(
    ("tools", "producer"),
    [
        ([{"vendor": "aquasecurity", "name": "trivy", "version": "dev"}, {"name": "other"}], "trivy dev"),
        ({"components": [{"type": "application", "name": "syft", "version": "1.18.1"}], "services": [{"name": "s"}]}, "syft 1.18.1"),
        ({"services": [{"name": "hosted"}]}, "hosted"),
        ([{"vendor": "anchore", "name": "syft", "version": "[not provided]"}], "syft"),
        ([], None),
        (None, None),
    ],
)
def test_the_producer_is_the_first_tool(tools: Any, producer: str | None) -> None:
    assert cyclonedx(metadata={"tools": tools}).producer == producer


@pytest.mark.parametrize(
    ("members", "link"),
    [
        ({"serialNumber": SERIAL, "version": 3}, f"urn:cdx:{SERIAL[9:]}/3"),
        ({"serialNumber": SERIAL.upper().replace("URN:UUID", "urn:uuid"), "version": "2"}, f"urn:cdx:{SERIAL[9:]}/2"),
        ({"serialNumber": SERIAL}, f"urn:cdx:{SERIAL[9:]}/1"),
        ({"version": 3}, None),
    ],
)
def test_the_bom_link_is_that_of_serial_number_and_version(members: dict[str, Any], link: str | None) -> None:
    assert cyclonedx({"name": "a"}, **members).bom_link == link


def test_the_subject_is_no_component() -> None:
    document = cyclonedx(
        {"name": "a"},
        metadata={"component": {"type": "application", "group": "acme", "name": "app", "version": "1", "purl": "pkg:npm/app@1"}},
    )
    assert document.subject == Subject(name="acme/app", version="1", purl="pkg:npm/app@1")
    assert [each.name for each in document.components] == ["a"]


def test_what_others_refer_to_the_document_and_its_parts_by() -> None:
    document = cyclonedx(
        {"name": "a", "bom-ref": "a"},
        serialNumber="urn:uuid:3E671687-395b-41f5-a30f-a58921a69b79", version=3, metadata={"component": {"name": "app", "bom-ref": "main"}},
        dependencies=[{"ref": "main", "dependsOn": ["a"]}, {"ref": "a"}, {"ref": "a", "dependsOn": []}, None],
    )  # fmt: skip
    assert document.bom_link == "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/3"
    assert (document.subject_ref, document.dependencies) == ("main", (("main", ("a",)),))
    assert cyclonedx({"name": "a"}).bom_link is None


def test_the_names_of_an_image_are_those_of_either_producer() -> None:
    named = image(("sbomgen:image:tag", "ghcr.io/a/b:1"), ("sbomgen:image:manifest_digest", "sha256:m"),
                  ("aquasecurity:trivy:RepoTag", "ghcr.io/a/b:1"), ("aquasecurity:trivy:RepoDigest", "ghcr.io/a/b@sha256:m"))  # fmt: skip
    subject = cyclonedx(metadata=named).subject
    assert (subject.manifest_digest, subject.references) == ("sha256:m", ("ghcr.io/a/b:1", "ghcr.io/a/b@sha256:m"))


def test_the_image_of_sbomgen() -> None:
    metadata = image(("sbomgen:image:config_digest", "sha256:c"), ("sbomgen:image:platform", "linux/amd64"), *LAYERS)
    component = {
        "name": "curl",
        "scope": "excluded",
        "properties": [
            {"name": "sbomgen:layer:index", "value": "1"},
            {"name": "sbomgen:layer:dockerfile", "value": "Dockerfile:3-4"},
            {"name": "sbomgen:layer:origin", "value": "own"},
            {"name": "sbomgen:visible", "value": "false"},
            {"name": "sbomgen:source:name", "value": "curl-src"},
            {"name": "sbomgen:source:version", "value": "8.0-r1"},
            {"name": "sbomgen:owned_by", "value": "os-package"},
            {"name": "aquasecurity:trivy:SrcName", "value": "ours comes first"},
        ],
        "evidence": {"occurrences": [{"location": "lib/apk/db/installed", "additionalContext": DIFF_IDS[0]}]},
    }
    document = cyclonedx(component, metadata=metadata)
    assert document.subject == Subject(name="app", version="1", config_digest="sha256:c", platform="linux/amd64")
    assert document.layers == (
        ComponentLayer(0, DIFF_IDS[0], "sha256:d0", "ADD rootfs.tar / # buildkit"),
        ComponentLayer(1, DIFF_IDS[1], None, "RUN apk add curl", "Dockerfile:3-4", "own"),
        ComponentLayer(2, DIFF_IDS[2]),
    )
    (curl,) = document.components
    assert (curl.layer, curl.visible, curl.owned_by, curl.paths) == (1, False, "os-package", ("lib/apk/db/installed",))
    assert (curl.source_name, curl.source_version) == ("curl-src", "8.0-r1")


@pytest.mark.parametrize(
    ("component", "layer"),
    [
        ({"evidence": {"occurrences": [{"location": "x"}, {"location": "y", "additionalContext": DIFF_IDS[2]}]}}, 2),
        ({"properties": [{"name": "sbomgen:layer:diff_id", "value": DIFF_IDS[1]}]}, 1),
        ({"properties": [{"name": "aquasecurity:trivy:LayerDiffID", "value": DIFF_IDS[1]}]}, 1),
        ({"properties": [{"name": "syft:location:0:layerID", "value": DIFF_IDS[0]}]}, 0),
        ({"properties": [{"name": "sbomgen:layer:index", "value": "7"}]}, None),
        ({"properties": [{"name": "sbomgen:layer:index", "value": "-1"}]}, None),
        ({"properties": [{"name": "aquasecurity:trivy:LayerDiffID", "value": "sha256:other"}]}, None),
        ({}, None),
    ],
)
def test_where_a_component_is(component: dict[str, Any], layer: int | None) -> None:
    document = cyclonedx({"name": "a", **component}, metadata=image(*LAYERS))
    assert document.components[0].layer == layer


def test_of_layers_alike_the_lowest_counts_and_a_broken_line_is_noted() -> None:
    lines = [("sbomgen:image:layer", f"{index} {DIFF_IDS[0]} - -") for index in (1, 0, 1)]
    document = cyclonedx(
        {"name": "a", "properties": [{"name": "sbomgen:layer:diff_id", "value": DIFF_IDS[0]}]},
        metadata=image(*lines, ("sbomgen:image:layer", "many words but no layer")),
    )
    assert [each.index for each in document.layers] == [0, 1]
    assert document.components[0].layer == 0
    assert [each.loss for each in document.problems] == [False, False]


def test_trivys_layers_count_only_where_their_order_is_known() -> None:
    def layers(*values: str) -> list[str]:
        return [each.diff_id for each in cyclonedx(metadata=image(*(("aquasecurity:trivy:DiffID", value) for value in values))).layers]

    assert layers(*DIFF_IDS) == DIFF_IDS
    assert layers(",".join(DIFF_IDS)) == DIFF_IDS
    assert layers(DIFF_IDS[0]) == DIFF_IDS[:1]
    assert layers(*sorted(DIFF_IDS)) == []


def test_the_image_of_trivy() -> None:
    document = cyclonedx(metadata=image(("aquasecurity:trivy:ImageID", "sha256:c"), ("aquasecurity:trivy:DiffID", "sha256:l")))
    assert document.subject.config_digest == "sha256:c"
    assert document.layers == (ComponentLayer(0, "sha256:l"),)


@pytest.mark.parametrize(
    ("properties", "source"),
    [
        ({"SrcName": "glibc", "SrcVersion": "2.36", "SrcRelease": "9+deb12u4"}, ("glibc", "2.36-9+deb12u4")),
        ({"SrcName": "shadow", "SrcVersion": "4.13", "SrcRelease": "1", "SrcEpoch": "1"}, ("shadow", "1:4.13-1")),
        ({"SrcName": "musl", "SrcVersion": "1.2.4-r2", "SrcEpoch": "0"}, ("musl", "1.2.4-r2")),
        ({"SrcName": "musl"}, ("musl", None)),
    ],
)
def test_the_source_package_of_trivy(properties: dict[str, str], source: tuple[str, str | None]) -> None:
    component = stating(*((f"aquasecurity:trivy:{name}", value) for name, value in properties.items()))
    assert (component.source_name, component.source_version) == source


@pytest.mark.parametrize(
    ("properties", "source"),
    [
        ({"PackageOrigin": "busybox", "PackageSource": "4941"}, ("busybox", None)),
        ({"PackageSource": "4941"}, (None, None)),
        ({"PackageSource": "bash-4.4-19.6.1.src.rpm"}, ("bash", "4.4-19.6.1")),
        ({"PackageSource": "shadow"}, ("shadow", None)),
        ({"PackageSource": "gcc-defaults (1.203)"}, ("gcc-defaults", "1.203")),
        ({"PackageSource": "(none)"}, (None, None)),
        ({"PackageSource": "other", "SrcName": "Trivy's own comes first"}, ("Trivy's own comes first", None)),
    ],
)
def test_the_source_package_of_cdxgen(properties: dict[str, str], source: tuple[str | None, str | None]) -> None:
    component = stating(*((f"aquasecurity:trivy:{name}", value) for name, value in properties.items()))
    assert (component.source_name, component.source_version) == source


@pytest.mark.parametrize(
    ("properties", "source"),
    [
        ({"source": "gcc-12", "sourceVersion": "12.2.0-14"}, ("gcc-12", "12.2.0-14")),
        ({"source": "util-linux"}, ("util-linux", None)),
        ({"source": "", "sourceVersion": ""}, (None, None)),
        ({"originPackage": "busybox"}, ("busybox", None)),
        ({"sourceRpm": "util-linux-2.32.1-42.el8_8.src.rpm", "release": "42.el8_8"}, ("util-linux", "2.32.1-42.el8_8")),
        ({"sourceRpm": "(none)"}, (None, None)),
    ],
)
def test_the_source_package_of_syft(properties: dict[str, str], source: tuple[str | None, str | None]) -> None:
    component = stating(*((f"syft:metadata:{name}", value) for name, value in properties.items()))
    assert (component.source_name, component.source_version) == source


def test_paths_and_cpes_of_all_producers_without_repetition() -> None:
    component = stating(
        ("syft:location:0:path", "/a"),
        ("syft:location:1:path", "/b"),
        ("syft:location:1:layerID", "sha256:x"),
        ("aquasecurity:trivy:FilePath", "b"),
        ("SrcFile", "/c"),
        ("cdx:npm:package:path", "node_modules/d"),
        ("syft:cpe23", "cpe:2"),
        ("syft:cpe23", "cpe:1"),
        cpe="cpe:1",
        evidence={"occurrences": [{"location": "a"}, {"location": "z"}, {"line": 3}]},
    )
    assert component.paths == ("a", "z", "/b", "/c", "node_modules/d")
    assert component.cpes == ("cpe:1", "cpe:2")


@pytest.mark.parametrize(
    ("component", "distro"),
    [
        ({"name": "debian", "version": "12.5"}, DistroStatement("debian", "12.5")),
        ({"name": "redhat", "version": "8.3"}, DistroStatement("rhel", "8.3")),
        ({"name": "suse linux enterprise server", "version": "15.4"}, DistroStatement("sles", "15.4")),
        ({"name": "amazon", "version": "2 (Karoo)"}, DistroStatement("amzn", "2")),
        ({"name": "Debian GNU/Linux", "version": "12 (bookworm)"}, DistroStatement("debian", "12")),
        ({"name": "wolfi"}, DistroStatement("wolfi")),
        ({"name": "none"}, None),
        (
            {
                "name": "Alpine Linux v3.20",
                "properties": [{"name": "syft:distro:id", "value": "alpine"}, {"name": "syft:distro:versionID", "value": "3.20.3"}],
            },
            DistroStatement("alpine", "3.20.3"),
        ),
    ],
)
def test_operating_systems_state_the_distribution(component: dict[str, Any], distro: DistroStatement | None) -> None:
    document = cyclonedx({"name": "before"}, {"type": "operating-system", **component})
    assert document.distros == ((distro,) if distro else ())
    assert document.components[1].distro == distro


def test_a_library_named_like_a_distribution_states_none() -> None:
    assert cyclonedx({"type": "library", "name": "debian", "version": "12"}).distros == ()


@pytest.mark.parametrize(
    ("component", "where", "words"),
    [
        (3, "components[1]", "got `int`: left out"),
        (["name"], "components[1]", "got `array`: left out"),
        ({"name": ["a"]}, "components[1].name", "got `array`: left out"),
        ({"name": "a", "properties": [{"name": "x", "value": {}}]}, "components[1].properties[0].value", "got `object`: left out"),
        ({"name": "a", "components": [{"purl": {}}]}, "components[1].components[0].purl", "got `object`: left out"),
        ({"name": "a", "evidence": {"occurrences": {}}}, "components[1].evidence.occurrences", "got `object`: left out"),
    ],
)
def test_one_wrong_value_costs_that_value_alone(component: Any, where: str, words: str) -> None:
    document = cyclonedx({"name": "first", "bom-ref": "1"}, component, {"name": "last", "version": "1.0"})
    problem = next(each for each in document.problems if each.loss)
    assert (problem.code, problem.where) == (ProblemCode.BAD_COMPONENT, f"made: {where}")
    assert words in problem.message
    assert (document.components[0].name, document.components[-1].name, document.components[-1].version) == ("first", "last", "1.0")
    assert document.components[-1].ref == "components[2]"


def test_a_number_where_a_text_belongs_is_taken_as_written() -> None:
    data = b'{"bomFormat": "CycloneDX", "specVersion": 1.6, "components": [{"name": "a", "version": 1.10}, {"name": "b", "version": true}]}'
    document = read_document(data, "made")
    assert [each.version for each in document.components] == ["1.10", "true"]
    assert document.spec_version == "1.6"
    assert len(document.problems) == 3
    assert not any(each.loss for each in document.problems)


def test_a_broken_subject_or_author_leaves_the_components() -> None:
    document = cyclonedx({"name": "a"}, metadata={"tools": "me", "component": []})
    assert [each.name for each in document.components] == ["a"]
    assert [(each.where, each.loss) for each in document.problems] == [("made: metadata.tools", False), ("made: metadata.component", True)]


def test_a_component_without_a_name_is_kept_and_noted() -> None:
    document = cyclonedx({"purl": "pkg:npm/a@1"}, {})
    assert [(each.name, each.type) for each in document.components] == [("", "library"), ("", "library")]
    assert [each.loss for each in document.problems] == [False, False]


def test_a_document_without_components_says_so() -> None:
    assert cyclonedx().problems == (Problem(ProblemCode.NO_COMPONENTS, "made", "lists no components: there is nothing to match", False),)
    assert cyclonedx(components=None).components == ()


@pytest.mark.parametrize("version", ["1.0", "1.2", "1.7", "1.8"])
def test_every_minor_version_is_read(version: str) -> None:
    document = cyclonedx({"name": "a"}, specVersion=version)
    assert (document.spec_version, document.problems) == (version, ())


def test_another_major_version_is_not_built_yet_and_none_is_noted() -> None:
    with pytest.raises(UnreadableError, match=r"reading CycloneDX 2\.0 is not built yet"):
        cyclonedx({"name": "a"}, specVersion="2.0")
    document = cyclonedx({"name": "a"}, specVersion="${specVersion}")
    assert [(each.code, each.loss) for each in document.problems] == [(ProblemCode.BAD_RECORD, False)]
