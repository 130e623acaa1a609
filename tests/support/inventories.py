"""Inventories built by code, for the tests of the document writers.

`alpine_inventory()` has everything at once: a base and own layers, an upgrade, a removal, a package that another delivers, hidden packages,
licences of every kind, and a layer that could not be read. `inventory(...)` is the smallest one, to be changed in what a test is about.
"""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from sbomgen.documents.content import content_id
from sbomgen.history import ref_of
from sbomgen.image.manifest import DockerfileLines, HistoryEntry, HistoryMatch, Image, ImageConfig, Layer, chain_ids
from sbomgen.inventory import BaseImage, BaseMethod, Confidence, Inventory, LayerOrigin, ReadState, ScannedLayer
from sbomgen.model import (
    DeliveredFile,
    Distro,
    Edge,
    EdgeKind,
    EventKind,
    EvidencePath,
    Hash,
    Package,
    PackageEvent,
    Problem,
    ProblemCode,
    SourcePackage,
    TrackedPackage,
)

ALPINE = Distro("alpine", "3.20.3", "Alpine Linux v3.20")
CREATED = "2024-09-06T12:05:36.123456789Z"


def digest(text: str) -> str:
    """`sha256:…` of some text: a digest that stays the same."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def image(instructions: Sequence[str] = ("ADD rootfs.tar.gz / # buildkit",), **changes: Any) -> Image:
    """An image with one layer for each instruction."""
    diff_ids = tuple(digest(f"layer {number}") for number, _ in enumerate(instructions))
    history = tuple(HistoryEntry(created=CREATED, created_by=instruction) for instruction in instructions)
    layers = tuple(
        Layer(
            index=index,
            diff_id=diff_id,
            chain_id=chain_id,
            digest=digest(f"blob {index}"),
            blob_size_bytes=1000 + index,
            media_type="application/vnd.oci.image.layer.v1.tar+gzip",
            history=history[index],
            history_match=HistoryMatch.EXACT,
            open=io.BytesIO,
        )
        for index, (diff_id, chain_id) in enumerate(zip(diff_ids, chain_ids(diff_ids), strict=True))
    )
    whole = Image(
        source="/images/demo.tar",
        references=("registry.example:5000/team/Demo:1.2",),
        manifest_digest=digest("manifest"),
        config_digest=digest("config"),
        config=ImageConfig(architecture="amd64", os="linux", created=CREATED, diff_ids=diff_ids, history=history, labels={"team": "blue"}),
        annotations={},
        layers=layers,
    )
    return msgspec.structs.replace(whole, **changes)


def tracked(package: Package, purl: str, **changes: Any) -> TrackedPackage:
    """A package that layer 0 brought in, with the file it was seen by."""
    whole = TrackedPackage(
        ref=ref_of(purl, package.root),
        purl=purl,
        package=package,
        cataloger="test",
        visible=True,
        layer=0,
        paths=tuple(EvidencePath(path, 0) for path in package.evidence),
        events=introduced(0, package.raw_version),
    )
    return msgspec.structs.replace(whole, **changes)


def introduced(layer: int, version: str) -> tuple[PackageEvent, ...]:
    """The history of a package that nothing happened to since."""
    return (PackageEvent(EventKind.INTRODUCED, layer, version),)


def apk(name: str, version: str, **fields: Any) -> Package:
    """An Alpine package of the image's root."""
    settings: dict[str, Any] = {"arch": "x86_64", "distro": ALPINE, "evidence": ("lib/apk/db/installed",), **fields}
    return Package(type="apk", name=name, raw_version=version, **settings)


def inventory(packages: Sequence[TrackedPackage] = (), **changes: Any) -> Inventory:
    """An Alpine image of one layer with these packages."""
    of_image = changes.pop("image", None) or image()
    whole = Inventory(
        image=of_image,
        name=of_image.references[0] if of_image.references else "demo",
        content_id=content_id(of_image.config_digest, packages),
        distro=ALPINE,
        base=BaseImage(),
        layers=tuple(scanned(layer) for layer in of_image.layers),
        packages=tuple(packages),
        edges=(),
        problems=(),
    )
    return msgspec.structs.replace(whole, **changes)


