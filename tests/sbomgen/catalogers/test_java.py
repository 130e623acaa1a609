import hashlib
import io
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers import _zip_archive, java
from sbomgen.catalogers._java_contents import CERTAIN, LICENCE_LIMIT_CHARS, LICENCES_LIMIT, METADATA_LIMIT_BYTES, SUFFIXES
from sbomgen.catalogers.java import ARCHIVE_LIMIT_BYTES, DEPTH_LIMIT, PROBLEMS_LIMIT, JavaCataloger
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.history import PackageHistory
from sbomgen.model import DeliveredFile, Edge, EdgeKind, EventKind, Hash, Package, ProblemCode, Technique
from sbomgen.purl import purl_of
from tests.support.evidence import MemoryFile, MemoryView, packages_of, read_all
from tests.support.jars import jar, manifest, pom

CATALOGER = JavaCataloger()
Files = Mapping[str, bytes]


def found_in(files: Files, links: dict[str, str] | None = None) -> list[str]:
    """What is found, `ROOT: GROUP:ARTIFACT@VERSION`, sorted."""
    view = MemoryView(files, links)
    assert view.problems == []
    return sorted(f"{package.root}: {package.name}@{package.raw_version}" for package in packages_of(CATALOGER, view))


def problems_of(path: str, body: bytes) -> list[tuple[str, str, bool]]:
    _, problems = read_all(CATALOGER, [MemoryFile(path, body)])
    return [(problem.code.value, problem.where, problem.loss) for problem in problems]


def library(name: str, version: str = "1.0") -> bytes:
    return jar(pom(f"org.example:{name}:{version}"))


def test_a_jar_becomes_a_package() -> None:
    licence = "<project><licenses><license><name>MIT</name></license></licenses></project>"
    poms: dict[str, bytes | str] = {**pom("org.example:a:1.0"), "META-INF/maven/org.example/a/pom.xml": licence}
    body = jar({**poms, **manifest(Implementation_Vendor="Example Ltd", Bundle_License="BSD")})
    assert packages_of(CATALOGER, MemoryView({"opt/lib/a-1.0.jar": body})) == [
        Package(
            type="maven",
            name="org.example:a",
            raw_version="1.0",
            root="opt/lib",
            licences=("MIT",),
            hashes=(Hash("SHA-1", hashlib.sha1(body).hexdigest()),),
            supplier="Example Ltd",
            evidence=("opt/lib/a-1.0.jar",),
            file=DeliveredFile("a-1.0.jar", executable=None, archive=True),
        )
    ]


def test_an_archive_is_a_file_that_executes_if_it_has_classes_or_archives_or_a_script_in_front() -> None:
    shaded = jar({**pom("org.example:c:3"), **pom("commons-io:commons-io:2.6"), "org/Example.CLASS": b""})
    war = jar({**pom("org.example:a:1"), "WEB-INF/lib/c-3.jar": shaded})
    files = {"a-1.war": war, "d.jar": library("d"), "e.jar": b"#!/bin/sh\nexec java -jar $0\n" + library("e")}
    found = {package.name.rpartition(":")[2]: package.file for package in packages_of(CATALOGER, MemoryView(files))}
    assert found == {
        "a": DeliveredFile("a-1.war", executable=True, archive=True),
        "c": DeliveredFile("c-3.jar", executable=True, archive=True),
        "commons-io": None,
        "d": DeliveredFile("d.jar", executable=None, archive=True),
        "e": DeliveredFile("e.jar", executable=True, archive=True),
    }


@pytest.mark.parametrize("suffix", [spelt for suffix in SUFFIXES for spelt in (suffix, suffix.upper())])
def test_every_kind_of_archive_is_read(suffix: str) -> None:
    assert found_in({f"a-1{suffix}": library("a")}) == [": org.example:a@1.0"]
    assert found_in({"b.jar": jar({f"lib/a-1{suffix}": library("a")})})[-1] == "b.jar!/lib: org.example:a@1.0"


