import pytest

from sbomgen.documents import WriteOptions
from sbomgen.documents._columns import CELL_LIMIT_CHARACTERS, LAST_COLUMN_CHARACTERS, in_columns, readable_size, shortened
from sbomgen.documents.purls import Purls
from sbomgen.documents.table import Table, summary
from tests.support.inventories import alpine_inventory, apk, inventory, tracked

PLAIN = WriteOptions(tool_version="1.0")


def lines(options: WriteOptions) -> list[str]:
    return Table().write(alpine_inventory(), options).decode().splitlines()


def test_every_package_stands_with_its_layer_and_instruction() -> None:
    assert lines(PLAIN) == [
        "NAME      VERSION   TYPE  LAYER  ORIGIN  BROUGHT IN BY",
        "libssl3   3.3.2-r1  apk       1  own     RUN apk upgrade && apk del curl",
        "musl      1.2.5-r1  apk       0  base    ADD alpine.tar.gz / # buildkit",
        "py3-idna  3.7-r0    apk       1  own     RUN apk upgrade && apk del curl",
        "idna      3.7       pypi      1  own     RUN apk upgrade && apk del curl",
        "Jinja2    3.1.2     pypi      2  own     COPY venv /app/venv # buildkit",
        "",
        summary(alpine_inventory()),
    ]


def test_hidden_packages_are_marked() -> None:
    shown = lines(WriteOptions(tool_version="1.0", all_layers=True))
    assert shown[1].split("  ")[-2:] == ["base, hidden", "ADD alpine.tar.gz / # buildkit"]


def test_on_a_terminal_lines_fit_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "62")
    shown = lines(WriteOptions(tool_version="1.0", terminal=True))
    assert shown[1] == "libssl3   3.3.2-r1  apk       1  own     RUN apk upgrade && a…"
    assert all(len(line) <= 62 for line in shown[:-1])


def test_colour_comes_only_when_asked_for() -> None:
    assert "\x1b" not in "".join(lines(PLAIN))
    assert "\x1b" not in "".join(lines(WriteOptions(tool_version="1.0", terminal=True)))
    assert lines(WriteOptions(tool_version="1.0", terminal=True, colour=True))[0].startswith("\x1b[1m")


def test_names_cannot_steer_the_terminal() -> None:
    evil = tracked(apk("a\x1b[2J\u202eb", "1\r2"), "pkg:apk/alpine/a@1")
    table = Table().write(inventory([evil], name="x\x1b]0;y\x07"), WriteOptions(tool_version="1.0", terminal=True)).decode()
    assert all(line.isprintable() for line in table.splitlines())
    assert "a\\x1b[2J\\xe2\\x80\\xaeb" in table


def test_the_summary_names_the_image_its_distribution_and_what_is_hidden() -> None:
    counts = "5 packages: 3 apk, 2 pypi; 1 more hidden, removed by a later layer"
    assert summary(alpine_inventory()) == f"registry.example:5000/team/Demo:1.2 (Alpine Linux v3.20, linux/amd64): {counts}"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "(Alpine Linux v3.20, linux/amd64): 0 packages"), (1, ": 1 package"), (2, ": 2 packages: 2 apk")],
)
def test_the_summary_counts_types(count: int, text: str) -> None:
    packages = [tracked(apk(f"p{number}", "1"), f"pkg:apk/alpine/p{number}@1") for number in range(count)]
    assert summary(inventory(packages)).endswith(text)


def test_an_image_without_packages_is_only_summed_up() -> None:
    table = Table().write(inventory(distro=None), PLAIN).decode()
    assert table == "registry.example:5000/team/Demo:1.2 (no distribution, linux/amd64): 0 packages\n"


def test_long_cells_are_cut_on_a_terminal_only() -> None:
    rows = [("n" * 100, "last" * 20)]
    assert in_columns(("A", "B"), rows, None)[1] == f"{'n' * 100}  {'last' * 20}"
    cut = in_columns(("A", "B"), rows, 10)[1]
    assert len(cut) == CELL_LIMIT_CHARACTERS + 2 + LAST_COLUMN_CHARACTERS
    assert cut.count("…") == 2


@pytest.mark.parametrize(("limit", "text"), [(None, "abc"), (3, "abc"), (2, "a…"), (1, "…"), (0, "…")])
def test_a_cut_text_says_that_it_was_cut(limit: int | None, text: str) -> None:
    assert shortened("abc", limit) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(None, "?"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (74_812_345, "74.8 MB"),
     (5 * 10**15, "5000.0 TB")],
)  # fmt: skip
def test_sizes_are_readable(size_bytes: int | None, text: str) -> None:
    assert readable_size(size_bytes) == text


def test_purls_stand_one_a_line_and_once() -> None:
    twice = [tracked(apk("musl", "1", root=root), "pkg:apk/alpine/musl@1") for root in ("", "chroot")]
    assert Purls().write(inventory(twice), PLAIN) == b"pkg:apk/alpine/musl@1\n"
    assert len(Purls().write(alpine_inventory(), PLAIN).splitlines()) == 5
    assert len(Purls().write(alpine_inventory(), WriteOptions(tool_version="1.0", all_layers=True)).splitlines()) == 6
