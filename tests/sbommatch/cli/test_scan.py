"""`sbommatch scan`."""

import json
import re
from pathlib import Path

import pytest

from sbommatch.cli.scan import batched
from sbommatch.reports import REPORTS
from sbommatch.reports.report import Report
from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, FLASK_UNKNOWN, JINJA_HIGH, NO_FINDING, feeds, sbom
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.sbommatch.match.made import component, document
from tests.sbommatch.reports.schemas import check
from tests.support.run import Ran, run

SCHEMA = "report-1.schema.json"
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return feeds(tmp_path_factory.mktemp("feeds"))


def scan(db: Path, *arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
    return run("sbommatch", "scan", "--db", db, *arguments, env=EPOCH | (env or {}))


@pytest.mark.parametrize(
    ("feed", "sample", "affected", "other"),
    [
        (
            "osv-root", "Root/ROOT-OS-ALPINE-318-CVE-2000-0548.json",
            "pkg:apk/alpine/rootio-util-linux@2.38.1-r10070?distro=alpine-3.18.4",
            "pkg:apk/alpine/rootio-util-linux@2.38.1-r10071?distro=alpine-3.18.4",
        ),
        (
            "osv-root", "Root/ROOT-OS-ALPINE-318-CVE-2000-0548.json",
            "pkg:apk/alpine/rootio-libmount@2.38.1-r10070?distro=alpine-3.18.4&upstream=rootio-util-linux",
            "pkg:apk/alpine/util-linux@2.38.1-r8?distro=alpine-3.18.4",
        ),
        ("osv-root", "Root/ROOT-APP-PYPI-CVE-2025-30473.json", "pkg:pypi/rootio-requests@2.31.0", "pkg:pypi/requests@2.30.0"),
        (
            "osv-root", "Root/ROOT-APP-NPM-CVE-2022-25883.json",
            "pkg:npm/%40rootio/semver@7.5.1-root.io.1", "pkg:npm/%40rootio/semver@7.5.2-root.io.1",
        ),
        (
            "osv-kubernetes", "kubernetes/CVE-2025-24514.json",
            "pkg:k8s/k8s.io%2Fingress-nginx@1.12.0", "pkg:k8s/k8s.io/ingress-nginx@1.11.5",
        ),
        (
            "osv-alpaquita", "Alpaquita/BELL-CVE-2025-54874.json",
            "pkg:apk/alpaquita/openjpeg@2.5.3-r0?distro=alpaquita-stream", "pkg:apk/alpaquita/openjpeg@2.5.1-r0?distro=alpaquita-stream",
        ),
    ],
)  # fmt: skip
def test_real_records_of_osvs_rarer_ecosystems_meet_their_packages(
    tmp_path: Path, shared_data: Path, feed: str, sample: str, affected: str, other: str
) -> None:
    pointer = tmp_path / "db.json"
    built = run("sbommatch", "db", "build", f"{feed}={shared_data}/feeds/osv-samples/{sample}@2026-08-21", "--db", pointer)
    assert built.code == 0, built.stderr
    ran = scan(pointer, sbom(tmp_path / "app.cdx.json", affected, other), "-o", "json")
    assert [finding["ref"] for finding in ran.json["targets"][0]["findings"]] == [affected]


def test_a_table_is_the_default(tmp_path: Path, db: Path) -> None:
    ran = run("sbommatch", sbom(tmp_path / "app.cdx.json", ALPINE_OPENSSL, JINJA_HIGH), "--db", db, env=EPOCH)
    assert (ran.code, ran.stderr) == (0, "")
    assert "\n  jinja2 2.11.1: upgrade to 2.11.3\n    high     CVE-2020-28493  fixed in 2.11.3" in ran.text
    assert "\n  libssl1.1 (openssl) 1.1.1d-r2: upgrade to 1.1.1d-r3\n    unknown  CVE-2019-1551   fixed in 1.1.1d-r3" in ran.text
    assert "CVE-2019-1547" not in ran.text
    assert "Checked 2 of 2 components: 2 affected" in ran.text


def test_json_is_valid_and_the_same_every_time(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.cdx.json", ALPINE_OPENSSL, JINJA_HIGH, FLASK_UNKNOWN, hidden="pkg:pypi/jinja2@2.0")
    first, second = (scan(db, made, "-o", "json") for _ in range(2))
    assert first.stdout == second.stdout
    report = check(first.stdout, SCHEMA)
    assert report["evaluated_on"] == "2023-11-14"
    assert [(finding["id"], finding["hidden"]) for finding in report["targets"][0]["findings"]] == [
        ("CVE-2019-1551", False),
        ("PYSEC-2019-179", False),
        ("CVE-2020-28493", True),
        ("CVE-2020-28493", False),
    ]
    assert report["exit"] == {"code": 0, "because": []}


@pytest.mark.parametrize(
    ("purls", "options", "code"),
    [
        ((JINJA_HIGH,), (), 0),
        ((JINJA_HIGH,), ("--fail-on", "any"), 1),
        ((JINJA_HIGH,), ("--fail-on", "high"), 1),
        ((JINJA_HIGH,), ("--fail-on", "critical"), 0),
        ((FLASK_UNKNOWN,), ("--fail-on", "critical"), 1),
        ((FLASK_UNKNOWN,), ("--fail-on", "critical", "--unknown-severity", "pass"), 0),
        ((FLASK_UNKNOWN,), ("--fail-on", "any", "--unknown-severity", "pass"), 1),
        ((NO_FINDING,), ("--fail-on", "any"), 0),
    ],
)
def test_findings_at_or_over_the_threshold_exit_1(
    tmp_path: Path, db: Path, purls: tuple[str, ...], options: tuple[str, ...], code: int
) -> None:
    ran = scan(db, sbom(tmp_path / "app.cdx.json", *purls), *options, "-o", "json")
    assert ran.code == code
    assert ran.json["exit"]["code"] == code
    assert bool(ran.json["exit"]["because"]) is bool(code)


@pytest.mark.parametrize(("hidden", "code", "findings"), [("report", 0, [True]), ("fail", 1, [True]), ("omit", 0, [])])
def test_removed_packages_count_only_when_asked(tmp_path: Path, db: Path, hidden: str, code: int, findings: list[bool]) -> None:
    made = sbom(tmp_path / "app.cdx.json", hidden=JINJA_HIGH)
    ran = scan(db, made, "--fail-on", "any", "--hidden", hidden, "-o", "json")
    assert ran.code == code
    assert [finding["hidden"] for finding in ran.json["targets"][0]["findings"]] == findings


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--fail-on", "high"), "app.cdx.json: findings of severity high or above: 1\n"),
        (("--require-coverage", "60"), "app.cdx.json: components checked: 50 %, not 60 %\n"),
        (("--fail-on", "high", "--require-coverage", "60", "--quiet"), ""),
        (("--fail-on", "critical", "--require-coverage", "50"), ""),
    ],
)
def test_why_it_fails_is_said_on_stderr(tmp_path: Path, db: Path, options: tuple[str, ...], said: str) -> None:
    ran = scan(db, sbom(tmp_path / "app.cdx.json", JINJA_HIGH, "pkg:npm/left-pad@1.0.0"), *options)
    assert ran.stderr.endswith(said)
    assert bool(ran.stderr) is bool(said)