@pytest.mark.parametrize("stored", [False, True])
def test_archives_in_archives_are_packages(stored: bool) -> None:
    war = jar({"WEB-INF/lib/a-1.0.jar": library("a"), "WEB-INF/lib/b-2.jar": jar(manifest())}, stored)
    ear = jar({**pom("org.example:all:3"), "site-3.war": war}, stored)
    assert found_in({"opt/all-3.ear": ear}) == [
        "opt/all.ear!/site.war!/WEB-INF/lib: b@2",
        "opt/all.ear!/site.war!/WEB-INF/lib: org.example:a@1.0",
        "opt/all.ear: site@3",
        "opt: org.example:all@3",
    ]


def test_shaded_artifacts_are_packages_of_the_archive() -> None:
    body = jar({**pom("org.example:app:9"), **pom("commons-io:commons-io:2.6"), **pom("org.yaml:snakeyaml:1.26")})
    expected = ["opt/app.jar: commons-io:commons-io@2.6", "opt/app.jar: org.yaml:snakeyaml@1.26", "opt: org.example:app@9"]
    assert found_in({"opt/app-9.jar": body}) == expected
    assert found_in({"opt/app-9.jar": b"#!/bin/sh\nexec java -jar $0\n" + body}) == expected


def test_an_archive_contains_what_lies_in_it_and_was_shaded_into_it() -> None:
    silent = jar({"lib/b-2.jar": library("b"), "lib/c-3.jar": jar({**pom("org.example:c:3"), **pom("commons-io:commons-io:2.6")})})
    ear = jar({**pom("org.example:all:3"), "data.zip.jar": silent, "a-1.0.jar": library("a")})
    edges = [found for found in CATALOGER.assemble(MemoryView({"all-3.ear": ear})) if isinstance(found, Edge)]
    names = {(edge.kind, edge.from_slot.split("|")[2], edge.to_slot.split("|")[2], edge.to_version) for edge in edges}
    assert {(start, end, version) for _, start, end, version in names} >= {
        ("org.example:all", "org.example:a", "1.0"), ("org.example:c", "commons-io:commons-io", "2.6"),
    }  # fmt: skip
    assert {kind for kind, *_ in names} == {EdgeKind.CONTAINS}
    assert {end for _, _, end, _ in names} == {"org.example:a", "org.example:b", "org.example:c", "commons-io:commons-io", "data.zip"}


def test_how_an_archive_is_known_is_told() -> None:
    def technique(body: bytes, cataloger: JavaCataloger = CATALOGER) -> Technique:
        return packages_of(cataloger, MemoryView({"opt/a-1.jar": body}))[0].technique

    assert technique(library("a")) is Technique.MANIFEST_ANALYSIS
    assert technique(jar(manifest())) is Technique.FILENAME
    assert technique(jar(manifest(Group_Id="org.example", Short_Name="a", Plugin_Version="1"))) is Technique.MANIFEST_ANALYSIS
    assert technique(jar(manifest()), JavaCataloger(lambda _: ("org.example", "a", "1"))) is Technique.HASH_COMPARISON


def test_a_spring_boot_jar_is_itself_and_its_libraries() -> None:
    boot = manifest(
        Start_Class="org.example.Main", Implementation_Title="shop", Implementation_Version="0.4.2", Spring_Boot_Version="2.7.3"
    )
    body = jar({**boot, **pom("org.example:shop:0.4.2"), "BOOT-INF/lib/spring-boot-2.7.3.jar": jar(manifest())}, stored=True)
    assert found_in({"app.jar": body}) == [
        ": org.example:shop@0.4.2",
        "app.jar!/BOOT-INF/lib: org.springframework.boot:spring-boot@2.7.3",
    ]


def test_a_pom_xml_stands_in_for_properties_that_miss() -> None:
    folder = "META-INF/maven/org.example/a"
    poms: dict[str, bytes | str] = {
        f"{folder}/pom.properties": "artifactId=a\n",
        f"{folder}/pom.xml": "<project><groupId>${x}</groupId><artifactId>a</artifactId><version>3</version></project>",
    }
    assert found_in({"a.jar": jar(poms)}) == [": org.example:a@3"]
    assert found_in({"a.jar": jar({"archetype-resources/pom.xml": poms[f"{folder}/pom.xml"]})}) == [": a@"]


