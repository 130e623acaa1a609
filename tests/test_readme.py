"""The README says what the programs do: commands, options, exit codes, the demo's very output."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sbomgen.cli import sbomgen
from sbomgen.documents import WRITERS
from sbommatch.cli import sbommatch
from sbommatch.reports import REPORTS

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text("utf-8")
TOOLS: dict[str, click.Group] = {"sbomgen": sbomgen, "sbommatch": sbommatch}


def section(title: str) -> str:
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def options(command: click.Command) -> set[str]:
    names = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    return {name for name in names if name.startswith("--")}


@pytest.mark.parametrize("tool", TOOLS)
def test_every_command_stands_in_the_readme(tool: str) -> None:
    text = section(tool)
    for path, _ in commands(TOOLS[tool]):
        words = " ".join(path)
        assert f"{tool} {words} " in text or path == ("scan",), f"{tool} {words}"


def test_the_table_of_formats_is_that_of_the_writers() -> None:
    rows = (row.split("|")[1:3] for row in section("sbomgen").split("| format |", 1)[1].split("\n\n", 1)[0].splitlines()[2:])
    documented = {
        name: tuple(versions.replace(",", " ").split()) for names, versions in rows for name in re.findall(r"`([a-z0-9-]+)`", names)
    }
    assert documented == {writer.name: writer.versions for writer in WRITERS}


def test_the_table_of_reports_is_that_of_the_program() -> None:
    rows = section("sbommatch").split("| format |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [report.name for report in REPORTS]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_table_of_options_is_that_of_the_program(tool: str) -> None:
    rows = [row for row in section(tool).splitlines() if row.startswith("| `")]
    documented: dict[str, set[str]] = {}
    for row in rows:
        names, of = row.split(" | ")[:2]
        for name in re.findall(r"--[a-z-]+", names):
            documented.setdefault(name, set()).update(part.strip() for part in of.split(","))
    actual: dict[str, set[str]] = {}
    all_commands = {" ".join(path) for path, _ in commands(TOOLS[tool])}
    for path, command in commands(TOOLS[tool]):
        for name in options(command):
            actual.setdefault(name, set()).add(" ".join(path))
    assert set(documented) == set(actual)
    for name, named in documented.items():
        assert (all_commands if named == {"all"} else named) == actual[name], name


def test_the_exit_codes_are_those_of_the_programs() -> None:
    documented = {
        int(code)
        for row in section("Exit codes").splitlines()
        for code in re.findall(r"\d+", row.split("|")[1] if row.startswith("|") else "")
    }
    errors = {
        member.exit_code
        for tool in TOOLS
        for member in vars(importlib.import_module(f"{tool}.errors")).values()
        if isinstance(member, type) and hasattr(member, "exit_code")
    }
    constants = [item for tool in TOOLS for item in vars(importlib.import_module(f"{tool}.cli.base")).items()]
    named = {value for name, value in constants if re.fullmatch(r"EXIT_[A-Z_]+", name) and isinstance(value, int)}
    assert documented == errors | named | {0, 2}


def test_the_first_screen_is_the_demos_output() -> None:
    """With SBOMPAIR_REWRITE_GOLDEN=1 the README is rewritten instead."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(["sh", "tests/demo/demo.sh"], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    before, shown, after = re.split(r"(?s)(?<=```\n)(.*?)(?=```\n<!-- /demo -->)", README, maxsplit=1)
    if os.environ.get("SBOMPAIR_REWRITE_GOLDEN"):
        (PROJECT / "README.md").write_text(f"{before}{ran.stdout.rstrip()}\n{after}")
    else:
        assert ran.stdout.strip() == shown.strip()
