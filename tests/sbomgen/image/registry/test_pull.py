"""Pulling from a registry that misbehaves: what is right in the end, what is refused, and who is told which secret."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sbomgen.errors import DigestMismatchError, NetworkError, UnreadableError, UsageError
from sbomgen.image import index as index_module
from sbomgen.image.index import ManifestKind
from sbomgen.image.manifest import Image
from sbomgen.image.oci import MAX_DOCUMENT_BYTES
from sbomgen.image.reference import list_images, open_image, open_source
from sbomgen.image.registry import client, downloads, transport
from sbomgen.image.registry import images as images_module
from sbomgen.image.remote import NotHereError, OpenOptions
from tests.support.fake_registry import (
    PASSWORD,
    TOKEN,
    USER,
    Cut,
    Endless,
    FakeRegistry,
    Header,
    Other,
    Status,
    Trickle,
    WholeAgain,
)
from tests.support.images import OCI_INDEX, ImageSpec, LayerSpec, compress, file, oci_files, sha256, to_json

NOISE = b"".join(hashlib.sha512(str(number).encode()).digest() for number in range(20_000))
"""1.28 MB that do not compress: a layer of many pieces."""
BASE = LayerSpec((file("etc/os-release", "ID=alpine\n"),))
BIG = LayerSpec((file("noise", NOISE),))
DEMO = ImageSpec((BASE, BIG), labels={"a": "b"})
ARM = ImageSpec((BASE,), platform="linux/arm64/v8")
CONTENTS = oci_files(DEMO)
BLOB = compress(BIG.tar, "gzip")
LAYER = f"/blobs/{sha256(BLOB)}"
CONFIG = f"/blobs/{sha256(DEMO.config)}"
PLAIN = OpenOptions(plain_http=True)
LOGIN = OpenOptions(plain_http=True, username=USER, password=PASSWORD)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run on amd64, whatever the machine is."""
    monkeypatch.setattr(index_module, "default_platform", lambda: "linux/amd64")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """One that serves the demo image under every name."""
    with FakeRegistry(CONTENTS) as fake:
        yield fake


def pulled(name: str, options: OpenOptions = PLAIN) -> tuple[Image, list[bytes]]:
    """The image, and the bytes of its layers."""
    with open_image(f"registry:{name}", options) as image:
        for layer in image.layers:
            layer.fetch()
        bodies = []
        for layer in image.layers:
            with layer.open() as stream:
                bodies.append(stream.read())
        return image, bodies


def demo(registry: FakeRegistry, options: OpenOptions = PLAIN) -> Image:
    """Pulls the demo image, which must be what was pushed."""
    image, bodies = pulled(f"{registry.host}/team/demo", options)
    assert image.config_digest == sha256(DEMO.config)
    assert [sha256(body) for body in bodies] == [layer.digest for layer in image.layers]
    return image


# What comes, and when


def test_an_image_is_known_by_its_full_name(registry: FakeRegistry) -> None:
    image = demo(registry)
    assert image.references == (f"{registry.host}/team/demo:latest",)
    assert image.manifest_digest == registry.tags["latest"]
    assert image.source == f"registry:{registry.host}/team/demo"
    by_digest, _ = pulled(f"{registry.host}/team/demo@{image.manifest_digest}")
    assert by_digest.references == (f"{registry.host}/team/demo@{image.manifest_digest}",)


def test_a_registry_on_this_machine_needs_no_tls(registry: FakeRegistry) -> None:
    demo(registry, OpenOptions())
    registry.faults["/manifests/"] = [Status(500)] * 9
    with pytest.raises(NetworkError, match="fails on manifests/latest"):
        demo(registry, OpenOptions())
    with pytest.raises(NetworkError, match="cannot be reached"):
        pulled("127.0.0.1:1/x", OpenOptions())


def test_layers_are_fetched_only_when_they_are_opened(registry: FakeRegistry) -> None:
    with open_image(f"{registry.host}/team/demo", PLAIN) as image:
        assert [path.rpartition("/")[2] for path in registry.paths()] == ["latest", sha256(DEMO.config)]
        with image.layers[0].open() as stream:
            assert compress(BASE.tar, "gzip") == stream.read()
    assert not registry.paths(LAYER)