def test_what_states_no_version_has_none() -> None:
    assert found_in({"site.war": jar(manifest())}) == [": site@"]
    (package,) = packages_of(CATALOGER, MemoryView({"site.war": jar(manifest())}))
    assert purl_of(package) == "pkg:maven/site"


def test_a_classifier_is_part_of_the_purl_and_of_the_slot() -> None:
    files = {f"lib/n-4.1{classifier}.jar": library("n", "4.1") for classifier in ("", "-linux-x86_64", "-tests")}
    packages = packages_of(CATALOGER, MemoryView(files))
    assert sorted(purl_of(package) for package in packages) == [
        "pkg:maven/org.example/n@4.1",
        "pkg:maven/org.example/n@4.1?classifier=linux-x86_64",
        "pkg:maven/org.example/n@4.1?classifier=tests",
    ]
    assert len({package.slot for package in packages}) == 3


def test_two_copies_of_one_version_in_one_folder_are_one_package() -> None:
    packages = packages_of(CATALOGER, MemoryView({"lib/a-1.0.jar": library("a"), "lib/a.jar": library("a"), "b/a.jar": library("a")}))
    assert [(package.root, package.evidence) for package in packages] == [("b", ("b/a.jar",)), ("lib", ("lib/a-1.0.jar", "lib/a.jar"))]


MAVEN_REPO = "usr/share/maven-repo/org/eclipse/jetty/jetty-util"


def test_debian_s_maven_repository_names_a_jar_exactly() -> None:
    files = {
        "usr/share/java/jetty9-util.jar": jar(manifest(Bundle_SymbolicName="org.eclipse.jetty.util", Bundle_Version="9.4.57")),
        **{f"{MAVEN_REPO}/{version}/jetty-util-{version}.pom": b"" for version in ("9.4.57.v2024", "9.x", "debian")},
    }
    links = {
        f"{MAVEN_REPO}/{version}/jetty-util-{version}.jar": "/usr/share/java/jetty9-util.jar"
        for version in ("9.4.57.v2024", "9.x", "debian")
    }
    assert found_in(files) == ["usr/share/java: jetty9-util@9.4.57"]
    assert found_in(files, links) == ["usr/share/java: org.eclipse.jetty:jetty-util@9.4.57.v2024"]


def test_a_jar_s_own_pom_goes_before_debian_s_links() -> None:
    files = {"usr/share/java/a.jar": library("a"), f"{MAVEN_REPO}/1/jetty-util-1.pom": b""}
    assert found_in(files, {f"{MAVEN_REPO}/1/jetty-util-1.jar": "../../../../../../java/a.jar"}) == ["usr/share/java: org.example:a@1.0"]


def test_of_several_links_the_one_that_fits_the_jar_counts() -> None:
    repo = "usr/share/maven-repo"
    names = {f"{repo}/javax/servlet/api/3.1/api-3.1": "", f"{repo}/org/x/tool/2/tool-2": "", f"{repo}/org/x/tool/1/tool-1": ""}
    files = {"usr/share/java/tool-1.jar": jar(manifest()), **{f"{name}.pom": b"" for name in names}}
    links = {f"{name}.jar": "/usr/share/java/tool-1.jar" for name in names}
    assert found_in(files, links) == ["usr/share/java: org.x:tool@1"]


def test_a_folder_that_is_reached_by_two_names_is_one_root() -> None:
    assert found_in({"opt/a.jar": library("a"), "link/b.jar": library("b")}, {"link": "opt"}) == [
        "opt: org.example:a@1.0",
        "opt: org.example:b@1.0",
    ]


def history_of(*views: Files) -> list[str]:
    history = PackageHistory()
    for layer, files in enumerate(views):
        history.observe(layer, CATALOGER.name, packages_of(CATALOGER, MemoryView(files)), lambda _: 0)
    return sorted(
        f"{package.package.name} {event.kind} {event.version}"
        for package in history.packages()
        for event in package.events
        if event.kind is not EventKind.INTRODUCED
    )


