"""Archives are made once for each number of documents, and copied."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.sbommatch.archive.made import store
from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, JINJA_HIGH, sbom


@pytest.fixture(scope="session")
def kept_archives(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Folders with an archive `A` and its documents `0.json`, `1.json`, …, which were added one at a time."""

    @cache
    def kept(count: int) -> Path:
        folder = tmp_path_factory.mktemp(f"kept{count}")
        for number in range(count):
            document = sbom(folder / f"{number}.json", JINJA_HIGH, f"pkg:pypi/p{number}@1", ALPINE_OPENSSL)
            store(folder / "A", document, labels={"n": str(number % 2)})
        return folder

    return kept


@pytest.fixture
def archive_of(kept_archives: Callable[[int], Path], tmp_path: Path) -> Callable[[int], Path]:
    """An archive of so many documents, and the documents beside it."""

    def made(count: int) -> Path:
        shutil.copytree(kept_archives(count), tmp_path, dirs_exist_ok=True)
        return tmp_path / "A"

    return made
