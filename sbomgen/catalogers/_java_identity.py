"""Which artifact an archive is: what Maven put into it, else what its manifest and its file name state together.

1. The pom (pom.properties, else pom.xml) that fits the file name; a pom that fits none is a component that was shaded into the archive.
2. The coordinates that some build tools write into the manifest (Jenkins, NiFi).
3. `NAME-VERSION` as the file name has it. Build tools name files after the artifact: of 190 jars with a pom the version is right in all but
   the classified ones, where `Bundle-Version` is wrong in every sixth and `Specification-Version` in every third.
4. The manifest: the name and version of a file that states no version, and the group of every one.

What none of them states stays unknown. A group is not made up: of 93 `Implementation-Vendor-Id`s 30 are those of the organisation.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from sbomgen.catalogers._java_groups import UMBRELLAS, known_group
from sbomgen.catalogers._java_manifest import Coordinates, identifier, symbolic_name, version_of

_NAME_VERSION = re.compile(r"(?P<name>.+?)-(?P<version>\d.*)|(?P<bundle>.+?)_(?P<bundle_version>\d.*)")
"""`NAME-VERSION`; `NAME_VERSION` as Eclipse names bundles."""

_ALIAS_VERSION = re.compile(r"\d+(?:\.\d+)*\.x")
"""Debian's names for a line of versions: `spring3-core-3.x.jar`."""

_CLASSIFIER = re.compile(r"-(?P<classifier>[A-Za-z][\w.\-]*)")
_SCALA = re.compile(r"_\d+(?:\.\d+)*$")
"""The version of Scala in an artifact's name (`spark-core_2.12`), which manifests leave out."""

_VERSIONS = ("implementation-version", "bundle-version", "specification-version")
"""Attributes with a version, the best first."""

_STATED = (("nar-group", "nar-id", "nar-version", ""), ("group-id", "short-name", "plugin-version", "org.jenkins-ci.plugins"))
"""Attributes that hold coordinates as they are, and the group where there is none: NiFi's and Jenkins' plugins."""

_WORDS = re.compile(r"[a-z]+")


class Identity(Struct, frozen=True):
    """What an archive is and what was put into it."""

    coordinates: Coordinates
    classifier: str = ""
    from_pom: bool = False
    stated: bool = False
    """The manifest holds the coordinates as they are."""
    components: tuple[Coordinates, ...] = ()
    """Artifacts that were shaded into it, in their order."""


def identify(file_name: str, poms: Sequence[Coordinates], attributes: dict[str, str]) -> Identity:
    """The identity of an archive from its name without folders, the poms in it and the main attributes of its manifest."""
    stem = file_name.rpartition(".")[0] or file_name
    name, version = _named(stem, attributes)
    main = _main_pom(stem, version, poms, attributes)
    components = tuple(dict.fromkeys(pom for pom in poms if pom is not main and pom.artifact and pom.version))
    if main is None:
        stated = _stated(attributes)
        return Identity(stated or _told(name, version, attributes), stated=stated is not None, components=components)
    completed = main.version or version or _version(attributes)
    group = main.group or _group(main.artifact, completed, attributes)
    coordinates = Coordinates(group, main.artifact, completed)
    return Identity(coordinates, _classifier(stem, coordinates), from_pom=True, components=tuple(c for c in components if c != coordinates))


def without_version(file_name: str) -> str:
    """The file name as it stays over an upgrade: all from the first number after a dash is left out.

    >>> without_version("guava-31.1-jre.jar"), without_version("app.jar")
    ('guava.jar', 'app.jar')
    """
    stem, dot, suffix = file_name.rpartition(".")
    return _split(stem)[0] + dot + suffix


def _split(stem: str) -> tuple[str, str]:
    named = _NAME_VERSION.fullmatch(stem)
    return (named["name"] or named["bundle"], named["version"] or named["bundle_version"]) if named else (stem, "")


def _named(stem: str, attributes: dict[str, str]) -> tuple[str, str]:
    """Name and version as the file name has them; a version that the manifest confirms parts them, else the first number after a dash."""
    stated = [version_of(attributes.get(key, "")) for key in _VERSIONS]
    for version in sorted(filter(None, stated), key=len, reverse=True):
        for end in (f"-{version}", f"_{version}"):
            if stem.endswith(end) and stem != end:
                return stem[: -len(end)], version
    name, found, classifier = stem.partition(f"-{stated[0]}-")
    if stated[0] and found and name and _CLASSIFIER.fullmatch(f"-{classifier}"):
        return name, stated[0]
    name, version = _split(stem)
    if not version_of(version):
        return stem, ""
    return name, "" if _ALIAS_VERSION.fullmatch(version) else version


