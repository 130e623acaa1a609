import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers._java_groups import known_group
from sbomgen.catalogers._java_identity import identify, without_version
from sbomgen.catalogers._java_manifest import (
    MAIN_SECTION_LIMIT_BYTES,
    TAGS_LIMIT,
    VALUE_LIMIT_CHARS,
    Coordinates,
    identifier,
    licences_of_manifest,
    licences_of_pom,
    parse_manifest,
    parse_pom,
    parse_properties,
    version_of,
)

CLAIRCORE = "packagedbs/quay+claircore/java/jar/testdata"
SYFT = "packagedbs/anchore+syft/syft/pkg/cataloger/java/testdata"
UNKNOWN_GROUPS = frozenset({
    "apache-cassandra", "cassandra-driver-core", "concurrent-trees", "ecj", "fqltool", "high-scale-lib",
    "j2objc-annotations", "jamm", "java-cup-runtime", "jbcrypt", "jflex", "jna", "json-simple", "jvm-attach-api", "mxdump",
    "netty-tcnative-boringssl-static", "ohc-core", "ohc-core-j8", "psjava", "sigar", "sjk-cli", "sjk-core", "sjk-json",
    "sjk-stacktrace", "snowball-stemmer", "stream", "stress",
})  # fmt: skip
"""Jars of Cassandra whose manifest says nothing of a group."""


def coordinates(text: str) -> Coordinates:
    return Coordinates(*text.split(":"))


def identified(file_name: str, *poms: str, **attributes: str) -> str:
    """`GROUP:ARTIFACT:VERSION`, the classifier after a blank, the components after a plus."""
    stated = {name.replace("_", "-").lower(): value for name, value in attributes.items()}
    identity = identify(file_name, [coordinates(text) for text in poms], stated)
    own = identity.coordinates
    components = "".join(f" + {component.name}:{component.version}" for component in identity.components)
    return f"{own.group}:{own.artifact}:{own.version} {identity.classifier}".rstrip() + components


@pytest.mark.parametrize(
    ("file_name", "poms", "expected"),
    [
        ("a-1.jar", ["g:a:1"], "g:a:1"),
        ("a.jar", ["g:a:1"], "g:a:1"),
        ("a-1-linux-x86_64.jar", ["g:a:1"], "g:a:1 linux-x86_64"),
        ("a-1-tests.jar", ["g:a:1", "g:a:1"], "g:a:1 tests"),
        ("g.h.a-1.jar", ["g.h:a:1"], "g.h:a:1"),
        ("a_b-1.jar", ["g:a-b:1"], "g:a-b:1"),
        ("zookeeper-3.4.14.jar", ["g:zookeeper-3:3.4.14-14.0"], "g:zookeeper-3:3.4.14-14.0"),
        ("renamed.jar", ["g:a:1"], "g:a:1"),
        ("renamed-1.jar", ["g:a:1"], "g:a:1"),
        ("log4j-api-2.14.1.jar", ["g:log4j:1", "g:log4j-api:2.14.1"], "g:log4j-api:2.14.1 + g:log4j:1"),
        ("a-2.jar", ["com.x:a:1", "org.x:a:2"], "org.x:a:2 + com.x:a:1"),
        ("shaded-9.9.jar", ["g:shaded:9.9", "g:b:1", "h:c:2"], "g:shaded:9.9 + g:b:1 + h:c:2"),
        ("app-1.0.jar", ["g:jline:2.14"], ":app:1.0 + g:jline:2.14"),
        ("app.jar", ["g:b:1", "g:c:2"], ":app: + g:b:1 + g:c:2"),
        ("a-1.jar", [":a:1"], ":a:1"),
        ("a-1.jar", ["g:a:"], "g:a:1"),
        ("app-1.0.jar", ["g:b:"], ":app:1.0"),
    ],
)
def test_the_pom_that_fits_the_file_name_is_the_archive_s_own(file_name: str, poms: list[str], expected: str) -> None:
    assert identified(file_name, *poms) == expected


def test_the_manifest_tells_which_of_several_poms_is_the_archive_s_own() -> None:
    assert identified("app.jar", "g:b:1", "g:shop:2", Implementation_Title="shop") == "g:shop:2 + g:b:1"


def test_the_only_pom_is_another_s_where_the_bundle_has_another_name() -> None:
    found = identified("guice.jar", "cglib:cglib:3.2", Bundle_SymbolicName="com.google.inject", Bundle_Version="4.2.3")
    assert found == ":guice:4.2.3 + cglib:cglib:3.2"
    assert (
        identified("x.jar", "org.eclipse.jetty:jetty-util:9", Bundle_SymbolicName="org.eclipse.jetty.util")
        == "org.eclipse.jetty:jetty-util:9"
    )