def test_removed_packages_have_a_section_of_their_own(tmp_path: Path, db: Path) -> None:
    ran = scan(db, sbom(tmp_path / "app.cdx.json", NO_FINDING, hidden=JINJA_HIGH))
    assert "In packages that a later layer removed, whose files still ship:\n\n  jinja2 2.11.1: upgrade to 2.11.3\n    high" in ran.text
    assert "No findings; 1 more in removed packages" in ran.text


def test_the_distribution_can_be_named(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.cdx.json", "pkg:apk/alpine/openssl@1.1.1d-r2")
    silent = scan(db, made)
    assert "no_distro" in silent.text
    assert "nothing was checked: 1 no_distro" in silent.stderr
    assert "CVE-2019-1551" in scan(db, made, "--distro", "alpine:3.11").text


@pytest.mark.parametrize("distro", ["linuxmint:21.3", "centos:7", "rhel:9.4+eus", "arch", "sles:15-SP5"])
def test_derivatives_channels_and_rolling_releases_can_be_named(tmp_path: Path, db: Path, distro: str) -> None:
    assert scan(db, sbom(tmp_path / "app.cdx.json", NO_FINDING), "--distro", distro).code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--distro", "plan9:4"),
        ("--distro", "debian"),
        ("--distro", "debian:testing"),
        ("-o", "xml"),
        ("-o", "table", "-o", "json"),
        ("--fail-on", "negligible"),
        ("--rules", "rules.toml"),
        ("--max-age", "-3"),
        ("--require-coverage", "101"),
    ],
)
def test_what_does_not_exist_is_wrong_usage(tmp_path: Path, db: Path, options: tuple[str, ...]) -> None:
    ran = scan(db, sbom(tmp_path / "app.cdx.json", JINJA_HIGH), *options)
    assert (ran.code, ran.stdout) == (2, b"")