def test_a_jar_in_place_of_one_of_another_version_is_an_upgrade() -> None:
    old, new = {"lib/a-1.9.jar": library("a", "1.9")}, {"lib/a-1.10.jar": library("a", "1.10")}
    assert history_of(old, new) == ["org.example:a upgraded 1.10"]
    assert history_of(new, old) == ["org.example:a downgraded 1.9"]


def test_what_lies_in_a_jar_is_upgraded_with_it() -> None:
    def app(version: str, inner: str) -> Files:
        body = jar({**pom(f"org.example:app:{version}"), f"lib/a-{inner}.jar": library("a", inner), "lib/b-1.jar": library("b", "1")})
        return {f"opt/app-{version}.jar": body}

    assert history_of(app("1.0", "2.0"), app("1.1", "2.1")) == ["org.example:a upgraded 2.1", "org.example:app upgraded 1.1"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_that_cannot_be_opened_is_a_loss_if_its_name_means_one(suffix: str) -> None:
    assert problems_of(f"opt/a{suffix}", b"not a zip") == [("evidence_unreadable", f"opt/a{suffix}", suffix in CERTAIN)]
    nested = jar({f"lib/a{suffix}": b"not a zip"})
    assert problems_of("opt/b.jar", nested) == [("evidence_unreadable", f"opt/b.jar!/lib/a{suffix}", suffix in CERTAIN)]


def test_a_broken_archive_within_leaves_the_others() -> None:
    body = jar({**pom("org.example:app:1"), "a.jar": library("a")[:-5], "b.jar": library("b")})
    facts, problems = read_all(CATALOGER, [MemoryFile("app-1.jar", body)])
    assert [(problem.where, problem.loss) for problem in problems] == [("app-1.jar!/a.jar", True)]
    assert len(facts) == 2


def test_a_broken_pom_leaves_the_archive() -> None:
    body = jar({**pom("org.example:a:1"), **manifest()})
    place = body.index(b"META-INF/MANIFEST.MF") + 30
    broken = body[:place] + b"\xff" * 8 + body[place + 8 :]
    facts, problems = read_all(CATALOGER, [MemoryFile("a-1.jar", broken)])
    assert [problem.where for problem in problems] == ["a-1.jar!/META-INF/MANIFEST.MF"]
    assert len(facts) == 1


def test_an_archive_without_members_is_nothing() -> None:
    assert found_in({"empty.jar": jar({})}) == []


def test_a_zip_that_is_none_of_java_s_is_nothing() -> None:
    assert found_in({"perl.par": jar({"lib/main.pl": b"1"})}) == []
    assert found_in({"plain.jar": jar({"x.txt": b"1"})}) == [": plain@"]


def nested(levels: int, body: bytes, stored: bool = False) -> bytes:
    for _ in range(levels):
        body = jar({"nested.jar": body}, stored)
    return body


@pytest.mark.parametrize("stored", [False, True])
def test_archives_are_read_to_a_depth(stored: bool) -> None:
    facts, problems = read_all(CATALOGER, [MemoryFile("a.jar", nested(DEPTH_LIMIT, library("a"), stored))])
    assert (len(facts), problems) == (DEPTH_LIMIT + 1, [])
    deeper, (problem,) = read_all(CATALOGER, [MemoryFile("a.jar", nested(DEPTH_LIMIT + 1, library("a"), stored))])
    assert (len(deeper), problem.code, problem.loss) == (DEPTH_LIMIT + 1, ProblemCode.LIMIT_REACHED, True)


def test_archives_are_read_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "ARCHIVES_LIMIT", 2)
    assert problems_of("a.jar", jar({f"{number}.jar": library("x") for number in range(4)})) == [
        ("limit_reached", "a.jar!/2.jar", True),
    ]


