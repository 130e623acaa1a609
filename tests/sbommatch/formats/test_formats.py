"""The list of formats."""

from pathlib import Path

from sbommatch import formats


def test_every_module_is_listed() -> None:
    modules = {path.stem for path in Path(formats.__file__).parent.glob("*.py")} - {"__init__", "advisory"}
    assert modules == {type(format_).__module__.rpartition(".")[2] for format_ in formats.FORMATS}


def test_names_are_unique_and_are_what_declarations_use() -> None:
    assert sorted(formats.FORMAT_BY_NAME) == ["alpine-secdb", "osv"]
    assert len(formats.FORMAT_BY_NAME) == len(formats.FORMATS)