def test_a_layer_is_fetched_once_however_often_it_is_read(registry: FakeRegistry) -> None:
    with open_image(f"{registry.host}/team/demo", PLAIN) as image:
        layer = image.layers[1]
        layer.fetch()
        for _ in range(2):
            with layer.open() as stream:
                assert stream.read() == BLOB
    assert len(registry.paths(LAYER)) == 1


def test_of_an_index_only_the_manifest_that_is_wanted_is_asked_for() -> None:
    with FakeRegistry(oci_files((DEMO, ARM), nested=True)) as registry:
        image, _ = pulled(f"{registry.host}/x", OpenOptions(plain_http=True, platform="linux/arm64"))
        assert image.config_digest == sha256(ARM.config)
        assert len(registry.paths("/manifests/")) == 2
        listed = list_images(f"{registry.host}/x", PLAIN).manifests
        assert [(one.kind, one.platform) for one in listed] == [
            (ManifestKind.IMAGE, "linux/amd64"),
            (ManifestKind.IMAGE, "linux/arm64/v8"),
            (ManifestKind.ATTESTATION, "unknown/unknown"),
        ]
        assert listed[0].indexes == (registry.tags["latest"],)
        with pytest.raises(
            UsageError, match=r"has no image for linux/s390x\n  --platform linux/amd64  .sha256:.*\n  --platform linux/arm64/v8  "
        ):
            pulled(f"{registry.host}/x", OpenOptions(plain_http=True, platform="linux/s390x"))


def test_an_index_without_platforms_is_chosen_from_by_the_configs() -> None:
    contents = oci_files((DEMO, ARM), nested=True)
    index = json.loads(contents["blobs/" + json.loads(contents["index.json"])["manifests"][0]["digest"].replace(":", "/")])
    bare = [{key: value for key, value in one.items() if key != "platform"} for one in index["manifests"][:2]]
    inner = to_json(index | {"manifests": bare})
    outer = to_json(index | {"manifests": [{"mediaType": OCI_INDEX, "digest": sha256(inner), "size": len(inner)}]})
    blobs = {f"blobs/{sha256(body).replace(':', '/')}": body for body in (inner, outer)}
    top = to_json({"manifests": [{"digest": sha256(outer)}]})
    with FakeRegistry(contents | blobs | {"index.json": top}) as registry:
        image, _ = pulled(f"{registry.host}/x", OpenOptions(plain_http=True, platform="linux/arm64"))
        assert image.config_digest == sha256(ARM.config)


def test_any_blob_or_manifest_can_be_read_by_its_digest(registry: FakeRegistry) -> None:
    with open_source(f"{registry.host}/x", PLAIN) as (images, image):
        assert image.config_digest is not None
        assert images.blob(image.config_digest, 10_000) == DEMO.config
        assert image.manifest_digest is not None
        manifest = images.blob(image.manifest_digest, 10_000)
        assert manifest is not None
        assert sha256(manifest) == image.manifest_digest
        assert images.blob("sha256:" + "0" * 64, 10_000) is None
        with pytest.raises(UnreadableError, match="more than the 10 bytes that such a document may have"):
            images.blob(image.config_digest, 10)
        registry.faults[CONFIG] = [Other(b"other")]
        with pytest.raises(DigestMismatchError):
            images.blob(image.config_digest, 10_000)
        with pytest.raises(UnreadableError, match="is not a sha256 or sha512 digest"):
            images.blob("../x", 10)


def test_a_missing_image_is_missing_input(registry: FakeRegistry) -> None:
    with pytest.raises(NotHereError, match=rf"{registry.host} does not have manifests/none \(404: manifest unknown\)"):
        pulled(f"{registry.host}/team/demo:none")


