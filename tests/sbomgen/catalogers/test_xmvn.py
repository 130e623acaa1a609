import gzip

import pytest

from sbomgen.catalogers._xmvn import XMVN_LIMIT_BYTES
from sbomgen.evidence import EvidenceTooLargeError
from tests.sbomgen.catalogers.test_java import CATALOGER, found_in, library
from tests.support.evidence import MemoryFile
from tests.support.jars import jar, manifest

METADATA = "usr/share/maven-metadata/asm.xml"
XMVN = b"""<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://fedorahosted.org/xmvn/METADATA/3.2.0">
  <uuid>0ebc9caa-eb88-4c53-b371-72514294b535</uuid>
  <artifacts>
    <artifact>
      <groupId>org.ow2.asm</groupId>
      <artifactId>asm</artifactId>
      <version>9.1</version>
      <path>/usr/share/java/objectweb-asm/y.jar</path>
      <properties><version>7</version></properties>
      <compatVersions><version>9</version></compatVersions>
      <aliases><alias><groupId>asm</groupId><artifactId>asm</artifactId></alias></aliases>
      <dependencies>
        <dependency><groupId>no.such</groupId><artifactId>other</artifactId><requestedVersion>1</requestedVersion></dependency>
      </dependencies>
    </artifact>
    <artifact>
      <groupId>org.ow2.asm</groupId>
      <artifactId>asm</artifactId>
      <extension>pom</extension>
      <version>9.1</version>
      <path>/usr/share/maven-poms/objectweb-asm/asm.pom</path>
    </artifact>
    <artifact>
      <artifactId>b</artifactId>
      <path>/usr/share/java/b.jar</path>
    </artifact>
  </artifacts>
</metadata>
"""
"""As XMvn writes it; the last artifact states no group and no version."""


@pytest.mark.parametrize("root", ["", "srv/"])
@pytest.mark.parametrize("body", [XMVN, gzip.compress(XMVN)])
def test_coordinates_are_those_of_the_metadata(root: str, body: bytes) -> None:
    archives = {
        f"{root}usr/share/java/objectweb-asm/y.jar": jar({"A.class": ""}),
        f"{root}usr/share/java/b.jar": jar(manifest(Implementation_Version="3")),
    }
    expected = [f"{root}usr/share/java/objectweb-asm: org.ow2.asm:asm@9.1", f"{root}usr/share/java: b@3"]
    assert found_in({f"{root}{METADATA}": body, **archives}) == expected


def test_links_to_the_archive_are_followed() -> None:
    links = {"usr/share/java/objectweb-asm/y.jar": "../../../lib/java/y.jar"}
    assert found_in({METADATA: XMVN, "usr/lib/java/y.jar": jar({"A.class": ""})}, links) == ["usr/lib/java: org.ow2.asm:asm@9.1"]


def test_a_pom_in_the_archive_comes_first() -> None:
    path = "usr/share/java/objectweb-asm/y.jar"
    assert found_in({METADATA: XMVN, path: library("own")}) == ["usr/share/java/objectweb-asm: org.example:own@1.0"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        XMVN[:200],
        b"\x1f\x8bno gzip",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + XMVN.replace(b"org.ow2.asm<", b"&a;<"),
        XMVN.replace(b"artifacts>", b"skipped>"),
    ],
)
def test_metadata_that_cannot_be_read_names_nothing(body: bytes) -> None:
    assert found_in({METADATA: body, "usr/share/java/objectweb-asm/y.jar": jar({"A.class": ""})}) == ["usr/share/java/objectweb-asm: y@"]


@pytest.mark.parametrize("packed", [False, True])
def test_longer_metadata_is_not_read(packed: bool) -> None:
    body = b" " * XMVN_LIMIT_BYTES + XMVN
    if packed:
        assert list(CATALOGER.read(MemoryFile(METADATA, gzip.compress(body)))) == []
    else:
        with pytest.raises(EvidenceTooLargeError):
            list(CATALOGER.read(MemoryFile(METADATA, body)))


def test_what_lies_beside_the_metadata_is_neither_metadata_nor_an_archive() -> None:
    assert found_in({"usr/share/maven-metadata/README": b"PK no archive", METADATA: XMVN}) == []
    assert list(CATALOGER.read(MemoryFile("usr/share/maven-metadata/README", b"PK no archive"))) == []