@pytest.mark.parametrize(
    ("file_name", "attributes", "expected"),
    [
        ("nopom-1.2.3.jar", {}, ":nopom:1.2.3"),
        ("nopom.jar", {}, ":nopom:"),
        ("a-1.0-SNAPSHOT.jar", {}, ":a:1.0-SNAPSHOT"),
        ("annotations-17.0.0.jar", {"automatic_module_name": "org.jetbrains.annotations"}, "org.jetbrains:annotations:17.0.0"),
        ("a-util-1.jar", {"bundle_symbolicname": "org.x.a.util;singleton:=true"}, "org.x.a:a-util:1"),
        ("snappy-java-1.jar", {"bundle_symbolicname": "org.xerial.snappy.snappy-java"}, "org.xerial.snappy:snappy-java:1"),
        ("util-1.jar", {"bundle_symbolicname": "util"}, ":util:1"),
        ("a-1.jar", {"bundle_symbolicname": "com.a"}, ":a:1"),
        ("flink-csv-1.jar", {"implementation_vendor_id": "org.apache.flink"}, "org.apache.flink:flink-csv:1"),
        ("x-1.jar", {"implementation_vendor_id": "org.apache"}, ":x:1"),
        ("x-1.jar", {"implementation_vendor": "org.typelevel"}, "org.typelevel:x:1"),
        ("x-1.jar", {"implementation_vendor": "Sun Microsystems, Inc."}, ":x:1"),
        ("cats_2.12-2.1.jar", {}, ":cats_2.12:2.1"),
        ("scala-xml_2.12-1.jar", {"bundle_symbolicname": "org.scala-lang.modules.scala-xml"}, "org.scala-lang.modules:scala-xml_2.12:1"),
        ("commons-io-2.6.jar", {"bundle_symbolicname": "org.apache.commons.io"}, "commons-io:commons-io:2.6"),
        ("jackson-mapper-asl-1.9.13.jar", {"bundle_symbolicname": "jackson-mapper-asl"}, "org.codehaus.jackson:jackson-mapper-asl:1.9.13"),
        ("app.jar", {"implementation_title": "shop", "implementation_version": "2"}, ":shop:2"),
        ("app.jar", {"implementation_title": "The Shop", "implementation_version": "2"}, ":app:2"),
        ("ivy.jar", {"implementation_title": "org.apache.ivy", "bundle_version": "2.5"}, "org.apache.ivy:ivy:2.5"),
        ("a.jar", {"specification_version": "3"}, ":a:3"),
        ("a.jar", {"implementation_version": "1.3 2244 October 5 2005"}, ":a:"),
        ("a.jar", {"implementation_version": "${project.version}", "bundle_version": "4"}, ":a:4"),
        ("log4j-1.2-api-2.14.1.jar", {"implementation_version": "2.14.1"}, "org.apache.logging.log4j:log4j-1.2-api:2.14.1"),
        ("hive-exec-2.3.9-core.jar", {"implementation_version": "2.3.9"}, ":hive-exec:2.3.9"),
        ("spring3-core-3.x.jar", {"implementation_version": "4.3.30.RELEASE"}, ":spring3-core:4.3.30.RELEASE"),
        ("org.x.core_1.2.3.v2022.jar", {"bundle_symbolicname": "org.x.core"}, ":org.x.core:1.2.3.v2022"),
        (
            "catalina.jar",
            {"implementation_title": "Apache Tomcat", "implementation_version": "9.0.70"},
            "org.apache.tomcat:tomcat-catalina:9.0.70",
        ),
        ("gradle.hpi", {"short_name": "gradle", "plugin_version": "2.11", "group_id": "org.x"}, "org.x:gradle:2.11"),
        ("git.jpi", {"short_name": "git", "plugin_version": "5.0.0 (private)"}, "org.jenkins-ci.plugins:git:5.0.0"),
        ("a.nar", {"nar_group": "org.apache.nifi", "nar_id": "nifi-a-nar", "nar_version": "1.2"}, "org.apache.nifi:nifi-a-nar:1.2"),
    ],
)
def test_without_a_pom_the_file_name_and_the_manifest_tell(file_name: str, attributes: dict[str, str], expected: str) -> None:
    assert identified(file_name, **attributes) == expected


