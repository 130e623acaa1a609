"""Java runtimes that were unpacked or installed: the `release` file in their folder (JEP 223; `jlink` writes one for made-to-measure ones).

There is no PURL type for them: they are `pkg:generic/NAME@VERSION`, with the implementor as supplier. NAME is `openjdk`, but for builds
with a name and a numbering of their own: `zulu` (Azul), `graalvm`, `jdk` or `jre` (Oracle's commercial builds). The version is that of the
runtime, with its build number (`21.0.4+7-LTS`, `1.8.0_411-b25`).

A folder counts where `bin/java` lies in it. The root is the folder with its name cut after the first number, the feature release that it
was made for: `opt/jdk-21` both of `opt/jdk-21.0.4+7` and of `opt/jdk-21.0.5+11`, so that the one in place of the other is an upgrade.
"""

import re
from collections.abc import Iterator

from sbomgen.catalogers._fields import is_word, text_of
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, Wants
from sbomgen.model import Edge, Package, Problem

RELEASE_LIMIT_BYTES = 1 << 20
"""The list of modules is its longest line, some 3 KiB."""

_LINE = re.compile(r'(?P<key>[A-Z_]+)\s*=\s*"?(?P<value>[^"]*)"?\s*')
_FEATURE = re.compile(r"(?P<kept>\D*\d+).*")
_LAUNCHERS = ("bin/java", "jre/bin/java")


class JvmFact(Fact, frozen=True):
    """What a release file says."""

    name: str
    version: str
    implementor: str = ""


class JvmCataloger:
    """Every Java runtime with a release file and a launcher."""

    name = "jvm"
    version = 1
    title = "Java runtimes: the release file beside bin/java"
    emits = "generic"
    proof = Proof.FILES
    wants = Wants(basenames=frozenset({"release"}))
    fact_type: FactType = JvmFact

    def read(self, file: EvidenceFile) -> Iterator[JvmFact | Problem]:
        """The runtime; nothing of a file that states no `JAVA_VERSION`: many things are called release."""
        if file.size_bytes > RELEASE_LIMIT_BYTES:
            return
        with file.open(RELEASE_LIMIT_BYTES) as stream:
            lines = text_of(stream.read()).splitlines()
        stated = {match["key"]: match["value"].strip() for match in map(_LINE.fullmatch, lines) if match}
        version = _version(stated)
        if version:
            yield JvmFact(_name(stated), version, stated.get("IMPLEMENTOR", ""))

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """A package for each runtime that has a launcher."""
        for visible in view.facts(self.name):
            folder = visible.path.rpartition("/")[0]
            if any(view.exists(f"{folder}/{launcher}") for launcher in _LAUNCHERS):
                yield Package(
                    type="generic",
                    name=visible.fact.name,
                    raw_version=visible.fact.version,
                    root=_root(view.resolve(folder) or folder),
                    supplier=visible.fact.implementor or None,
                    evidence=(visible.path,),
                )


def _version(stated: dict[str, str]) -> str:
    """The runtime's version with its build; `FULL_VERSION` (Adoptium) where it is of the same line as `JAVA_VERSION`, else that alone."""
    java = stated.get("JAVA_VERSION", "")
    if not is_word(java):
        return ""
    full = stated.get("FULL_VERSION", "")
    same_line = full.partition(".")[0] == java.partition(".")[0]
    return next(filter(is_word, (stated.get("JAVA_RUNTIME_VERSION", ""), full if same_line else "", java)))


def _name(stated: dict[str, str]) -> str:
    if "GRAALVM_VERSION" in stated:
        return "graalvm"
    if "azul" in stated.get("IMPLEMENTOR", "").lower():
        return "zulu"
    if stated.get("BUILD_TYPE") == "commercial":
        return "jre" if stated.get("IMAGE_TYPE", "").upper() == "JRE" else "jdk"
    return "openjdk"


def _root(folder: str) -> str:
    """The folder, its name cut after the first number.

    >>> _root("opt/jdk-21.0.4+7"), _root("usr/lib/jvm/java-17-openjdk-amd64"), _root("opt/java")
    ('opt/jdk-21', 'usr/lib/jvm/java-17', 'opt/java')
    """
    above, slash, name = folder.rpartition("/")
    feature = _FEATURE.fullmatch(name)
    return f"{above}{slash}{feature['kept'] if feature else name}"
