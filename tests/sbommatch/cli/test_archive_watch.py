"""`sbommatch archive watch`, as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sbommatch.archive.made import ask, store
from tests.sbommatch.archive.recorded import OTHER
from tests.sbommatch.cli.sboms import FEEDS, JINJA_HIGH, sbom
from tests.sbommatch.match.feeds import database
from tests.sbommatch.reports.schemas import check
from tests.support.run import run
from tests.support.webhooks import SILENCE, FakeWebhook

PATIENCE_S = 30.0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """It was watched with a database that knows nothing of its document; `news` of a feed does."""
    store(tmp_path / "A", sbom(tmp_path / "web.json", JINJA_HIGH))
    database(tmp_path, pypi=[OTHER])
    assert run("sbommatch", "archive", "watch", tmp_path / "A", "--db", tmp_path / "sbommatch.json", "--once", "-q").code == 0
    return tmp_path / "A"


@pytest.fixture
def news(archive: Path) -> str:
    """The next snapshot of a feed."""
    folder = archive.parent / "news"
    folder.mkdir()
    for record in (OTHER, *FEEDS["pypi"]):
        (folder / f"{record['id']}.json").write_text(json.dumps(record))
    return f"osv-pypi={folder}@2026-08-02"


@contextmanager
def watching(archive: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The process, which has said that it started."""
    words = [sys.executable, "-m", "sbommatch", "archive", "watch", archive, "--db", archive.parent / "sbommatch.json", *arguments]
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            line = process.stderr.readline()
            while "over the network" in line:
                line = process.stderr.readline()
            assert "watching" in line, line + process.stderr.read()
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    """Until the log says it."""
    assert process.stderr
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(text)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_it_cleanly(archive: Path, number: signal.Signals, code: int) -> None:
    with watching(archive) as process:
        wait_for(process, "round 1 done")
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (code, "")
    assert err.splitlines()[0].endswith("Z stopped")
    assert "Traceback" not in err


def test_a_webhook_that_never_answers_does_not_hold_up_the_stop(archive: Path, news: str) -> None:
    with FakeWebhook() as fake:
        fake.otherwise = SILENCE
        with watching(archive, news, "--webhook", fake.url) as process:
            end = time.monotonic() + PATIENCE_S
            while not fake.came and time.monotonic() < end:
                time.sleep(0.01)
            assert fake.came
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 143
        assert time.monotonic() - begun < 10
        assert "Traceback" not in err
        fake.otherwise = 204
        assert run("sbommatch", "archive", "notify", archive, "--webhook", fake.url).code == 0
        assert fake.taken[0].headers["webhook-id"] == fake.came[0].headers["webhook-id"]


def test_a_second_watch_is_told_of_the_first(archive: Path) -> None:
    with watching(archive) as process:
        ran = run("sbommatch", "archive", "watch", archive, "--once")
        assert ran.code == 3
        assert f"process {process.pid} (since " in ran.stderr
        assert "is watching it already" in ran.stderr
        wait_for(process, "round 1 done")
        assert run("sbommatch", "archive", "list", archive).code == 0
        assert "nothing deleted" not in run("sbommatch", "archive", "compact", archive).stderr  # between rounds it holds nothing


def test_who_is_killed_leaves_everything_for_the_next(archive: Path, news: str) -> None:
    """At moments all over a round."""
    before = ask(archive, "SELECT sha256 FROM documents")
    for number in range(4):
        with watching(archive, news, "--once") as process:
            time.sleep(number * 0.15)
            process.kill()
    ran = run("sbommatch", "archive", "watch", archive, news, "--db", archive.parent / "sbommatch.json", "--once")
    assert (ran.code, "error" in ran.stderr) == (0, False)
    listed = run("sbommatch", "archive", "notify", archive, "--list", "-o", "json").json
    assert [one["change"]["package"] for one in listed["notifications"]] == ["jinja2"]
    assert ask(archive, "SELECT sha256 FROM documents") == before


def test_the_log_is_for_programs_too(archive: Path) -> None:
    db = archive.parent / "sbommatch.json"
    ran = run("sbommatch", "archive", "watch", archive, "osv-npm=/nowhere", "--db", db, "--once", "--log-format", "json")
    assert (ran.code, ran.stdout) == (3, b"")
    lines = [check(f"{line}\n".encode(), "watchlog-1.schema.json") for line in ran.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["started", "update", "changes", "round", "stopped"]
    assert [line["level"] for line in lines] == ["info", "error", "info", "info", "info"]
    assert lines[1]["code"] == 3


def test_quiet_leaves_errors_only(archive: Path) -> None:
    db = archive.parent / "sbommatch.json"
    assert run("sbommatch", "archive", "watch", archive, "--db", db, "--once", "-q").stderr == ""
    ran = run("sbommatch", "archive", "watch", archive, "osv-npm=/nowhere", "--db", db, "--once", "-q")
    assert len(ran.stderr.splitlines()) == 1


def test_metrics_are_written_for_others_to_read(archive: Path) -> None:
    db, target = archive.parent / "sbommatch.json", archive.parent / "sbommatch.prom"
    os.umask(os.umask(0o022))
    assert run("sbommatch", "archive", "watch", archive, "--db", db, "--once", "-q", "--metrics", target).code == 0
    assert "sbommatch_watch_rounds_total 1\n" in target.read_text()
    assert target.stat().st_mode & 0o044 == 0o044
    ran = run("sbommatch", "archive", "watch", archive, "--db", db, "--once", "--metrics", archive.parent / "none" / "x.prom")
    assert (ran.code, "there is no folder" in ran.stderr) == (2, True)


@pytest.mark.parametrize("every", ["0s", "1", "h", "-1h", "1w", "999999d", "1.5h"])
def test_an_interval_that_is_none_is_wrong_usage(archive: Path, every: str) -> None:
    ran = run("sbommatch", "archive", "watch", archive, "--every", every)
    assert (ran.code, "write it as in 45s, 30m, 1h or 1d" in ran.stderr) == (2, True)


def test_targets_are_checked_before_anything_is_done(archive: Path) -> None:
    ran = run("sbommatch", "archive", "watch", archive, "--webhook", "https://hooks.example/x", "--offline", "--once")
    assert ran.code == 7
    assert "watching" not in ran.stderr
