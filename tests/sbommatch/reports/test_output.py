"""Where reports go."""

from pathlib import Path

import pytest

from sbommatch.errors import UsageError
from sbommatch.reports.output import parse_outputs
from sbommatch.sbom.component import Document, Subject
from tests.sbommatch.match.made import document


def path_of(text: str, made: Document) -> Path | None:
    (output,) = parse_outputs([text], several=False)
    return output.path_for(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("json", None),
        ("json=-", None),
        ("json=report.json", "report.json"),
        ("json=out/", "out/app.json"),
        ("table=out/", "out/app.txt"),
        ("json=out/{name}-{digest}.json", f"out/app-{'ab' * 32}.json"),
        ("json={platform}/{name}", "linux-arm64-v8/app"),
        ("json=a=b.json", "a=b.json"),
    ],
)
def test_a_document_has_its_file(text: str, expected: str | None) -> None:
    made = document(path="in/app.cdx.json", subject=Subject(platform="linux/arm64/v8"))
    assert path_of(text, made) == (Path(expected) if expected else None)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("-", "stdin"),
        ("in/app.spdx.json.gz", "app"),
        ("bom.json", "bom"),
        ("app-1.2.cdx.json", "app-1.2"),
        (".json", ".json"),
        ("app.json.zst", "app"),
    ],
)
def test_a_document_is_called_by_its_file(path: str, name: str) -> None:
    assert path_of("json=out/", document(path=path)) == Path(f"out/{name}.json")


@pytest.mark.parametrize(("platform", "segment"), [("../../etc", "-..-etc"), ("a/b\x00c", "a-b_c"), ("..", "unknown"), (None, "unknown")])
def test_what_a_document_says_of_itself_stays_in_one_segment(platform: str | None, segment: str) -> None:
    assert path_of("json=out/{platform}.json", document(subject=Subject(platform=platform))) == Path(f"out/{segment}.json")


@pytest.mark.parametrize(
    ("texts", "several", "words"),
    [
        (["xml"], False, "no such format; there are table, json"),
        (["json="], False, "names no file"),
        (["json={day}.json"], False, "no such placeholder: {day}"),
        (["table", "json"], False, "only one report can go to stdout"),
        (["table", "json=-"], False, "only one report can go to stdout"),
        (["json=report.json"], True, "one file for several documents"),
    ],
)
def test_an_output_that_cannot_be_is_wrong_usage(texts: list[str], several: bool, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_outputs(texts, several=several)
    assert words in str(raised.value)


@pytest.mark.parametrize("text", ["json", "json=out/", "json={name}.json", "json={digest}.json"])
def test_several_documents_need_a_folder_a_placeholder_or_stdout(text: str) -> None:
    assert parse_outputs([text], several=True)
