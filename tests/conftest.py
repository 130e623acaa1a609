"""Fixtures and rules for every test.

Real data and real images are optional. SBOMPAIR_DATA and SBOMPAIR_CORPUS name their folders; else `shared/data` beside the project and
`build/corpus` in it are tried.
With SBOMPAIR_NO_SKIPS=1 a skipped test fails the run, unless it is marked `peer`: beside another tool. No test reaches the network but
loopback.
"""

import os
import signal
import socket
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost")

# A run of the suite says the same twice, on slow machines too; the long forms of the tests search at random.
settings.register_profile(
    "suite", deadline=None, derandomize="SBOMPAIR_SEED" not in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# Shells start background jobs with the signal ignored, and tests that send it to a process of ours would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_skipped: list[str] = []
_caches = count()


def given_folder(variable: str, default: Path) -> Path:
    """The folder that a variable of the environment names, or the default; the test is skipped where it is absent."""
    folder = Path(os.environ.get(variable) or default)
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is absent: set {variable} to its folder")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real feeds, package databases, root file systems and SBOMs."""
    return given_folder("SBOMPAIR_DATA", PROJECT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real images: `oci/NAME`, `archives/NAME.tar`, `truth/NAME.json`."""
    return given_folder("SBOMPAIR_CORPUS", PROJECT / "build" / "corpus")


@pytest.fixture(scope="session")
def peers() -> Path:
    """The folder of other tools (`bin/NAME`) that run beside ours; tests that use it are marked `peer`."""
    return given_folder("SBOMPAIR_PEERS", PROJECT / "build" / "peers")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses every connection that leaves this machine; its container engines are asked for nothing."""
    for variable in ("DOCKER_HOST", "CONTAINER_HOST"):
        monkeypatch.setenv(variable, "unix:///nowhere/engine.sock")
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            pytest.fail(f"a test reached for the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each test has a cache of its own, which is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / f"cache-{next(_caches)}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers what was skipped, but for tests beside another tool."""
    if report.skipped and not hasattr(report, "wasxfail") and "peer" not in report.keywords:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SBOMPAIR_NO_SKIPS a skip is a failure: CI has all that tests need."""
    if os.environ.get("SBOMPAIR_NO_SKIPS") and _skipped and not hasattr(session.config, "workerinput"):
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"skipped although SBOMPAIR_NO_SKIPS is set: {', '.join(sorted(_skipped))}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
