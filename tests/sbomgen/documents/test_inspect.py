from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest

from sbomgen.documents.inspect import inspect_json, inspect_table
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind
from sbomgen.image.manifest import Image
from tests.support.inventories import digest, image

SCHEMA = msgspec.json.decode((files("sbomgen") / "schemas" / "inspect-1.schema.json").read_bytes())
NO_INDEX = ImageIndex(source="/images/demo.tar", form="docker-archive", manifests=())
INDEX = ImageIndex(
    source="/images/demo.tar",
    form="oci-archive",
    manifests=(
        ListedManifest(
            kind=ManifestKind.IMAGE,
            digest=digest("manifest"),
            config_digest=digest("config"),
            media_type="application/vnd.oci.image.manifest.v1+json",
            size_bytes=500,
            platform="linux/amd64",
            references=("demo:1",),
            annotations={"b": "2", "a": "1"},
        ),
        ListedManifest(
            kind=ManifestKind.ATTESTATION,
            digest=digest("proof"),
            config_digest=None,
            media_type=None,
            size_bytes=None,
            platform=None,
            present=False,
            reason="it was not stored",
        ),
    ),
)


def written(whole: Image, index: ImageIndex = INDEX) -> Any:
    document = msgspec.json.decode(inspect_json(whole, index, ["ADD rootfs /"] * len(whole.layers)))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def bare() -> Image:
    plain = image(references=(), manifest_digest=None)
    layer = msgspec.structs.replace(plain.layers[0], digest=None, blob_size_bytes=None, media_type=None, history=None)
    config = msgspec.structs.replace(plain.config, os="", architecture="", created=None, labels={})
    return msgspec.structs.replace(plain, layers=(layer,), config=config)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("whole", [image(), bare(), image(("one", "two", "three"))])
@pytest.mark.parametrize("index", [NO_INDEX, INDEX])
def test_outputs_hold_against_the_schema(whole: Image, index: ImageIndex) -> None:
    assert written(whole, index)["schema"] == "sbomgen.inspect/1"


@pytest.mark.parametrize("missing", SCHEMA["required"])
def test_the_schema_wants_every_field(missing: str) -> None:
    document = written(image())
    del document[missing]
    with pytest.raises(jsonschema.ValidationError, match=missing):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_what_manifest_and_config_say_is_stated() -> None:
    document = written(image())
    assert document["platform"] == "linux/amd64"
    assert document["labels"] == {"team": "blue"}
    assert [manifest["kind"] for manifest in document["manifests"]] == ["image", "attestation"]
    assert list(document["manifests"][0]["annotations"]) == ["a", "b"]
    assert document["layers"] == [
        {
            "index": 0,
            "digest": digest("blob 0"),
            "diff_id": digest("layer 0"),
            "chain_id": digest("layer 0"),
            "media_type": "application/vnd.oci.image.layer.v1.tar+gzip",
            "size_bytes": 1000,
            "created_by": "ADD rootfs /",
        }
    ]


def test_instructions_are_those_given_never_the_history_s_own() -> None:
    secret = image(("RUN |1 TOKEN=s3cret /bin/sh -c make",))
    assert b"s3cret" not in inspect_json(secret, INDEX, ["RUN |1 TOKEN=<redacted> /bin/sh -c make"])
    with pytest.raises(ValueError, match="shorter"):
        inspect_json(secret, INDEX, [])


def test_the_table_has_the_image_its_index_and_its_layers() -> None:
    blocks = inspect_table(image(), INDEX, ["ADD rootfs /"]).decode().split("\n\n")
    assert blocks[0].splitlines()[:4] == [
        "IMAGE",
        "source     /images/demo.tar (oci-archive)",
        "reference  registry.example:5000/team/Demo:1.2",
        "platform   linux/amd64",
    ]
    assert blocks[1].splitlines() == [
        "PLATFORM     KIND                     SIZE   MANIFEST",
        f"linux/amd64  image                    500 B  {digest('manifest')}",
        f"?            attestation, not stored  ?      {digest('proof')}",
    ]
    assert blocks[2].splitlines()[1] == f"0      1.0 kB       {digest('layer 0')}  ADD rootfs /"


def test_the_table_is_fit_for_terminals() -> None:
    plain = image()
    evil = msgspec.structs.replace(plain, config=msgspec.structs.replace(plain.config, labels={"a\x1b": "\u202e"}))
    shown = inspect_table(evil, INDEX, ["RUN \x07"], terminal=True, colour=False).decode()
    assert all(line.isprintable() for line in shown.splitlines())
    assert "\x1b[1mIMAGE" in inspect_table(evil, INDEX, [""], terminal=True, colour=True).decode()
