"""`sbommatch archive notify`."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbommatch.archive.lock import NOTIFY_LOCK, held
from tests.conftest import PROJECT
from tests.sbommatch.archive.recorded import recorded_archive
from tests.sbommatch.reports.schemas import check
from tests.support.run import Ran, run
from tests.support.webhooks import FakeWebhook

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with recorded changes, which no test changes."""
    return recorded_archive(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def archive(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(kept, tmp_path / "A")
    return Path("A")


@pytest.fixture
def fake() -> Iterator[FakeWebhook]:
    with FakeWebhook() as made:
        yield made


def notify(*arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
    return run("sbommatch", "archive", "notify", *arguments, env=env)


def listed(archive: Path, *arguments: str) -> list[tuple[str, str, str]]:
    """State, package and identifier of each."""
    read = notify(archive, "--list", "-o", "json", *arguments).json
    return [(one["state"], one["change"]["package"], one["change"]["id"]) for one in read["notifications"]]


def test_recorded_changes_are_listed_page_by_page(archive: Path) -> None:
    whole = check(notify(archive, "--list", "-o", "json").stdout, "notifications-1.schema.json")
    total = whole["total"]
    assert total == len(whole["notifications"]) == whole["counts"]["unread"] > 2
    pages = [notify(archive, "--list", "-o", "json", "--limit", "1", "--page", str(page)).json for page in range(1, total + 2)]
    assert [one for page in pages for one in page["notifications"]] == whole["notifications"]
    assert pages[-1]["notifications"] == []
    ran = notify(archive, "--list", "--limit", "2")
    assert (ran.code, len(ran.text.splitlines())) == (0, 3)
    assert ran.text.split()[:5] == ["ID", "STATE", "FOUND", "CHANGE", "SEVERITY"]
    assert ran.stderr == f"1 to 2 of {total}; --page 2 shows more\n"
    assert whole["notifications"][0]["change"]["change_id"][:12] in ran.text


def test_filters_choose_what_is_listed(archive: Path) -> None:
    everything = listed(archive)
    assert {package for _, package, _ in everything} == {"jinja2", "flask"}
    assert {package for _, package, _ in listed(archive, "--severity", "high", "--unknown-severity", "pass")} == {"jinja2"}
    assert listed(archive, "--severity", "low") == everything  # nobody says how bad the other one is
    assert {package for _, package, _ in listed(archive, "--where", "team=api")} == {"flask"}
    assert listed(archive, "--kev") == []
    assert listed(archive, "--fixable", "--kind", "affected") == everything
    assert listed(archive, "--kind", "resolved") == []


def test_what_was_read_or_deleted_is_marked(archive: Path) -> None:
    everything = listed(archive)
    first = notify(archive, "--list", "-o", "json").json["notifications"][0]["change"]["change_id"]
    assert notify(archive, "--read", first[:8]).stderr == "1 notification marked as read\n"
    assert listed(archive)[0][0] == "read"
    assert listed(archive, "--state", "unread") == everything[1:]
    assert notify(archive, "--unread", first).code == 0
    assert listed(archive) == everything
    assert notify(archive, "--delete", "all", "--where", "team=api").code == 0
    assert {package for _, package, _ in listed(archive)} == {"jinja2"}
    assert listed(archive, "--state", "deleted") == []  # no target is known that would still want it
    for arguments, said in (
        (["--read", "ffffffffffff"], "no notification has"),
        (["--read", "all", "--read", first], "stands alone"),
        (["--read", first, "--list"], "exclude each other"),
    ):
        ran = notify(archive, *arguments)
        assert (ran.code, ran.stdout) == (2, b"")
        assert said in ran.stderr


def test_a_webhook_gets_each_change_once_signed(archive: Path, fake: FakeWebhook) -> None:
    Path("key").write_text(KEY)
    ran = notify(archive, "--webhook", fake.url, "--webhook-secret-file", "key")
    count = len(listed(archive))
    host = fake.url.split("/")[2]
    assert ran.code == 0
    assert f"webhook {host}: over the network\n" in ran.stderr
    assert f"webhook {host}: {count} delivered\n" in ran.stderr
    [message] = fake.taken
    body = check(message.body, "notification-1.schema.json")
    assert body["archive"] == "A"
    assert len(body["changes"]) == count
    assert message.headers["webhook-signature"].startswith("v1,")
    assert "nothing due" in notify(archive, "--webhook", fake.url).stderr
    assert len(fake.came) == 1


def test_no_secret_is_said_or_stored(archive: Path, fake: FakeWebhook) -> None:
    Path("key").write_text(KEY)
    fake.answers = [404]
    ran = notify(archive, "--webhook", fake.url, "--webhook-secret-file", "key")
    assert ran.code == 7
    assert "answers 404" in ran.stderr
    stored = b"".join(path.read_bytes() for path in archive.rglob("*") if path.is_file())
    for secret in ("a-secret-path", KEY.strip()):
        assert secret not in ran.stderr
        assert secret.encode() not in stored
    unsigned = notify(archive, "--webhook", fake.url)
    assert "unsigned" in unsigned.stderr


def test_the_secret_comes_from_a_file_or_the_environment_only(archive: Path, fake: FakeWebhook) -> None:
    assert notify(archive, "--webhook", fake.url, env={"SBOMMATCH_WEBHOOK_SECRET": KEY}).code == 0
    assert "webhook-signature" in fake.taken[0].headers
    ran = notify(archive, "--webhook", fake.url, "--webhook-secret-file", "none")
    assert (ran.code, "none: the secret of a webhook cannot be read" in ran.stderr) == (3, True)
    Path("key").write_text("short")
    assert notify(archive, "--webhook", fake.url, "--webhook-secret-file", "key").code == 2


def test_spool_and_mail_need_no_network(archive: Path, fake: FakeWebhook) -> None:
    Path("spool").mkdir()
    Path("mail").mkdir()
    to = ["--mail", "mail", "--mail-from", "soc@example.com", "--mail-to", "team@example.com"]
    assert notify(archive, "--spool", "spool", *to, "--offline").code == 0
    files = list(Path("spool").iterdir())
    assert len(files) == len(listed(archive))
    assert all(len(check(file.read_bytes(), "notification-1.schema.json")["changes"]) == 1 for file in files)
    [mail] = Path("mail").iterdir()
    assert b"\r\nTo: team@example.com\r\n" in mail.read_bytes()
    ran = notify(archive, "--webhook", fake.url, "--offline")
    assert (ran.code, fake.came) == (7, [])
    assert "--offline forbids it" in ran.stderr
    assert notify(archive, "--mail", "mail").code == 2


def test_targets_with_filters_of_their_own_stand_in_the_configuration(archive: Path, fake: FakeWebhook) -> None:
    Path("spool").mkdir()
    Path("key").write_text(KEY)
    Path("sbommatch.toml").write_text(f"""
        severity = "high"
        [[webhook]]
        url = "{fake.url}"
        name = "security"
        secret-env = "HOOK_KEY"
        unknown-severity = "pass"
        [[spool]]
        folder = "spool"
        severity = "low"
        where = ["team=api"]
    """)
    ran = notify(archive, env={"HOOK_KEY": KEY})
    assert ran.code == 0, ran.stderr
    assert "webhook security: over the network\n" in ran.stderr
    assert {one["package"] for one in json.loads(fake.taken[0].body)["changes"]} == {"jinja2"}
    assert {json.loads(file.read_bytes())["changes"][0]["package"] for file in Path("spool").iterdir()} == {"flask"}


BAD_TABLES = [
    ('[[webhook]]\nurl = "https://a.example"\nsecret = "x"', "secret"),
    ("[[webhook]]\nurl = 5", "url"),
    ('[[webhook]]\nurl = "https://a.example"\nsecret-env = "NOT_THERE"', "NOT_THERE"),
    ('[[webhook]]\nurl = "https://a.example"\nwhere = ["team"]', "no label"),
    ('[[webhook]]\nurl = "https://a.example"\nseverity = "bad"', "severity"),
    ('[[webhook]]\nurl = "https://a.example"\n[[webhook]]\nurl = "https://a.example"', "named twice"),
    ('[webhook]\nurl = "https://a.example"', "[[webhook]]"),
    ("[[spool]]\nurl = 5", "url"),
    ('[[mail]]\nfolder = "x"\nto = ["a@b"]', "--mail-from"),
    ('[[mail]]\nfolder = "x"\nto = ["a@b", "x\\ny"]\nfrom = "c@d"', "no address"),
]


@pytest.mark.parametrize(("text", "said"), BAD_TABLES)
def test_a_table_that_is_none_is_wrong_usage(archive: Path, text: str, said: str) -> None:
    Path("sbommatch.toml").write_text(text)
    ran = notify(archive)
    assert ran.code == 2, ran.stderr
    assert said in ran.stderr


def test_of_two_at_once_one_delivers_and_the_other_is_told(archive: Path, fake: FakeWebhook) -> None:
    with held(archive, NOTIFY_LOCK, "delivering"):
        ran = notify(archive, "--webhook", fake.url)
        assert ran.code == 3
        assert "is delivering its notifications already" in ran.stderr
        assert notify(archive, "--list").code == 0
        assert notify(archive, "--read", "all").code == 0
    assert fake.came == []


FULL = """
import resource, sys
from sbommatch.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.mark.parametrize("limit_bytes", [100, 9_000, 20_000])
def test_a_full_disk_loses_nothing(archive: Path, limit_bytes: int) -> None:
    """Files that may not grow beyond a limit fail as they do on a full disk."""
    Path("spool").mkdir()
    command = [sys.executable, "-c", FULL, str(limit_bytes), "archive", "notify", archive.resolve(), "--spool", Path("spool").resolve()]
    ran = subprocess.run([str(word) for word in command], cwd=PROJECT, capture_output=True, text=True)
    assert ran.returncode == 2, ran.stderr
    assert "cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(Path("spool").iterdir()) == []
    assert notify(archive, "--spool", "spool").code == 0
    assert len(list(Path("spool").iterdir())) == len(listed(archive)) > 2


def test_without_a_target_it_says_what_there_is(archive: Path) -> None:
    ran = notify(archive)
    assert ran.code == 0
    assert "unread; no target is named: --webhook, --spool, --mail" in ran.stderr
    assert notify(archive, "-q").stderr == ""
    ran = notify(Path("nothing"))
    assert (ran.code, "there is no archive" in ran.stderr) == (3, True)