def test_a_group_is_never_made_up() -> None:
    for name in ("jackson-mapper-x-1.0.jar", "a-1.jar", "my-app.jar"):
        assert identified(name).startswith(":")


@pytest.mark.parametrize(
    ("artifact", "version", "group"),
    [
        ("asm", "3.1", "asm"),
        ("asm", "9.4", "org.ow2.asm"),
        ("spring-boot", "2.7.3", "org.springframework.boot"),
        ("spring-bootleg", "1", ""),
        ("spring-web", "5", "org.springframework"),
        ("log4j", "1.2.17", "log4j"),
        ("log4j-core", "2.14.1", "org.apache.logging.log4j"),
    ],
)
def test_known_groups(artifact: str, version: str, group: str) -> None:
    assert known_group(artifact, version) == group


@pytest.mark.parametrize(
    ("old", "new"),
    [("a-1.0.jar", "a-1.1.jar"), ("a-1.0-SNAPSHOT.war", "a-2.war"), ("a.jar", "a.jar"), ("x.core_1.2.jar", "x.core_1.3.jar")],
)
def test_names_of_two_versions_are_the_same_without_them(old: str, new: str) -> None:
    assert without_version(old) == without_version(new)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_manifests_may_have_any_line_end_and_fold_in_the_middle_of_a_character(line_end: bytes) -> None:
    name = "Müller".encode()
    lines = [
        b"",
        b"Manifest-Version: 1.0",
        b"Bundle-Vendor: " + name[:2],
        b" " + name[2:],
        b"no attribute",
        b"",
        b"Name: x",
        b"Bundle-Vendor: no",
    ]
    assert parse_manifest(line_end.join(lines)) == {"manifest-version": "1.0", "bundle-vendor": "Müller"}


def test_a_manifest_s_main_section_is_read_to_a_size() -> None:
    body = b"A: " + b"x" * MAIN_SECTION_LIMIT_BYTES + b"\nB: y"
    assert set(parse_manifest(b"B: 1\n" + body)) == {"a", "b"}
    assert set(parse_manifest(body)) == {"a"}


def test_real_manifests_tell_what_the_poms_of_the_same_jars_state(shared_data: Path) -> None:
    """claircore keeps manifests and pom.properties of Cassandra's jars under the names of the jars."""
    poms = {path.name: parse_properties(path.read_bytes()) for path in (shared_data / CLAIRCORE / "properties").glob("*.jar")}
    unknown = set()
    paths = sorted((shared_data / CLAIRCORE / "manifest").glob("*.jar"))
    assert (len(paths), len(poms)) == (64, 49)
    for path in paths:
        own = identify(path.name, [], parse_manifest(path.read_bytes())).coordinates
        assert f"{own.artifact}-{own.version}".rstrip("-") == path.name.removesuffix(".jar")
        if not own.group:
            unknown.add(own.artifact)
        elif path.name in poms:
            assert own == poms[path.name]
    assert unknown == UNKNOWN_GROUPS


def test_a_real_pom_is_the_jar_s_own_but_for_one_that_was_shaded_in(shared_data: Path) -> None:
    foreign = {}
    for path in (shared_data / CLAIRCORE / "properties").glob("*.jar"):
        stated = parse_properties(path.read_bytes())
        assert stated.is_complete
        identity = identify(path.name, [stated], {})
        if identity.coordinates != stated:
            foreign[path.name] = identity.components
    assert foreign == {"cassandra-driver-core-3.11.0-shaded.jar": (coordinates("org.jctools:jctools-core:2.1.1"),)}


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("opensaml-core-3.4.6", "org.opensaml:opensaml-core:3.4.6"),
        ("org.multiple-thename", "org.multiple:thename:10.11.12"),
        ("jackson-core-2.15.2", "com.fasterxml.jackson.core:jackson-core:2.15.2"),
        ("com.fasterxml.jackson.core.jackson-core-2.15.2", "com.fasterxml.jackson.core:jackson-core:2.15.2"),
        ("commons-lang3-3.12.0", "org.apache.commons:commons-lang3:3.12.0"),
        ("micronaut-aop-4.9.11", "io.micronaut:micronaut-aop:4.9.11"),
        ("jenkins-plugins/gradle/2.11", "org.jenkins-ci.plugins:gradle:2.11"),
        ("spring-instrumentation-4.3.0-1.0", ":spring-instrumentation-4.3.0:1.0"),
    ],
)
def test_syft_s_cases_of_hard_names(shared_data: Path, folder: str, expected: str) -> None:
    root = shared_data / SYFT / "jar-metadata" / folder
    poms = [parse_pom(path.read_bytes()) for path in sorted(root.rglob("pom.xml"))]
    identity = identify(f"{root.name}.jar", poms, parse_manifest((root / "META-INF/MANIFEST.MF").read_bytes()))
    assert f"{identity.coordinates.group}:{identity.coordinates.artifact}:{identity.coordinates.version}" == expected