def _main_pom(stem: str, version: str, poms: Sequence[Coordinates], attributes: dict[str, str]) -> Coordinates | None:
    """The pom of the archive itself: the one with the longest name that the file name begins with, else the only one.

    That is not its own where another version in the file name contradicts it, or a bundle of another name: Debian's guice.jar has no pom
    but that of its cglib.
    """
    fitting = [pom for pom in poms if pom.artifact and _fits(stem, pom)]
    if fitting:
        return max(fitting, key=lambda pom: (len(pom.artifact), bool(pom.version) and pom.version in stem))
    if len(poms) != 1 or not poms[0].artifact:
        title = attributes.get("implementation-title", "")
        return next((pom for pom in poms if pom.artifact and pom.artifact == title), None)
    only, bundle = poms[0], symbolic_name(attributes)
    if version:
        return only if version == only.version else None
    return None if bundle and not _words(bundle) & _words(f"{only.group}.{only.artifact}") else only


def _fits(stem: str, pom: Coordinates) -> bool:
    """Whether a file name begins with the artifact's name, or with its group's and that, as a whole word."""
    flat = stem.lower().replace("_", "-")
    names = (name.lower().replace("_", "-") for name in (pom.artifact, f"{pom.group}.{pom.artifact}", f"{pom.group}-{pom.artifact}"))
    return any(flat == name or flat.startswith((f"{name}-", f"{name}.")) for name in names)


def _words(text: str) -> set[str]:
    return set(_WORDS.findall(text.lower())) - {"com", "org", "net", "io", "java", "javax", "google", "apache"}


def _classifier(stem: str, coordinates: Coordinates) -> str:
    """What follows artifact and version in the file name: `linux-x86_64`, `tests`, `shaded`."""
    rest = stem.removeprefix(f"{coordinates.artifact}-{coordinates.version}")
    stated = _CLASSIFIER.fullmatch(rest) if rest != stem else None
    return stated["classifier"] if stated else ""


def _stated(attributes: dict[str, str]) -> Coordinates | None:
    """The coordinates that the build tool wrote into the manifest."""
    for group_key, artifact_key, version_key, group in _STATED:
        artifact, stated = identifier(attributes.get(artifact_key, "")), version_of(attributes.get(version_key, "").partition(" ")[0])
        if artifact and stated:
            return Coordinates(identifier(attributes.get(group_key, "")) or group, artifact, stated)
    return None


def _told(name: str, version: str, attributes: dict[str, str]) -> Coordinates:
    """The coordinates of an archive that nobody states; `name` and `version` are those of the file name."""
    if attributes.get("implementation-title") == "Apache Tomcat" and not version:
        name = name if name.startswith("tomcat-") else f"tomcat-{name}"
        return Coordinates("org.apache.tomcat", name, _version(attributes))
    title = identifier(attributes.get("implementation-title", ""))
    if not version and title and title == title.lower() and not title.endswith(f".{name}"):
        name = title
    version = version or _version(attributes)
    return Coordinates(_group(name, version, attributes), name, version)


def _version(attributes: dict[str, str]) -> str:
    return next((version for key in _VERSIONS if (version := version_of(attributes.get(key, "")))), "")


def _group(artifact: str, version: str, attributes: dict[str, str]) -> str:
    """A group that is known, or that the bundle's or the module's name holds, or that the vendor's identifier is; else nothing."""
    plain = _SCALA.sub("", artifact)
    known = known_group(plain, version)
    if known:
        return known
    for attribute in ("bundle-symbolicname", "automatic-module-name"):
        prefix, _, last = symbolic_name(attributes, attribute).rpartition(".")
        if _is_group(prefix) and (last == plain or (attribute == "bundle-symbolicname" and _overlap(prefix, last, plain))):
            return prefix
    vendors = (identifier(attributes.get(key, "")) for key in ("implementation-vendor-id", "implementation-vendor"))
    return next((vendor for vendor in vendors if _is_group(vendor)), "")


def _overlap(prefix: str, last: str, artifact: str) -> bool:
    """Whether the artifact repeats the end of its group: the bundle org.eclipse.jetty.util is org.eclipse.jetty:jetty-util."""
    return artifact == f"{prefix.rpartition('.')[2]}-{last}"


def _is_group(name: str) -> bool:
    return "." in name and name == name.lower() and name not in UMBRELLAS