def test_the_reason_of_a_refusal_is_bounded(registry: FakeRegistry) -> None:
    for body in (
        b'{"errors": [{"message": "' + b"x" * 1000 + b'"}]}',
        b" " * client.MAX_REFUSAL_BYTES + b"{}",
        b"<html>",
        b'{"errors": 5}',
    ):
        registry.faults["/manifests/"] = [Status(404, {}, body)]
        with pytest.raises(NotHereError) as caught:
            demo(registry)
        assert len(str(caught.value)) < 500


def test_manifests_that_have_to_be_read_to_be_listed_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = oci_files((DEMO, ARM), nested=True)
    index = json.loads(contents["blobs/" + json.loads(contents["index.json"])["manifests"][0]["digest"].replace(":", "/")])
    bare = to_json(
        index | {"manifests": [{key: value for key, value in one.items() if key != "platform"} for one in index["manifests"][:2]]}
    )
    contents |= {f"blobs/{sha256(bare).replace(':', '/')}": bare, "index.json": to_json({"manifests": [{"digest": sha256(bare)}]})}
    with FakeRegistry(contents) as registry:
        assert len(list_images(f"{registry.host}/x", PLAIN).manifests) == 2
        monkeypatch.setattr(images_module, "MAX_MANIFESTS_READ", 1)
        with pytest.raises(UnreadableError, match="more than 1 manifests whose platform its index does not state"):
            pulled(f"{registry.host}/x")


def test_a_missing_layer_is_an_error_of_that_layer(registry: FakeRegistry) -> None:
    del registry.contents[LAYER.replace(":", "/").removeprefix("/")]
    with (
        open_image(f"{registry.host}/x", PLAIN) as image,
        image.layers[1].open() as stream,
        pytest.raises(NotHereError, match="does not have blobs/"),
    ):
        stream.read()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"schemaVersion": 1, "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, "a Docker schema 1 manifest"),
        ({"schemaVersion": 1, "fsLayers": [], "name": "x"}, "a Docker schema 1 manifest"),
        ({"schemaVersion": 2, "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:" + "0" * 64}}, "helm"),
        ({"schemaVersion": 2, "artifactType": "application/spdx+json", "blobs": []}, "an artifact manifest of type application/spdx"),
    ],
)  # fmt: skip
def test_what_is_no_image_is_refused_with_a_clear_word(document: dict[str, Any], reason: str) -> None:
    content = to_json(document)
    contents = {f"blobs/{sha256(content).replace(':', '/')}": content, "index.json": to_json({"manifests": [{"digest": sha256(content)}]})}
    with FakeRegistry(contents) as registry, pytest.raises(UnreadableError, match=reason):
        pulled(f"{registry.host}/x")


# Faults on the way


@pytest.mark.parametrize("path", ["/manifests/", CONFIG, LAYER])
@pytest.mark.parametrize(
    "faults",
    [
        [Status(429, {"Retry-After": "0"})],
        [Status(429), Status(429), Status(429)],
        [Status(500), Status(502), Status(503)],
        [Cut(0)],
        [Cut(10), Cut(20), Cut(5)],
    ],
    ids=["429 with Retry-After", "429", "5xx", "cut at once", "cut"],
)
def test_faults_that_pass_are_waited_out(registry: FakeRegistry, path: str, faults: list[Any]) -> None:
    registry.faults[path] = list(faults)
    demo(registry)
    assert len(registry.paths(path)) == len(faults) + 1


@pytest.mark.parametrize("path", ["/manifests/", CONFIG, LAYER])
@pytest.mark.parametrize("fault", [Status(500), Status(429), Cut(10)], ids=["500", "429", "cut"])
def test_faults_that_stay_end_as_a_failed_network_step(registry: FakeRegistry, path: str, fault: Any) -> None:
    registry.faults[path] = [fault] * 50
    with pytest.raises(NetworkError, match=r"\(500\)|limits requests|broke off") as caught:
        demo(registry)
    assert registry.host in str(caught.value)
    assert len(registry.paths(path)) == transport.MAX_ATTEMPTS