def scanned(layer: Layer, **changes: Any) -> ScannedLayer:
    """A layer that was read."""
    whole = ScannedLayer(
        layer=layer,
        created_by=layer.history.created_by if layer.history else "",
        origin=LayerOrigin.UNKNOWN,
        read=ReadState.FULL,
        size_bytes=10_240 * (layer.index + 1),
    )
    return msgspec.structs.replace(whole, **changes)


def alpine_packages() -> list[TrackedPackage]:
    """The packages of `alpine_inventory`, by ref."""
    musl = apk(
        "musl", "1.2.5-r1", source=SourcePackage("musl"), licences=("MIT",), hashes=(Hash("SHA-1", "5c" * 20),),
        supplier="Natanael Copa <ncopa@alpinelinux.org>", homepage="https://musl.libc.org/", description="the musl c library (libc)",
    )  # fmt: skip
    ssl = apk(
        "libssl3", "3.3.2-r1", source=SourcePackage("openssl", "3.3.2-r1"), licences=("Apache-2.0 OR mit",),
        supplier="The OpenSSL Project <team@openssl.example>",
    )  # fmt: skip
    python = apk("py3-idna", "3.7-r0", licences=("BSD-3-Clause",), owned_files=("usr/lib/python3.12/site-packages/idna",))
    idna = Package(
        type="pypi", name="idna", raw_version="3.7", root="usr/lib/python3.12/site-packages", supplier="Kim Davies",
        licences=("BSD-3-Clause", "MIT AND ISC", "See the file\nLICENSE.\tWhole text."), homepage="see README",
        evidence=("usr/lib/python3.12/site-packages/idna-3.7.dist-info/METADATA",),
    )  # fmt: skip
    jinja = Package(
        type="pypi", name="Jinja2", raw_version="3.1.2", root="app/venv", licences=("BSD",), hashes=(Hash("SHA-256", "not a checksum"),),
        evidence=("app/venv/Jinja2-3.1.2.dist-info/METADATA",),
    )  # fmt: skip
    gone = apk("curl", "8.9.0-r0", licences=("curl",))
    return sorted(
        (
            tracked(musl, "pkg:apk/alpine/musl@1.2.5-r1?arch=x86_64&distro=alpine-3.20.3"),
            tracked(
                ssl, "pkg:apk/alpine/libssl3@3.3.2-r1?arch=x86_64&distro=alpine-3.20.3&upstream=openssl", layer=1,
                events=(
                    PackageEvent(EventKind.INTRODUCED, 0, "3.3.1-r0"), PackageEvent(EventKind.UPGRADED, 1, "3.3.2-r1", "3.3.1-r0"),
                ),
            ),
            tracked(python, "pkg:apk/alpine/py3-idna@3.7-r0?arch=x86_64&distro=alpine-3.20.3", layer=1, events=introduced(1, "3.7-r0")),
            tracked(idna, "pkg:pypi/idna@3.7", layer=1, paths=(EvidencePath(idna.evidence[0], 1),), events=introduced(1, "3.7")),
            tracked(jinja, "pkg:pypi/jinja2@3.1.2", layer=2, paths=(EvidencePath(jinja.evidence[0], 2),), events=introduced(2, "3.1.2")),
            tracked(
                gone, "pkg:apk/alpine/curl@8.9.0-r0?arch=x86_64&distro=alpine-3.20.3", visible=False,
                events=(PackageEvent(EventKind.INTRODUCED, 0, "8.9.0-r0"), PackageEvent(EventKind.REMOVED, 1, "8.9.0-r0")),
            ),
        ),
        key=lambda found: found.ref,
    )  # fmt: skip


