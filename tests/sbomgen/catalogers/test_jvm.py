from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers.jvm import RELEASE_LIMIT_BYTES, JvmCataloger
from sbomgen.model import Package
from sbomgen.purl import purl_of
from tests.support.evidence import MemoryFile, MemoryView, packages_of, read_all

CATALOGER = JvmCataloger()
TEMURIN = b"""\
IMPLEMENTOR="Eclipse Adoptium"
IMPLEMENTOR_VERSION="Temurin-21.0.4+7"
JAVA_RUNTIME_VERSION="21.0.4+7-LTS"
JAVA_VERSION="21.0.4"
MODULES="java.base java.compiler"
FULL_VERSION="21.0.4+7-LTS"
IMAGE_TYPE="JDK"
"""


def runtime(folder: str, release: bytes, launcher: str = "bin/java") -> dict[str, bytes]:
    return {f"{folder}/release": release, f"{folder}/{launcher}": b"\x7fELF"}


def found_in(*runtimes: dict[str, bytes]) -> list[str]:
    view = MemoryView({path: body for files in runtimes for path, body in files.items()})
    return [f"{package.root}: {package.name}@{package.raw_version}" for package in packages_of(CATALOGER, view)]


def test_a_release_file_beside_a_launcher_becomes_a_package() -> None:
    (package,) = packages_of(CATALOGER, MemoryView(runtime("opt/java/jdk-21.0.4+7", TEMURIN)))
    assert package == Package(
        type="generic",
        name="openjdk",
        raw_version="21.0.4+7-LTS",
        root="opt/java/jdk-21",
        supplier="Eclipse Adoptium",
        evidence=("opt/java/jdk-21.0.4+7/release",),
    )
    assert purl_of(package) == "pkg:generic/openjdk@21.0.4%2B7-LTS"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('JAVA_VERSION="11.0.2"', "openjdk@11.0.2"),
        ("JAVA_VERSION=17", "openjdk@17"),
        ('JAVA_VERSION="1.8.0_411"\nJAVA_RUNTIME_VERSION="1.8.0_411-b25"\nBUILD_TYPE="commercial"', "jdk@1.8.0_411-b25"),
        ('JAVA_VERSION="1.8.0_411"\nBUILD_TYPE="commercial"\nIMAGE_TYPE="JRE"', "jre@1.8.0_411"),
        ('JAVA_VERSION="1.8.0_400"\nFULL_VERSION="1.8.0_400-b07"', "openjdk@1.8.0_400-b07"),
        ('JAVA_VERSION="17.0.1"\nFULL_VERSION="22.3"', "openjdk@17.0.1"),
        ('JAVA_VERSION="17.0.9"\nIMPLEMENTOR="Azul Systems, Inc."', "zulu@17.0.9"),
        ('JAVA_VERSION="17.0.7"\nGRAALVM_VERSION="22.3.2"', "graalvm@17.0.7"),
        ('JAVA_VERSION="21"\nJAVA_RUNTIME_VERSION="two words"', "openjdk@21"),
    ],
)
def test_name_and_version_are_those_of_the_runtime(lines: str, expected: str) -> None:
    assert found_in(runtime("opt/java", lines.encode())) == [f"opt/java: {expected}"]


@pytest.mark.parametrize("body", [b"", b"Debian 12", b"VERSION=1", b"JAVA_VERSION=", b'JAVA_VERSION="a b"', b"JAVA_VERSION=1\0\xff" * 3])
def test_what_is_no_release_of_java_is_passed_over(body: bytes) -> None:
    assert len(found_in(runtime("opt/x", body))) == body.startswith(b"JAVA_VERSION=1")


def test_a_release_file_without_a_launcher_is_no_runtime() -> None:
    assert found_in({"opt/java/release": TEMURIN}) == []
    assert found_in(runtime("opt/java", TEMURIN, "jre/bin/java")) == ["opt/java: openjdk@21.0.4+7-LTS"]


def test_runtimes_of_two_feature_releases_have_two_roots() -> None:
    eleven = TEMURIN.replace(b"21", b"11")
    assert found_in(runtime("usr/lib/jvm/java-11-openjdk", eleven), runtime("usr/lib/jvm/java-21-openjdk", TEMURIN)) == [
        "usr/lib/jvm/java-11: openjdk@11.0.4+7-LTS",
        "usr/lib/jvm/java-21: openjdk@21.0.4+7-LTS",
    ]


def test_a_large_file_called_release_is_passed_over() -> None:
    assert read_all(CATALOGER, [MemoryFile("release", b"JAVA_VERSION=1\n" + b" " * RELEASE_LIMIT_BYTES)]) == ([], [])


@given(body=st.binary(max_size=100))
@settings(max_examples=50, deadline=None)
def test_no_body_makes_it_raise(body: bytes) -> None:
    read_all(CATALOGER, [MemoryFile("opt/release", b"JAVA_VERSION=1\n" + body)])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("anchore+syft/syft/pkg/cataloger/java/testdata/jvm-installs/valid-post-jep223/jvm/openjdk", "openjdk@21.0.4+7-LTS"),
        ("anchore+syft/syft/pkg/cataloger/java/testdata/jvm-installs/oracle-jdk-se-8/usr/lib/jvm/jdk-1.8-oracle-x64", "jdk@1.8.0_411-b25"),
        ("anchore+grype/test/integration/testdata/image-jvm-match-coverage/opt/java/openjdk", "openjdk@1.8.0_400-b07"),
    ],
)
def test_real_release_files(shared_data: Path, path: str, expected: str) -> None:
    release = (shared_data / "packagedbs" / path / "release").read_bytes()
    assert found_in(runtime("opt/java", release)) == [f"opt/java: {expected}"]