def test_archives_are_read_to_a_total_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = library("x")
    monkeypatch.setattr(java, "NESTED_LIMIT_BYTES", 2 * len(inner))
    assert problems_of("a.jar", jar({f"{number}.jar": inner for number in range(3)})) == [("limit_reached", "a.jar!/2.jar", True)]


def test_problems_are_told_to_a_number() -> None:
    problems = problems_of("a.jar", jar({f"{number}.jar": b"" for number in range(PROBLEMS_LIMIT + 5)}))
    assert len(problems) == PROBLEMS_LIMIT + 1
    assert problems[-1] == ("limit_reached", "a.jar", True)


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zip_archive, "RATIO_FREE_BYTES", 1 << 20)
    assert problems_of("a.jar", jar({"bomb.jar": bytes(8 << 20)})) == [("limit_reached", "a.jar!/bomb.jar", True)]


def test_metadata_is_read_to_a_size() -> None:
    body = jar({**pom("org.example:a:1"), "META-INF/MANIFEST.MF": bytes(METADATA_LIMIT_BYTES + 1)})
    assert problems_of("a-1.jar", body) == [("limit_reached", "a-1.jar!/META-INF/MANIFEST.MF", True)]


def test_poms_are_read_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "POMS_LIMIT", 2)
    body = jar({**pom("org.example:a:1"), **pom("org.example:b:1"), **pom("org.example:c:1")})
    ((_, fact),), (problem,) = read_all(CATALOGER, [MemoryFile("a-1.jar", body)])
    assert isinstance(fact, java.ArchiveFact)
    assert (len(fact.components), problem.code, problem.loss) == (1, ProblemCode.LIMIT_REACHED, True)


def test_metadata_is_read_to_a_total_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "METADATA_TOTAL_LIMIT_BYTES", 100)
    body = jar({f"{name}-1.jar": library(name, "1") for name in "abc"})
    facts, problems = read_all(CATALOGER, [MemoryFile("x.jar", body)])
    assert [problem.where for problem in problems] == ["x.jar!/b-1.jar!/META-INF/maven/org.example/b/pom.properties"]
    assert len(facts) == 4


def test_a_licence_s_text_is_no_licence() -> None:
    (package,) = packages_of(CATALOGER, MemoryView({"a-1.jar": jar(manifest(Bundle_License="x" * (LICENCE_LIMIT_CHARS + 1) + ", MIT"))}))
    assert package.licences == ("MIT",)


def test_licences_are_read_to_a_number() -> None:
    body = jar(manifest(Bundle_License=",".join(f"L{number}" for number in range(LICENCES_LIMIT + 5))))
    (package,) = packages_of(CATALOGER, MemoryView({"a-1.jar": body}))
    assert len(package.licences) == LICENCES_LIMIT