def alpine_inventory() -> Inventory:
    """An image with everything that documents can tell."""
    of_image = image(
        ("ADD alpine.tar.gz / # buildkit", "RUN apk upgrade && apk del curl", "COPY venv /app/venv # buildkit", "COPY data /data")
    )
    packages = alpine_packages()
    slots = {found.package.name: found.package.slot for found in packages}
    return inventory(
        packages,
        image=of_image,
        base=BaseImage(BaseMethod.ANNOTATION, Confidence.HEURISTIC, "alpine:3.20", 0),
        layers=(
            scanned(of_image.layers[0], origin=LayerOrigin.BASE),
            scanned(of_image.layers[1], origin=LayerOrigin.OWN, dockerfile=DockerfileLines("Dockerfile", 3, 4)),
            scanned(of_image.layers[2], origin=LayerOrigin.OWN),
            scanned(of_image.layers[3], origin=LayerOrigin.OWN, read=ReadState.NOT_READ, reason="not in the archive", size_bytes=None),
        ),
        edges=(
            Edge(EdgeKind.DEPENDS_ON, slots["libssl3"], slots["musl"]),
            Edge(EdgeKind.DEPENDS_ON, slots["py3-idna"], slots["musl"]),
            Edge(EdgeKind.DEPENDS_ON, slots["py3-idna"], slots["libssl3"]),
            Edge(EdgeKind.OWNED_BY, slots["idna"], slots["py3-idna"]),
        ),
        problems=(
            Problem(ProblemCode.LAYER_NOT_READ, "/images/demo.tar: layer 3", "not in the archive", loss=True),
            Problem(ProblemCode.BAD_RECORD, "layer 0: lib/apk/db/installed: line 7", "a package without a name", loss=False),
        ),
    )


def nested_inventory() -> Inventory:
    """A program (`shop`) with a jar in it (`core`), into which another was shaded (`io`); Debian's package `libc6` depends on none.

    Whether `core` can be executed is not known; `io` is no file any more.
    """
    debian = Distro("debian", "12", "Debian GNU/Linux 12 (bookworm)", "bookworm")
    libc = Package(type="deb", name="libc6", raw_version="2.36-9", arch="amd64", distro=debian, evidence=("var/lib/dpkg/status",))
    shop, core, inner = (
        Package(type="maven", name=f"org.example:{name}", raw_version="1", root=root, evidence=("app/shop.jar",), file=file)
        for name, root, file in (
            ("shop", "app", DeliveredFile("shop.jar", executable=True, archive=True)),
            ("core", "app/shop.jar!/lib", DeliveredFile("core.jar", executable=None, archive=True)),
            ("io", "app/shop.jar!/lib/core.jar", None),
        )
    )
    found = [tracked(libc, "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12", cataloger="dpkg")]
    found += [tracked(jar, f"pkg:maven/org.example/{jar.name.partition(':')[2]}@1", cataloger="java") for jar in (shop, core, inner)]
    edges = tuple(Edge(EdgeKind.CONTAINS, start.slot, end.slot) for start, end in ((shop, core), (core, inner)))
    return inventory(sorted(found, key=lambda one: one.ref), distro=debian, edges=edges)


def reordered(whole: Inventory) -> Inventory:
    """The same inventory with its packages, edges and problems the other way round."""
    turned = {name: tuple(reversed(getattr(whole, name))) for name in ("packages", "edges", "problems")}
    return msgspec.structs.replace(whole, **turned)


def large_inventory(count: int) -> Inventory:
    """`count` packages with licences, source, evidence and an edge each."""
    packages = []
    for number in range(count):
        package = apk(
            f"lib{number:05}", f"1.{number}-r0", source=SourcePackage(f"src{number // 3}", f"1.{number}-r0"), licences=("MIT AND ISC",),
            hashes=(Hash("SHA-1", f"{number:040x}"),), supplier="Somebody Else <else@example.org>", homepage="https://example.org/lib",
            description="A library that does what libraries do",
        )  # fmt: skip
        purl = f"pkg:apk/alpine/lib{number:05}@1.{number}-r0?arch=x86_64&distro=alpine-3.20.3&upstream=src{number // 3}"
        packages.append(tracked(package, purl))
    pairs = zip(packages[1:], packages, strict=False)
    edges = tuple(Edge(EdgeKind.DEPENDS_ON, above.package.slot, below.package.slot) for above, below in pairs)
    return inventory(packages, edges=edges)
