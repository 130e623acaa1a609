"""`--vex`, `--policy` and `sbommatch vex`."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, FLASK_UNKNOWN, JINJA_HIGH, feeds, sbom
from tests.sbommatch.reports.schemas import check
from tests.sbommatch.vex.made import AFFECTED, cyclonedx, openvex, statement
from tests.support.run import Ran, run

EPOCH = {"SOURCE_DATE_EPOCH": "1787400000"}  # 2026-08-22
POLICY = """
[[ignore]]
id = "CVE-2019-1551"
reason = "not reachable"
owner = "alice"
expires = 2026-08-22
[[ignore]]
id = "CVE-1999-1"
[[ignore]]
layer = 99
expires = 2020-01-01
"""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return feeds(tmp_path_factory.mktemp("feeds"))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return sbom(tmp_path / "app.json", JINJA_HIGH, FLASK_UNKNOWN, ALPINE_OPENSSL)


def write(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path


def match(db: Path, *arguments: str | Path, command: str = "scan", **environment: str) -> Ran:
    return run("sbommatch", command, "--db", db, *arguments, env=EPOCH | environment)


def test_statements_and_rules_silence_with_their_reason(tmp_path: Path, db: Path, app: Path) -> None:
    vex = write(tmp_path / "v.json", openvex(statement("GHSA-g3rq-g295-4j3m", "pkg:pypi/Jinja2")))
    policy = write(tmp_path / "p.toml", POLICY)
    ran = match(db, app, "--vex", vex, "--policy", policy, "--fail-on", "any", "-o", "json", "-v")
    (found,) = check(ran.stdout, "report-1.schema.json")["targets"]
    assert {one["id"]: (one["status"], one["suppressed_by"]) for one in found["findings"]} == {
        "CVE-2019-1551": ("suppressed", [f"{policy}: rule 1 (alice, until 2026-08-22): not reachable"]),
        "CVE-2020-28493": ("suppressed", [f"{vex}: not_affected (vulnerable_code_not_present)"]),
        "PYSEC-2019-179": ("open", []),
    }
    assert {one["name"]: one["verdict"] for one in found["components"]} == {
        "libssl1.1": "affected", "jinja2": "cleared", "flask": "affected",
    }  # fmt: skip
    assert ran.code == 1
    assert "findings of any severity: 1" in ran.json["exit"]["because"]
    assert f"{policy}: rule 3 expired on 2020-01-01: what it ignored is reported again" in ran.stderr
    assert f"{policy}: rule 2 ignores nothing" in ran.stderr


def test_nothing_but_errors_is_said_when_quiet(tmp_path: Path, db: Path, app: Path) -> None:
    assert match(db, app, "--policy", write(tmp_path / "p.toml", POLICY), "-q", "-v").stderr == ""


def test_options_come_from_the_environment_and_the_configuration(tmp_path: Path, db: Path, app: Path) -> None:
    vex = write(tmp_path / "v.json", openvex(statement("CVE-2020-28493", "pkg:pypi/jinja2")))
    by_environment = match(db, app, SBOMMATCH_VEX=str(vex), SBOMMATCH_POLICY=str(write(tmp_path / "p.toml", POLICY)))
    assert f"2 findings suppressed: 1 by {tmp_path}/p.toml, 1 by {tmp_path}/v.json" in by_environment.text
    config = write(tmp_path / "c.toml", f'vex = ["{vex}"]\npolicy = "{tmp_path}/p.toml"\n')
    assert match(db, app, "--config", config).stdout == by_environment.stdout


def test_statements_that_contradict_each_other_are_said(tmp_path: Path, db: Path, app: Path) -> None:
    one = write(tmp_path / "one.json", openvex(statement("CVE-2020-28493", "pkg:pypi/jinja2"), **{"@id": "urn:one"}))
    other = {"id": "CVE-2020-28493", "analysis": {"state": "exploitable"}, "affects": [{"ref": "pkg:pypi/jinja2"}]}
    ran = match(db, app, "--vex", one, "--vex", write(tmp_path / "two.json", cyclonedx(other)), "-o", "json")
    assert "two.json says affected (2024-01-01)" in ran.stderr
    assert "none is known to be the newest, and nothing is silenced" in ran.stderr
    assert [problem["code"] for problem in ran.json["problems"]] == ["contradiction"]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("option", "text", "code", "message"),
    [
        ("--vex", None, 3, "there is no such file; name a VEX document"),
        ("--vex", "{", 3, "malformed JSON"),
        ("--vex", "{}", 3, "no VEX document"),
        ("--policy", None, 3, "--policy names a file of ignore rules"),
        ("--policy", "[[ignore]]\ncve = 1", 3, "rule 1: Object contains unknown field `cve`"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["scan", "explain", "vex"])
def test_what_cannot_be_read_ends_the_run(
    tmp_path: Path, db: Path, app: Path, option: str, text: str | None, code: int, message: str, command: str
) -> None:
    path = tmp_path / "bad"
    if text is not None:
        write(path, text)
    ran = match(db, app, *(["CVE-1"] if command == "explain" else []), option, path, command=command)
    assert (ran.code, ran.stdout) == (code, b"")
    assert message in ran.stderr


@pytest.mark.parametrize("command", ["scan", "explain", "vex"])
def test_a_statement_that_cannot_be_read_is_a_loss_and_the_others_count(tmp_path: Path, db: Path, app: Path, command: str) -> None:
    bad = statement("CVE-2019-1551", "pkg:apk/alpine/libssl1.1", justification=None)
    vex = write(tmp_path / "v.json", openvex(bad, statement("CVE-2020-28493", "pkg:pypi/jinja2")))
    ran = match(db, app, *(["CVE-2020-28493"] if command == "explain" else []), "--vex", vex, command=command)
    assert ran.code == 5
    assert ran.stderr.count("statements[0]: says not_affected without justification or impact statement") == 1
    assert {"scan": "1 by ", "explain": "cleared of", "vex": '"not_affected"'}[command] in ran.text


def test_several_documents_share_statements_and_each_says_its_own(tmp_path: Path, db: Path, app: Path) -> None:
    sbom(tmp_path / "other.json", JINJA_HIGH)
    policy = write(tmp_path / "p.toml", POLICY)
    vex = write(tmp_path / "v.json", openvex(statement("CVE-1", "pkg:npm/x") | {"status": "maybe"}))
    ran = match(db, app, tmp_path / "other.json", "--vex", vex, "--policy", policy, "-v", "-o", "json")
    lines = [json.loads(line) for line in ran.text.splitlines()]
    assert [[problem["where"] for problem in line["problems"] if problem["loss"]] for line in lines] == [[f"{vex}: statements[0]"]] * 2
    assert ran.stderr.count("which is none") == 1
    assert f"{policy}: rule 1 ignores nothing" not in ran.stderr
    assert ran.code == 5


def test_explain_says_what_statements_and_rules_do(tmp_path: Path, db: Path, app: Path) -> None:
    said = [
        statement("CVE-2020-28493", "pkg:pypi/jinja2", impact_statement="no template of others"),
        statement("CVE-2020-28493", "pkg:pypi/other", **AFFECTED),
    ]
    vex = write(tmp_path / "v.json", openvex(*said))
    policy = write(tmp_path / "p.toml", POLICY)
    text = match(db, app, "CVE-2020-28493", "--vex", vex, command="explain").text
    assert "pkg:pypi/jinja2@2.11.1: cleared of CVE-2020-28493" in text
    assert f"  CVE-2020-28493 is suppressed by {vex}: not_affected (vulnerable_code_not_present)\n" in text
    assert "statements[0] says not_affected (vulnerable_code_not_present) on 2024-01-01: counts: no template of others\n" in text
    assert "statements[1] says affected on 2024-01-01: not applied, it is about other products: action: turn TLS off\n" in text
    ruled = match(db, app, ALPINE_OPENSSL, "--policy", policy, "-o", "json", command="explain")
    (shown,) = check(ruled.stdout, "explain-1.schema.json")["components"]
    assert (shown["answer"], shown["suppressed"][0]["id"]) == ("affected", "CVE-2019-1551")


def test_an_explanation_with_statements_is_valid(tmp_path: Path, db: Path, app: Path) -> None:
    vex = write(tmp_path / "v.json", openvex(statement("CVE-2020-28493", "pkg:pypi/jinja2")))
    (shown,) = check(match(db, app, "CVE-2020-28493", "--vex", vex, "-o", "json", command="explain").stdout, "explain-1.schema.json")[
        "components"
    ]
    assert [(one["status"], one["means"], one["counts"]) for one in shown["statements"]] == [("not_affected", True, True)]
    assert (shown["verdict"], shown["answer"]) == ("cleared", "cleared")


def test_vex_writes_openvex_that_decides_the_same_again(tmp_path: Path, db: Path, app: Path, shared_data: Path) -> None:
    vex = write(tmp_path / "v.json", openvex(statement("CVE-2020-28493", "pkg:pypi/jinja2")))
    policy = write(tmp_path / "p.toml", POLICY)
    first, second = (match(db, app, "--vex", vex, "--policy", policy, "--author", "Acme", command="vex") for _ in range(2))
    assert (first.code, first.stdout) == (0, second.stdout)
    schema = json.loads((shared_data / "schemas/openvex_json_schema.json").read_bytes())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(first.json)
    assert (first.json["author"], first.json["timestamp"]) == ("Acme", "2026-08-22T12:00:00Z")
    statuses = {one["vulnerability"]["name"]: one["status"] for one in first.json["statements"]}
    assert statuses == {"CVE-2019-1551": "affected", "CVE-2020-28493": "not_affected", "PYSEC-2019-179": "affected"}
    own = write(tmp_path / "own.json", first.text)
    again = match(db, app, "--vex", own, "-o", "json").json["targets"][0]
    assert {one["id"] for one in again["findings"] if one["status"] == "suppressed"} == {"CVE-2020-28493"}


def test_vex_with_nothing_to_state_writes_nothing_and_says_so(tmp_path: Path, db: Path) -> None:
    ran = match(db, sbom(tmp_path / "app.json", "pkg:pypi/nothing@1.0"), command="vex")
    assert (ran.code, ran.stdout) == (0, b"")
    assert "there is nothing to state" in ran.stderr


def test_vex_of_what_cannot_be_read_exits_3(tmp_path: Path, db: Path) -> None:
    assert match(db, tmp_path / "none.json", command="vex").code == 3