def test_an_archive_over_the_limit_is_refused() -> None:
    class Huge(MemoryFile):
        def __init__(self) -> None:
            super().__init__("a.jar", b"PK")
            self.size_bytes = ARCHIVE_LIMIT_BYTES + 1

    with pytest.raises(EvidenceTooLargeError):
        list(CATALOGER.read(Huge()))


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=150, deadline=None)
def test_no_damage_makes_it_raise(seed: int) -> None:
    chance = random.Random(seed)
    body = bytearray(jar({**pom("org.example:app:1"), **manifest(), "lib/a-1.0.jar": library("a")}, stored=seed % 2 == 0))
    for _ in range(chance.randint(1, 6)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    _, problems = read_all(CATALOGER, [MemoryFile("a-1.jar", bytes(body[: chance.choice([None, chance.randrange(len(body))])]))])
    assert all(problem.where.startswith("a-1.jar") for problem in problems)


PEERS = "packagedbs"
TRIVY = f"{PEERS}/aquasecurity+trivy/pkg/dependency/parser/java/jar/testdata"
SCALIBR = f"{PEERS}/google+osv-scalibr/extractor/filesystem/language/java/archive/testdata"
SYFT = f"{PEERS}/anchore+syft/cmd/syft/internal/test/integration/testdata/image-pkg-coverage/pkgs/java"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{TRIVY}/multi-license-1.0.0.jar", [": com.example:multi-license@1.0.0"]),
        (
            f"{TRIVY}/gradle.war",
            [
                ": gradle@",
                "gradle.war!/WEB-INF/lib: commons-dbcp:commons-dbcp@1.4",
                "gradle.war!/WEB-INF/lib: commons-pool:commons-pool@1.6",
                "gradle.war!/WEB-INF/lib: log4j:log4j@1.2.17",
                "gradle.war!/WEB-INF/lib: org.apache.commons:commons-compress@1.19",
            ],
        ),
        (
            f"{TRIVY}/nested.jar",
            [
                ": test:nested@0.0.1",
                "nested.jar!/META-INF/jars/nested2.jar!/META-INF/jars: test:nested3@0.0.3",
                "nested.jar!/META-INF/jars: test:nested2@0.0.2",
            ],
        ),
        (
            f"{TRIVY}/io.quarkus.gizmo.gizmo-1.1.jar",
            [
                ": io.quarkus.gizmo:gizmo@1.1",
                "io.quarkus.gizmo.gizmo.jar!/jars: log4j:log4j@1.2.16",
                "io.quarkus.gizmo.gizmo.jar!/jars: log4j:log4j@1.2.17",
                "io.quarkus.gizmo.gizmo.jar: com.fasterxml.jackson.core:jackson-databind@2.12.3",
                "io.quarkus.gizmo.gizmo.jar: com.fasterxml.jackson.core:jackson-databind@2.13.4",
            ],
        ),
        (f"{TRIVY}/test.jar", [": test@2.5.6.SEC03"]),
        (f"{SCALIBR}/simple.jar", [": com.some.package:package-name@1.2.3"]),
        (
            f"{SCALIBR}/complex.jar",
            [": com.some.package:package-name@1.2.3", "complex.jar!/BOOT-INF/lib: com.some.anotherpackage:another-package-name@3.2.1"],
        ),
        (f"{SCALIBR}/empty.jar", []),
        (f"{SCALIBR}/guava-31.1-jre.jar", [": com.google.guava:guava@31.1-jre"]),
        (f"{SCALIBR}/no_pom_properties-2.4.0.jar", [": no_pom_properties@2.4.0"]),
        (f"{SCALIBR}/pom_missing_group_id-2.4.0.jar", [": pom_missing_group_id@2.4.0", "pom_missing_group_id.jar: package-name@1.2.3"]),
        (
            f"{SYFT}/example-java-app-maven-0.1.0.jar",
            [": org.anchore:example-java-app-maven@0.1.0", "example-java-app-maven.jar: joda-time:joda-time@2.9.2"],
        ),
        (
            f"{SYFT}/example-jenkins-plugin.hpi",
            [
                ": io.jenkins.plugins:example-jenkins-plugin@1.0-SNAPSHOT",
                "example-jenkins-plugin.hpi!/WEB-INF/lib: io.jenkins.plugins:example-jenkins-plugin@1.0-SNAPSHOT",
            ],
        ),
    ],
)
def test_archives_that_peers_test_with(shared_data: Path, path: str, expected: list[str]) -> None:
    file = shared_data / path
    assert found_in({file.name: file.read_bytes()}) == expected


def test_ten_levels_are_read_and_of_a_hundred_the_first(shared_data: Path) -> None:
    ten, hundred = ((shared_data / SCALIBR / f"nested_at_{levels}.jar").read_bytes() for levels in (10, 100))
    assert [line for line in found_in({"a.jar": ten}) if line.endswith(": com.some.package:package-name@1.2.3")]
    assert [code for code, _, _ in problems_of("a.jar", hundred)] == ["limit_reached"]


def test_the_stream_is_left_open_for_none() -> None:
    class Watched(MemoryFile):
        def open(self, limit_bytes: int) -> io.BytesIO:
            self.stream = io.BytesIO(self._body)
            return self.stream

    file = Watched("a.jar", nested(2, library("a")))
    assert len(list(CATALOGER.read(file))) == 3
    assert file.stream.closed
