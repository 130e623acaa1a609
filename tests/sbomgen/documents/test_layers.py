from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest

from sbomgen.documents.layers import layers_json, layers_table
from sbomgen.inventory import BaseImage, BaseMethod, Confidence, Inventory
from sbomgen.model import EventKind, PackageEvent, Problem, ProblemCode
from tests.support.inventories import alpine_inventory, apk, digest, image, inventory, large_inventory, reordered, tracked

SCHEMA = msgspec.json.decode((files("sbomgen") / "schemas" / "layers-1.schema.json").read_bytes())


def written(whole: Inventory) -> Any:
    document = msgspec.json.decode(layers_json(whole))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "whole", [alpine_inventory(), inventory(), large_inventory(5), inventory(image=image(references=(), manifest_digest=None))]
)
def test_outputs_hold_against_the_schema(whole: Inventory) -> None:
    assert written(whole)["schema"] == "sbomgen.layers/1"


@pytest.mark.parametrize("missing", ["schema", "image", "base", "layers", "packages", "problems"])
def test_the_schema_wants_every_field(missing: str) -> None:
    document = written(alpine_inventory())
    del document[missing]
    with pytest.raises(jsonschema.ValidationError, match=missing):
        jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_a_layer_says_what_it_is_and_whether_it_was_read() -> None:
    layers = written(alpine_inventory())["layers"]
    assert layers[1] == {
        "index": 1,
        "diff_id": digest("layer 1"),
        "chain_id": alpine_inventory().layers[1].layer.chain_id,
        "digest": digest("blob 1"),
        "size_bytes": 20480,
        "created_by": "RUN apk upgrade && apk del curl",
        "created": "2024-09-06T12:05:36.123456789Z",
        "dockerfile": {"path": "Dockerfile", "start": 3, "end": 4},
        "history_match": "exact",
        "origin": "own",
        "read": "full",
        "reason": None,
    }
    assert (layers[3]["read"], layers[3]["reason"], layers[3]["size_bytes"]) == ("not_read", "not in the archive", None)


def test_packages_are_those_of_all_layers_with_their_events() -> None:
    document = written(alpine_inventory())
    found = {part["name"]: part for part in document["packages"]}
    assert len(found) == 6
    assert found["curl"]["visible"] is False
    assert found["libssl3"]["slot"] == "apk||libssl3|x86_64"
    assert found["libssl3"]["paths"] == [{"path": "lib/apk/db/installed", "layer": 0}]
    assert found["libssl3"]["events"] == [
        {"layer": 0, "event": "introduced", "version": "3.3.1-r0", "from": None},
        {"layer": 1, "event": "upgraded", "version": "3.3.2-r1", "from": "3.3.1-r0"},
    ]


def test_base_and_problems_are_stated() -> None:
    document = written(alpine_inventory())
    assert document["base"] == {"method": "annotation", "confidence": "heuristic", "name": "alpine:3.20", "last_layer": 0}
    assert [problem["loss"] for problem in document["problems"]] == [False, True]


def test_the_same_inventory_gives_the_same_bytes_in_whatever_order() -> None:
    assert layers_json(alpine_inventory()) == layers_json(reordered(alpine_inventory()))
    assert layers_table(alpine_inventory()) == layers_table(reordered(alpine_inventory()))


def test_text_that_is_no_utf8_is_written_as_hexadecimal() -> None:
    odd = b"n\xe4me\n".decode("utf-8", "surrogateescape")
    problem = Problem(ProblemCode.BAD_RECORD, odd, odd, loss=True)
    document = written(
        inventory([tracked(apk(odd, odd, evidence=(odd,)), "pkg:apk/alpine/x@1")], image=image(references=(odd,)), problems=(problem,))
    )
    assert document["packages"][0]["paths"][0]["path"] == document["problems"][0]["where"] == "n\\xe4me\\x0a"


def test_the_table_shows_what_each_layer_did() -> None:
    assert layers_table(alpine_inventory()).decode().splitlines() == [
        "LAYER  ORIGIN     SIZE  INSTRUCTION",
        "    0  base    10.2 kB  ADD alpine.tar.gz / # buildkit",
        "    added 3: curl 8.9.0-r0, libssl3 3.3.1-r0, musl 1.2.5-r1",
        "    1  own     20.5 kB  Dockerfile:3-4 RUN apk upgrade && apk del curl",
        "    added 2: idna 3.7, py3-idna 3.7-r0",
        "    upgraded 1: libssl3 3.3.1-r0 → 3.3.2-r1",
        "    removed 1: curl 8.9.0-r0",
        "    2  own     30.7 kB  COPY venv /app/venv # buildkit",
        "    added 1: Jinja2 3.1.2",
        "    3  own           ?  NOT READ: not in the archive: COPY data /data",
        "",
        "registry.example:5000/team/Demo:1.2: base image alpine:3.20, layer 0 (by annotation, heuristic)",
    ]


@pytest.mark.parametrize(
    ("base", "line"),
    [
        (BaseImage(), "no base image could be told apart; --base SOURCE names it"),
        (BaseImage(BaseMethod.HISTORY, Confidence.HEURISTIC, None, 2), "base image without a name, layers 0 to 2 (by history, heuristic)"),
        (
            BaseImage(BaseMethod.ANNOTATION, Confidence.HEURISTIC, "a", None),
            "base image a, its layers are unknown (by annotation, heuristic)",
        ),
        (BaseImage(BaseMethod.GIVEN, Confidence.EXACT, "a:1", 0), "base image a:1, layer 0 (by given, exact)"),
    ],
)
def test_the_table_says_how_the_base_was_told_apart(base: BaseImage, line: str) -> None:
    assert layers_table(inventory(base=base)).decode().splitlines()[-1] == f"registry.example:5000/team/Demo:1.2: {line}"


def test_downgrades_and_returns_have_lines_of_their_own() -> None:
    events = (
        PackageEvent(EventKind.INTRODUCED, 0, "2"),
        PackageEvent(EventKind.DOWNGRADED, 1, "1", "2"),
        PackageEvent(EventKind.REMOVED, 2, "1"),
        PackageEvent(EventKind.REINTRODUCED, 3, "3", "1"),
    )
    whole = inventory([tracked(apk("curl", "3"), "pkg:apk/alpine/curl@3", layer=3, events=events)], image=image(("a", "b", "c", "d")))
    changes = [line.strip() for line in layers_table(whole).decode().splitlines() if "curl" in line]
    assert changes == ["added 1: curl 2", "downgraded 1: curl 2 → 1", "removed 1: curl 1", "brought back 1: curl 1 → 3"]


def test_on_a_terminal_every_line_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    shown = layers_table(large_inventory(50), terminal=True, colour=False).decode().splitlines()
    assert all(len(line) <= 50 for line in shown[:-1])
    assert shown[2].startswith("    added 50: lib00000 1.0-r0, ")
    assert shown[2].endswith("…")
    assert b"\x1b[1m" in layers_table(inventory(), terminal=True, colour=True)


def test_names_cannot_steer_the_terminal() -> None:
    evil = tracked(apk("a\x1b[2J", "1"), "pkg:apk/alpine/a@1")
    assert b"\x1b" not in layers_table(inventory([evil], image=image(("RUN \x1b[2J",))), terminal=True)