def test_retry_after_is_obeyed_and_no_further_than_is_bearable(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(downloads.Downloads, "pause", lambda _self, seconds: pauses.append(seconds))
    registry.faults["/manifests/"] = [Status(429, {"Retry-After": "7"}), Status(503, {"Retry-After": "2"})]
    demo(registry)
    assert pauses == [7.0, 2.0]
    registry.faults["/manifests/"] = [Status(429, {"Retry-After": "3600"})]
    with pytest.raises(NetworkError, match=r"limits requests for .*: ask again later, after 3600 seconds, or log in"):
        demo(registry)


def test_a_blob_goes_on_where_it_broke_off(registry: FakeRegistry) -> None:
    registry.faults[LAYER] = [Cut(500_000), Cut(300_000)]
    demo(registry)
    ranges = [asked.headers.get("Range") for asked in registry.asked if LAYER in asked.path]
    assert ranges[0] is None
    first, second = (int(str(value).removeprefix("bytes=").removesuffix("-")) for value in ranges[1:])
    assert 0 < first <= 500_000 < second <= 800_000


def test_a_server_without_ranges_sends_what_we_have_once_more(registry: FakeRegistry) -> None:
    registry.faults[LAYER] = [Cut(500_000), WholeAgain(), Cut(10)]
    demo(registry)


def test_progress_renews_the_attempts(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PROGRESS_BYTES", 50_000)
    registry.faults[LAYER] = [Cut(100_000)] * 10
    demo(registry)
    registry.faults[LAYER] = [Cut(10_000)] * 10
    with pytest.raises(NetworkError, match="it cannot be fetched"):
        demo(registry)


def test_another_range_than_asked_for_is_not_taken(registry: FakeRegistry) -> None:
    registry.faults[LAYER] = [Cut(500_000), Header("Content-Range", "bytes 0-9/10")]
    demo(registry)


@pytest.mark.parametrize("path", ["/manifests/sha256:", CONFIG])
def test_a_document_with_another_digest_is_refused(registry: FakeRegistry, path: str) -> None:
    registry.faults[path] = [Other(b'{"schemaVersion": 2}')]
    with pytest.raises(DigestMismatchError, match=r"has digest sha256:[0-9a-f]*, but is named sha256:"):
        pulled(f"{registry.host}/x@{registry.tags['latest']}")


def test_a_tag_whose_digest_is_stated_otherwise_is_refused(registry: FakeRegistry) -> None:
    registry.faults["/manifests/"] = [Header("Docker-Content-Digest", "sha256:" + "0" * 64)]
    with pytest.raises(DigestMismatchError, match="but is named sha256:0000"):
        demo(registry)


@pytest.mark.parametrize("body", [BLOB[:-1], BLOB + b"x", b""])
def test_a_layer_of_another_length_is_refused(registry: FakeRegistry, body: bytes) -> None:
    registry.faults[LAYER] = [Other(body)] * 9
    with pytest.raises(DigestMismatchError, match=f"it has {len(body):,} bytes, but the image says {len(BLOB):,}"):
        demo(registry)


def test_a_layer_without_end_is_given_up(registry: FakeRegistry) -> None:
    registry.faults[LAYER] = [Endless()]
    with pytest.raises(DigestMismatchError, match="it has more than"):
        demo(registry)


def test_a_document_without_end_is_given_up(registry: FakeRegistry) -> None:
    registry.faults["/manifests/"] = [Endless()]
    with pytest.raises(UnreadableError, match=f"more than the {MAX_DOCUMENT_BYTES:,} bytes"):
        demo(registry)


def test_a_layer_whose_size_is_beyond_measure_is_not_fetched(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbomgen.image.registry.images.MAX_BLOB_BYTES", len(BLOB) - 1)
    with pytest.raises(UnreadableError, match=f"its manifest states {len(BLOB):,} bytes; 0 to"):
        demo(registry)
    assert not registry.paths(LAYER)


def test_a_body_that_trickles_is_given_up(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "WINDOW_S", 0.05)
    registry.faults["/manifests/"] = [Trickle(0.01)] * 4
    with pytest.raises(NetworkError, match=r"only \d+ bytes in 0 seconds"):
        demo(registry)


def test_a_server_that_says_nothing_is_given_up(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_TIMEOUT_S", 0.05)
    registry.faults["/manifests/"] = [Trickle(0.5)] * 4
    with pytest.raises(NetworkError, match="timed out"):
        demo(registry)


def test_the_end_does_not_wait_for_a_layer_that_hangs(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "CLOSE_TIMEOUT_S", 0.1)
    registry.faults[LAYER] = [Trickle(0.3)]
    since = time.monotonic()
    with open_image(f"{registry.host}/x", PLAIN) as image:
        image.layers[1].fetch()
        stream = image.layers[1].open()
    assert time.monotonic() - since < 2
    with stream, pytest.raises(UnreadableError, match="its image was closed"):
        stream.read()


# Credentials


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_are_given_when_they_are_asked_for(registry: FakeRegistry, auth: str) -> None:
    registry.auth = auth
    demo(registry, LOGIN)
    assert "Authorization" not in registry.asked[0].headers
    assert len(registry.paths("/token")) == (auth == "bearer")
    assert len([asked for asked in registry.asked if "/v2/" in asked.path and "Authorization" not in asked.headers]) == 1


def test_anonymous_tokens_are_asked_for_without_credentials(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    demo(registry)
    (path,) = registry.paths("/token")
    assert path == "/token?service=fake&scope=repository%3Ax%3Apull"
    assert [asked.headers.get("Authorization") for asked in registry.asked][:2] == [None, None]
    assert registry.asked[2].headers["Authorization"] == f"Bearer {TOKEN}"


def test_an_identity_token_is_exchanged(registry: FakeRegistry, home: Path) -> None:
    registry.auth = "bearer"
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": {registry.host: {"identitytoken": "identity"}}}))
    demo(registry)
    (exchange,) = [asked for asked in registry.asked if asked.path == "/token"]
    assert (exchange.method, b"grant_type=refresh_token" in exchange.body) == ("POST", True)


def test_a_token_that_was_given_is_used_as_it_is(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    demo(registry, OpenOptions(plain_http=True, token=TOKEN))
    assert not registry.paths("/token")


def test_a_token_that_expires_is_renewed(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    registry.faults["/token"] = [Status(200, {}, b'{"token": "old"}')]
    registry.valid_tokens = {"old", TOKEN}
    with open_image(f"{registry.host}/x", PLAIN) as image:
        registry.valid_tokens = {TOKEN}
        with image.layers[0].open() as stream:
            assert stream.read()
    assert len(registry.paths("/token")) == 2


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_wrong_credentials_are_refused_with_a_hint_and_unshown(registry: FakeRegistry, auth: str) -> None:
    registry.auth = auth
    with pytest.raises(NetworkError, match=r"log in|gives no token") as caught:
        demo(registry, OpenOptions(plain_http=True, username=USER, password="wrong-secret"))
    assert "wrong-secret" not in str(caught.value)
    assert len(registry.asked) < 10


def test_tokens_that_are_never_taken_are_given_up(registry: FakeRegistry) -> None:
    registry.auth, registry.valid_tokens = "bearer", set()
    with pytest.raises(NetworkError, match=r"refuses manifests/latest \(401\): there may be no such image, or it wants credentials"):
        demo(registry, LOGIN)
    assert len(registry.paths("/v2/")) <= client.MAX_ROUNDS + 1


@pytest.mark.parametrize("token", [b"{}", b"[", b'{"token": ""}', b'{"token": "a\\r\\nX-Own: 1"}', b'{"token": 5}', b"x" * 3_000_000])
def test_a_token_that_is_none_is_a_failed_network_step(registry: FakeRegistry, token: bytes) -> None:
    registry.auth = "bearer"
    registry.faults["/token"] = [Status(200, {}, token)]
    with pytest.raises(NetworkError, match=r"its token server .* gives (no token|a token that is none)"):
        demo(registry)


def test_a_token_or_header_that_is_none_is_not_quoted(registry: FakeRegistry) -> None:
    registry.auth = "bearer"
    for token in ("swordfish\nX: y", "swordfish\u2028"):
        with pytest.raises(NetworkError, match="cannot be asked: a header or the token has characters") as caught:
            demo(registry, OpenOptions(plain_http=True, token=token))
        assert "swordfish" not in str(caught.value)
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "ftp://x/", "http://[", "x:"])
def test_a_realm_that_is_no_server_is_refused(registry: FakeRegistry, realm: str) -> None:
    registry.auth, registry.realm = "bearer", realm
    with pytest.raises(NetworkError, match="refused"):
        demo(registry, LOGIN)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_never_follow_a_redirect(registry: FakeRegistry, auth: str) -> None:
    registry.auth = auth
    with FakeRegistry(CONTENTS) as other:
        registry.faults[LAYER] = [Status(307, {"Location": f"{other.url}/v2/elsewhere{LAYER}"})]
        demo(registry, LOGIN)
        assert other.paths(LAYER)
        assert not [asked for asked in other.asked if {"Authorization", "Cookie"} & set(asked.headers)]


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_where_a_redirect_leads_may_not_ask_for_credentials(registry: FakeRegistry, auth: str) -> None:
    with FakeRegistry(CONTENTS, auth) as other:
        registry.faults[LAYER] = [Status(307, {"Location": f"{other.url}/v2/elsewhere{LAYER}"})]
        with pytest.raises(NetworkError, match=f"{other.host} refuses"):
            demo(registry, LOGIN)
        assert not other.paths("/token")
        assert not [asked for asked in other.asked if "Authorization" in asked.headers]


def test_a_range_follows_a_redirect(registry: FakeRegistry) -> None:
    with FakeRegistry(CONTENTS) as other:
        away = Status(307, {"Location": f"{other.url}/v2/elsewhere{LAYER}"})
        registry.faults[LAYER] = [away, away]
        other.faults[LAYER] = [Cut(500_000)]
        demo(registry)
        assert other.asked[1].headers["Range"].startswith("bytes=")


def test_redirects_are_bounded(registry: FakeRegistry) -> None:
    registry.faults["/manifests/"] = [Status(302, {"Location": "/v2/x/manifests/latest"})] * 20
    with pytest.raises(NetworkError, match=f"more than {transport.MAX_REDIRECTS} redirects"):
        demo(registry)


# Mirrors, proxies, TLS


def mirrored(home: Path, registry: FakeRegistry, mirror: FakeRegistry) -> None:
    folder = home / ".config" / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["[[registry]]", f'location = "{registry.host}"', "[[registry.mirror]]", f'location = "{mirror.host}/cache"', "insecure = true"]
    (folder / "registries.conf").write_text("\n".join(lines))


def test_a_mirror_serves_everything_without_the_registrys_credentials(registry: FakeRegistry, home: Path) -> None:
    with FakeRegistry(CONTENTS) as mirror:
        mirrored(home, registry, mirror)
        demo(registry, LOGIN)
        assert not registry.asked
        assert all("/v2/cache/team/demo/" in asked.path and "Authorization" not in asked.headers for asked in mirror.asked)


@pytest.mark.parametrize("fault", [Status(404), Status(500), Status(403), Status(401)], ids=["404", "500", "403", "401"])
def test_what_a_mirror_does_not_have_the_registry_has(registry: FakeRegistry, home: Path, fault: Status) -> None:
    with FakeRegistry(CONTENTS) as mirror:
        mirrored(home, registry, mirror)
        mirror.faults[LAYER] = [fault] * 9
        demo(registry)
        assert registry.paths() == [f"/v2/team/demo{LAYER}"]
        mirror.faults["/manifests/"] = [fault] * 9
        demo(registry)


def test_where_all_fail_each_is_named(registry: FakeRegistry, home: Path) -> None:
    with FakeRegistry(CONTENTS) as mirror:
        mirrored(home, registry, mirror)
        mirror.faults["/manifests/"] = [Status(500)] * 9
        with pytest.raises(NotHereError, match=rf"{registry.host} does not have manifests/none .*; before it: .*{mirror.host} fails on"):
            pulled(f"{registry.host}/team/demo:none")


def test_a_wrong_digest_of_a_mirror_is_no_reason_to_go_on(registry: FakeRegistry, home: Path) -> None:
    with FakeRegistry(CONTENTS) as mirror:
        mirrored(home, registry, mirror)
        mirror.faults[CONFIG] = [Other(b"{}")]
        with pytest.raises(DigestMismatchError):
            demo(registry)


def test_a_proxy_is_asked_with_its_own_credentials(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRegistry(CONTENTS) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:s%40crd@{proxy.host}")
        pulled("registry.invalid/team/demo", OpenOptions(plain_http=True))
        assert {asked.headers["Proxy-Authorization"] for asked in proxy.asked} == {"Basic bWU6c0BjcmQ="}
        assert all(asked.path.startswith("http://registry.invalid/v2/team/demo/") for asked in proxy.asked)


def certificate(folder: Path, name: str, issuer: str | None = None) -> tuple[Path, Path]:
    """A certificate for loopback, by its own authority or another one's."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    issued = ["-CA", str(folder / f"{issuer}.pem"), "-CAkey", str(folder / f"{issuer}.key")] if issuer else []
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(paths[1]), "-out", str(paths[0]), *issued],
        check=True, capture_output=True,
    )  # fmt: skip
    return paths


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[FakeRegistry]:
    """One that speaks HTTPS, with a certificate that nobody knows, and asks for one of the client's by the same authority."""
    import ssl

    pem, key = certificate(tmp_path, "ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    context.load_verify_locations(pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    with FakeRegistry(CONTENTS, tls=context) as fake:
        yield fake


def test_an_unknown_certificate_is_refused_at_once(secure: FakeRegistry) -> None:
    with pytest.raises(NetworkError, match=r"no secure connection: .*CERTIFICATE_VERIFY_FAILED.*; --ca-file FILE trusts its authority"):
        demo(secure, OpenOptions())
    assert not secure.asked


def test_an_authority_can_be_trusted_and_a_certificate_shown(secure: FakeRegistry, tmp_path: Path) -> None:
    demo(secure, OpenOptions(ca_file=str(tmp_path / "ca.pem")))
    demo(secure, OpenOptions(ca_file=str(tmp_path / "ca.pem"), client_cert=str(tmp_path / "ca.pem"), client_key=str(tmp_path / "ca.key")))
    demo(secure, OpenOptions(insecure=True))


def test_a_proxy_sees_nothing_of_https(secure: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    secure.auth = "basic"
    with FakeRegistry(CONTENTS) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{proxy.host}")
        demo(secure, OpenOptions(insecure=True, username=USER, password=PASSWORD))
        assert {(asked.method, asked.path) for asked in proxy.asked} == {("CONNECT", secure.host)}
        assert all("Proxy-Authorization" in asked.headers and "Authorization" not in asked.headers for asked in proxy.asked)
    assert not [asked for asked in secure.asked if "Proxy-Authorization" in asked.headers]


def test_https_is_never_left_for_http(secure: FakeRegistry, registry: FakeRegistry) -> None:
    secure.faults[LAYER] = [Status(307, {"Location": f"{registry.url}/v2/x{LAYER}"})]
    with pytest.raises(NetworkError, match=r"leads from HTTPS to plain HTTP on 127\.0\.0\.1: refused"):
        demo(secure, OpenOptions(insecure=True))
    secure.auth, secure.realm = "bearer", f"{registry.url}/token"
    with pytest.raises(NetworkError, match="from HTTPS to plain HTTP"):
        demo(secure, OpenOptions(insecure=True, username=USER, password=PASSWORD))
    assert not registry.asked


# What is never done


def test_offline_resolves_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a name was resolved"))
    for source in ("registry:example.org/x", "example.org/x:1", "alpine"):
        with pytest.raises(NetworkError, match="--offline forbids to ask the registry for "):
            pulled(source.removeprefix("registry:"), OpenOptions(offline=True))


def test_files_need_nothing_of_registries() -> None:
    program = """
import sys
import sbomgen.cli.scan, sbomgen.cli.inspect
print(sorted({"urllib3", "http.client", "ssl", "socket", "subprocess", "tomllib", "sbomgen.image.registry.images"} & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, env=environment)
    assert ran.stdout.strip() == "[]"
