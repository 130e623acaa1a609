"""SemVer under other names: Erlang and Elixir, Swift, GitHub Actions."""

import shutil
from pathlib import Path

import pytest

from sbommatch.versions.github_actions import GithubActionsScheme
from sbommatch.versions.hex import HexScheme
from sbommatch.versions.scheme import InvalidVersion, Scheme
from sbommatch.versions.swift import SwiftScheme

from .natives import hold_answers, pairs
from .test_vectors import answers, vectors
from .truths import hold_ascending, hold_same

HEX, SWIFT, ACTIONS = HexScheme(), SwiftScheme(), GithubActionsScheme()

every_variation = pytest.mark.parametrize("scheme", [HEX, SWIFT, ACTIONS], ids=lambda scheme: scheme.name)


@every_variation
def test_versions_stand_in_the_order_of_semver(scheme: Scheme, shared_data: Path) -> None:
    for left, wanted, right in vectors(shared_data, "semver"):
        assert answers(scheme, left, right) == (wanted, wanted), (left, right)


@every_variation
def test_build_metadata_takes_no_part(scheme: Scheme) -> None:
    hold_same(scheme, "1.0.0+1", "1.0.0+a.b")
    hold_ascending(scheme, "1.5.0-pre1 1.5.0 3.0.0-alpha-1 3.0.0-alpha-3 3.0.0")


def test_tags_are_versions_however_many_components_they_have() -> None:
    hold_same(ACTIONS, "v4", "4.0.0")
    hold_same(SWIFT, "v1.2", "1.2.0")
    hold_ascending(ACTIONS, "v3.9.9 v4-beta v4 v4.0.1 v4.1.2 v4.10 v45.0.9 46.0.1")


COMMIT = "2235d5d7f7fe46ce1e0d54b7831c5681633b25cc"


@pytest.mark.parametrize("version", [COMMIT, COMMIT[:7], COMMIT[5:], "main", "release/v1", "v4.x", "unspecified"])
def test_commits_and_branches_are_no_versions(version: str) -> None:
    for scheme in (ACTIONS, SWIFT):
        with pytest.raises(InvalidVersion, match="has no place there"):
            scheme.key(version)


NATIVE = """
for line <- IO.stream(:stdio, :line) do
  parsed = line |> String.trim("\\n") |> String.split("\\t") |> Enum.map(&Version.parse/1)
  IO.puts(case parsed do
    [{:ok, left}, {:ok, right}] -> %{lt: -1, eq: 0, gt: 1}[Version.compare(left, right)]
    _ -> "none"
  end)
end
"""


@pytest.mark.long
@pytest.mark.peer
def test_elixir_orders_versions_alike() -> None:
    elixir = shutil.which("elixir")
    if elixir is None:
        pytest.skip("Elixir is absent: Debian's elixir")
    # Of what Elixir accepts: three components, and no number with a leading zero.
    tokens = ".0 .1 .2 .9 .10 .224 .225 .99999999999999 .a .b .A .0a .-1 .-- .rc b -x - +b"
    hold_answers(HEX, [elixir, "-e", NATIVE], pairs("0.0.0+0 1.0.0+a 1.0.0-a 1.0.0-1.a 1.0.1-rc 1.10.0-0.0a 2.0.0-a 10.0.0+1", tokens))