def test_options_have_environment_variables(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.cdx.json", JINJA_HIGH)
    env = {"SBOMMATCH_DB": str(db), "SBOMMATCH_FAIL_ON": "high", "SBOMMATCH_OUTPUT": "json"}
    ran = run("sbommatch", made, env=env)
    assert ran.code == 1
    assert ran.json["schema"] == "sbommatch.report/1"


def test_a_missing_database_exits_4(tmp_path: Path) -> None:
    ran = scan(tmp_path / "none.json", sbom(tmp_path / "app.cdx.json", JINJA_HIGH))
    assert ran.code == 4
    assert "sbommatch db build" in ran.stderr


@pytest.mark.parametrize("content", [None, "{", "no SBOM", "{}", '{"bomFormat": "CycloneDX"'])
def test_an_unreadable_document_exits_3_even_without_a_database(tmp_path: Path, content: str | None) -> None:
    bad = tmp_path / "bad.json"
    if content is not None:
        bad.write_text(content)
    ran = scan(tmp_path / "none.json", bad)
    assert (ran.code, ran.stdout) == (3, b"")
    assert str(bad) in ran.stderr


def test_one_bad_document_does_not_stop_the_others(tmp_path: Path, db: Path) -> None:
    good = [sbom(tmp_path / f"{name}.cdx.json", JINJA_HIGH) for name in ("a", "b")]
    ran = scan(db, good[0], tmp_path / "missing.json", good[1], "-o", "json")
    assert ran.code == 5
    assert "missing.json" in ran.stderr
    assert [check(line + b"\n", SCHEMA)["targets"][0]["document"]["path"] for line in ran.stdout.splitlines()] == [
        str(path) for path in good
    ]


def test_findings_weigh_more_than_an_unreadable_document(tmp_path: Path, db: Path) -> None:
    assert scan(db, sbom(tmp_path / "a.json", JINJA_HIGH), tmp_path / "missing.json", "--fail-on", "any").code == 1


def test_several_documents_give_what_each_gives_alone(tmp_path: Path, db: Path) -> None:
    made = [sbom(tmp_path / "a.json", JINJA_HIGH), sbom(tmp_path / "b.json", ALPINE_OPENSSL), sbom(tmp_path / "c.json")]
    together = scan(db, *made, "-o", "json", "--fail-on", "high")
    alone = [scan(db, one, "-o", "json", "--fail-on", "high") for one in made]
    assert together.stdout == b"".join(ran.stdout for ran in alone)
    assert [ran.code for ran in alone] == [1, 1, 0]
    assert together.code == 1


def test_tables_of_several_documents_stand_apart(tmp_path: Path, db: Path) -> None:
    made = [sbom(tmp_path / name, JINJA_HIGH) for name in ("a.json", "b.json")]
    ran = scan(db, *made)
    assert ran.text.count("\n  jinja2 2.11.1: upgrade to 2.11.3\n") == 2
    assert f"\n\n{made[1]}: " in ran.text or f"\n\n{made[1]}\n" in ran.text


@pytest.mark.parametrize("report", [report for report in REPORTS if report.name not in {"table", "json"}], ids=lambda report: report.name)
def test_every_other_report_is_written_of_real_matches(tmp_path: Path, db: Path, report: Report) -> None:
    made = sbom(tmp_path / "app.cdx.json", ALPINE_OPENSSL, JINJA_HIGH)
    ran = scan(db, made, "-o", report.name, "-o", f"{report.name}={tmp_path}/out/")
    assert (ran.code, ran.stderr) == (0, "")
    assert {"CVE-2020-28493", "2.11.3", "1.1.1d-r3"} <= set(re.findall(r"[\w.-]+", ran.text.replace("\\", "")))
    assert (tmp_path / "out" / f"app{report.suffix}").read_bytes() == ran.stdout


def test_tables_for_spreadsheets_have_one_head(tmp_path: Path, db: Path) -> None:
    made = [sbom(tmp_path / name, JINJA_HIGH) for name in ("a.json", "b.json")]
    lines = scan(db, *made, "-o", "csv").text.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["document", str(made[0]), str(made[1])]


def test_a_folder_is_read_and_gets_a_file_for_each_document(tmp_path: Path, db: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        sbom(tmp_path / "in" / f"{name}.cdx.json", JINJA_HIGH)
    (tmp_path / "in" / "package.json").write_text("{}")
    ran = scan(db, tmp_path / "in", "-o", f"json={tmp_path}/out/", "-o", "table")
    assert (ran.code, ran.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.json", "b.json"]
    check((tmp_path / "out" / "a.json").read_bytes(), SCHEMA)
    assert ran.text.count("CVE-2020-28493") == 2


def test_a_pattern_that_no_shell_expanded_stands_for_its_files(tmp_path: Path, db: Path) -> None:
    for name in ("a.json", "b.json", "c.txt"):
        sbom(tmp_path / name, JINJA_HIGH)
    (tmp_path / "bad.json").write_text("{")
    ran = scan(db, f"{tmp_path}/*.json", "-o", "json")
    assert (ran.code, len(ran.text.splitlines())) == (5, 2)
    assert "bad.json: malformed JSON, perhaps cut short" in ran.stderr
    assert scan(db, f"{tmp_path}/*.xml").code == 3


def test_a_purl_that_was_made_is_said_to_be(tmp_path: Path, db: Path) -> None:
    kind = {"name": "syft:package:type", "value": "python"}
    component = {"type": "library", "name": "jinja2", "version": "2.0", "properties": [kind]}
    (tmp_path / "a.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}))
    ran = scan(db, tmp_path / "a.json", "-o", "json", "-v")
    (target,) = check(ran.stdout, SCHEMA)["targets"]
    assert [(each["purl"], each["purl_from"], each["verdict"]) for each in target["components"]] == [
        ("pkg:pypi/jinja2@2.0", "made", "affected")
    ]
    assert "1 components state no PURL" in ran.stderr


def test_a_file_of_a_folder_that_is_no_sbom_is_a_note(tmp_path: Path, db: Path) -> None:
    sbom(tmp_path / "a.json", JINJA_HIGH)
    (tmp_path / "package.json").write_text("{}")
    assert "package.json" in scan(db, tmp_path, "-v").stderr
    assert scan(db, tmp_path, "--strict").code == 5


def test_a_report_is_never_written_over_another(tmp_path: Path, db: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    made = [sbom(tmp_path / folder / "app.json", JINJA_HIGH) for folder in ("one", "two")]
    ran = scan(db, *made, "-o", f"json={tmp_path}/out/")
    assert ran.code == 2
    assert "{digest}" in ran.stderr


def test_a_folder_that_cannot_be_made_is_wrong_usage(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.json", JINJA_HIGH)
    ran = scan(db, made, "-o", f"json={made}/out/")
    assert ran.code == 2
    assert "cannot be made" in ran.stderr


def test_one_file_for_several_documents_is_wrong_usage(tmp_path: Path, db: Path) -> None:
    made = [sbom(tmp_path / name, JINJA_HIGH) for name in ("a.json", "b.json")]
    assert scan(db, *made, "-o", f"json={tmp_path}/out.json").code == 2
    assert not (tmp_path / "out.json").exists()


def test_a_part_that_could_not_be_read_exits_5_and_the_result_is_written(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.json", JINJA_HIGH)
    document_ = json.loads(made.read_text())
    document_["components"].append(7)
    made.write_text(json.dumps(document_))
    ran = scan(db, made, "-o", "json")
    assert ran.code == 5
    assert len(check(ran.stdout, SCHEMA)["targets"][0]["findings"]) == 1
    assert ran.json["exit"]["code"] == 5
    assert "components[1]" in ran.stderr


def test_notes_count_only_when_strict(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.json", JINJA_HIGH, JINJA_HIGH)
    plain, strict = scan(db, made), scan(db, made, "--strict", "-v")
    assert (plain.code, plain.stderr) == (0, "")
    assert strict.code == 5
    assert "components[1]" in strict.stderr


def test_nothing_checked_is_said_on_stderr_unless_quiet(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.json", "pkg:npm/left-pad@1.0.0")
    assert "nothing was checked: 1 no_feed" in scan(db, made, "-o", "json").stderr
    assert scan(db, made, "-o", "json", "-q").stderr == ""


def test_documents_are_matched_in_batches_of_so_many_components() -> None:
    documents = [document(*[component(None)] * size) for size in (1, 2, 3, 0, 1)]
    assert [[len(one.components) for one in batch] for batch in batched(documents, 3)] == [[1, 2], [3], [0, 1]]


OLD = {"SOURCE_DATE_EPOCH": "1787356800"}  # 2026-08-22, three weeks after the feeds were captured


@pytest.mark.parametrize(("days", "code"), [("21", 0), ("20", 4)])
def test_feeds_older_than_asked_exit_4_and_the_result_is_written(tmp_path: Path, db: Path, days: str, code: int) -> None:
    ran = scan(db, sbom(tmp_path / "app.cdx.json", JINJA_HIGH), "--max-age", days, "--fail-on", "any", "-o", "json", env=OLD)
    assert ran.code == (code or 1)
    assert len(ran.json["targets"][0]["findings"]) == 1
    assert ran.json["exit"]["because"][1:] == ["feeds older than 20 days: alpine-secdb of 21 days ago, osv-pypi of 21 days ago"] * bool(
        code
    )
    assert ("old feeds" in ran.stderr) is bool(code)


def test_old_feeds_are_said_and_refuse_nothing(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.cdx.json", JINJA_HIGH)
    for seconds, said in (("1788000000", False), ("1789000000", True)):  # 28 and 39 days
        ran = scan(db, made, env={"SOURCE_DATE_EPOCH": seconds})
        assert (ran.code, "old feeds: alpine-secdb of " in ran.stderr) == (0, said)
    assert scan(db, made, "--quiet", env={"SOURCE_DATE_EPOCH": "1789000000"}).stderr == ""


def test_of_many_old_feeds_the_oldest_are_named(tmp_path: Path) -> None:
    go, npm, pypi, gems = ([osv_record("X-1", name, "demo", below("2"))] for name in ("Go", "npm", "PyPI", "RubyGems"))
    secdb = {"v3.11": {"demo": {"1-r1": ["CVE-2024-0001"]}}}
    made = database(tmp_path, secdb=secdb, go=go, npm=npm, pypi=pypi, rubygems=gems)
    ran = scan(made, sbom(tmp_path / "app.cdx.json", JINJA_HIGH), env={"SOURCE_DATE_EPOCH": "1789000000"})
    assert re.search(r"old feeds: (\S+ of \d+ days ago, ){2}\S+ of \d+ days ago \+2; ", ran.stderr)


@pytest.mark.parametrize(("percent", "code"), [("50", 0), ("50.1", 1)])
def test_too_little_coverage_exits_1(tmp_path: Path, db: Path, percent: str, code: int) -> None:
    ran = scan(db, sbom(tmp_path / "app.cdx.json", NO_FINDING, "pkg:npm/left-pad@1.0.0"), "--require-coverage", percent, "-o", "json")
    assert ran.code == code
    assert ran.json["exit"]["because"] == ["components checked: 50 %, not 50.1 %"] * code


def test_suppressed_findings_are_listed_and_do_not_count(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.cdx.json", JINJA_HIGH, FLASK_UNKNOWN)
    table = scan(db, made, "--only-fixed")
    assert "2 findings:" in table.text
    layer = {"name": "sbomgen:image:layer", "value": "0 sha256:" + "a" * 64 + " - - RUN x"}
    base = [{"name": "sbomgen:layer:index", "value": "0"}, {"name": "sbomgen:layer:origin", "value": "base"}]
    document = json.loads(made.read_text())
    document["metadata"] = {"component": {"type": "container", "name": "i", "properties": [layer]}}
    document["components"][0]["properties"] = [*base, {"name": "sbomgen:layer:diff_id", "value": "sha256:" + "a" * 64}]
    made.write_text(json.dumps(document))
    ran = scan(db, made, "--ignore-base", "--fail-on", "any", "-o", "json")
    findings = {finding["id"]: (finding["status"], finding["suppressed_by"]) for finding in ran.json["targets"][0]["findings"]}
    assert findings == {"CVE-2020-28493": ("suppressed", ["ignore_base"]), "PYSEC-2019-179": ("open", [])}
    assert ran.code == 1
    table = scan(db, made, "--ignore-base")
    open_, suppressed = table.text.split("Suppressed, and why:\n")
    assert "CVE-2020-28493" not in open_
    assert suppressed.startswith("  jinja2 2.11.1: CVE-2020-28493\n    ignore_base: came with the base image")
    assert "1 finding: 1 of unknown severity\n1 finding suppressed: 1 by ignore_base\n" in table.text
