"""Base or own: by what the user says, by annotation, by history."""

from io import BytesIO

import pytest

from sbomgen.base import find_base, layer_origins
from sbomgen.image.manifest import HistoryEntry, HistoryMatch, Image, ImageConfig, Layer, chain_ids
from sbomgen.inventory import BaseImage, BaseMethod, Confidence, LayerOrigin

BASE_THEN_OWN = ("ADD base", '/bin/sh -c #(nop)  CMD ["sh"]', "RUN own", 'CMD ["app"]')


def image(history: tuple[str, ...] = BASE_THEN_OWN, diff_ids: tuple[str, ...] = ("sha256:a", "sha256:b"), **stated: str) -> Image:
    entries = tuple(HistoryEntry(created_by=line, empty_layer=not line.startswith(("ADD", "RUN"))) for line in history)
    layers = tuple(
        Layer(
            index=index,
            diff_id=diff_id,
            chain_id=chain,
            digest=None,
            blob_size_bytes=None,
            media_type=None,
            history=None,
            history_match=HistoryMatch.UNKNOWN,
            open=BytesIO,
        )
        for index, (diff_id, chain) in enumerate(zip(diff_ids, chain_ids(diff_ids), strict=True))
    )
    config = ImageConfig(diff_ids=diff_ids, history=entries)
    annotations = {f"org.opencontainers.image.base.{key}": value for key, value in stated.items()}
    return Image(
        source="app.tar",
        references=("base:1",),
        manifest_digest=None,
        config_digest="sha256:c",
        config=config,
        annotations=annotations,
        layers=layers,
    )


def test_a_command_below_other_layers_ends_the_base() -> None:
    assert find_base(image()) == BaseImage(BaseMethod.HISTORY, Confidence.HEURISTIC, None, 0)


@pytest.mark.parametrize(
    "history",
    [("ADD a", "RUN b"), ("ADD a", "RUN b", "CMD x"), ("CMD x", "ADD a", "RUN b"), ()],
    ids=["no command", "at the end", "before all", "none"],
)
def test_without_such_a_command_nothing_is_guessed(history: tuple[str, ...]) -> None:
    found = find_base(image(history))
    assert found == BaseImage()
    assert set(layer_origins(image(history), found)) == {LayerOrigin.UNKNOWN}


def test_the_annotation_names_and_the_history_delimits() -> None:
    found = find_base(image(name="debian:12-slim", digest="sha256:d"))
    assert (found.method, found.name, found.last_layer) == (BaseMethod.ANNOTATION, "debian:12-slim", 0)


def test_a_given_base_is_exact_when_its_layers_are_the_lowest() -> None:
    given = image(("ADD base",), ("sha256:a",))
    found = find_base(image(), given)
    assert found == BaseImage(BaseMethod.GIVEN, Confidence.EXACT, "base:1", 0)
    assert list(layer_origins(image(), found)) == [LayerOrigin.BASE, LayerOrigin.OWN]


def test_a_given_image_that_is_not_below_is_no_base() -> None:
    assert find_base(image(), image(("ADD other",), ("sha256:b",))) == BaseImage()