POM = b"""<?xml version="1.0"?>
<!DOCTYPE project [<!ENTITY x "y"><!ENTITY lol "&x;&x;">]>
<!-- <groupId>comment</groupId> -->
<project xmlns="http://maven.apache.org/POM/4.0.0" a="b">
  <parent><groupId>org.parent</groupId><artifactId>parent</artifactId><version>7</version></parent>
  <artifactId> a </artifactId>
  <version>${revision}${tail}</version>
  <properties><revision>1.2</revision><tail>-rc1</tail><empty/></properties>
  <dependencies><dependency><groupId>other</groupId><version>9</version></dependency></dependencies>
  <licenses><license><name>Apache &amp; MIT</name><url>http://x</url></license><!-- <license><name>no</name></license> -->
    <license><name>Apache &amp; MIT</name></license><license><name>BSD &lol;</name></license></licenses>
</project>
"""


def test_a_pom_takes_from_its_parent_what_it_does_not_state() -> None:
    assert parse_pom(POM) == Coordinates("org.parent", "a", "1.2-rc1")


def test_a_pom_s_licences_are_named_and_no_entity_is_expanded() -> None:
    assert licences_of_pom(POM) == ("Apache & MIT", "BSD &lol;")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "::"),
        (b"<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version>", "g:a:1"),
        (b"<project><groupId>${unknown}</groupId><artifactId>a</artifactId><version>${project.parent.version}</version></project>", ":a:"),
        (b"<project><artifactId>a b</artifactId><version>1</version></project>", "::1"),
        (b"</project></x><project><artifactId>a</artifactId></project>", ":a:"),
    ],
)
def test_a_bad_pom_states_what_can_be_read(body: bytes, expected: str) -> None:
    assert parse_pom(body) == coordinates(expected)


@pytest.mark.parametrize("body", [b"<a" * 500_000, b"<" + b"a" * 1_000_000, b"<a>" * 300_000, b"<!--" * 250_000, b"<a " * 300_000])
def test_no_pom_takes_long(body: bytes) -> None:
    start = time.process_time()
    parse_pom(body)
    licences_of_pom(b"<licenses>" + body + b"</licenses>")
    parse_properties(body)
    parse_manifest(body)
    assert time.process_time() - start < 3


def test_tags_beyond_the_limit_are_not_read() -> None:
    body = b"<project>" + b"<b/>" * TAGS_LIMIT + b"<artifactId>a</artifactId></project>"
    assert parse_pom(body) == coordinates("::")


@pytest.mark.parametrize(
    ("text", "is_identifier", "is_version"),
    [
        ("1.0", True, True),
        ("a.b-c_d", True, False),
        ("unspecified", True, False),
        ("1/2", False, False),
        ("${x}", False, False),
        ("", False, False),
        ("1" * (VALUE_LIMIT_CHARS + 1), False, False),
    ],
)
def test_what_can_be_a_name_or_a_version(text: str, is_identifier: bool, is_version: bool) -> None:
    assert (identifier(text) == text, version_of(text) == text) == (is_identifier or not text, is_version or not text)


@pytest.mark.parametrize(
    ("attributes", "licences"),
    [
        ({"bundle-license": "https://www.apache.org/licenses/LICENSE-2.0.txt"}, ("https://www.apache.org/licenses/LICENSE-2.0.txt",)),
        ({"bundle-license": '"Apache 2.0";link="x,y",MIT'}, ("Apache 2.0", "MIT")),
        ({"bundle-license": "<<EXTERNAL>>"}, ()),
        ({"plugin-license-name": "MIT", "plugin-license-name-2": "BSD"}, ("MIT", "BSD")),
        ({}, ()),
    ],
)
def test_licences_of_manifests(attributes: dict[str, str], licences: tuple[str, ...]) -> None:
    assert licences_of_manifest(attributes) == licences


@given(name=st.text(max_size=30), lines=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_makes_the_parsers_raise(name: str, lines: bytes) -> None:
    identify(name, [parse_properties(lines), parse_pom(b"<project>" + lines)], parse_manifest(b"Bundle-SymbolicName: " + lines))
