"""OSV records, whole and broken."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbommatch.advisory import Advisory, Event, EventKind, NameKind, Severity
from sbommatch.formats import FeedContext, osv
from sbommatch.formats._osv_ecosystems import NOWHERE, target_of
from sbommatch.formats.osv import GO_CUSTOM_RANGES, OsvFormat
from sbommatch.problem import Problem, ProblemCode

CONTEXT = FeedContext("osv-test")
INTRODUCED, FIXED, LAST_AFFECTED, LIMIT = EventKind.INTRODUCED, EventKind.FIXED, EventKind.LAST_AFFECTED, EventKind.LIMIT


def read(document: bytes | Mapping[str, Any]) -> tuple[list[Advisory], list[Problem]]:
    content = document if isinstance(document, bytes) else msgspec.json.encode(document)
    parts = list(OsvFormat().read(content, "all.zip: X.json", CONTEXT))
    return [part for part in parts if isinstance(part, Advisory)], [part for part in parts if isinstance(part, Problem)]


def record(*affected: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "X-1", "modified": "2026-01-02T03:04:05Z", "affected": list(affected), **fields}


def package(ecosystem: str = "PyPI", name: str = "demo", **fields: Any) -> dict[str, Any]:
    return {"package": {"ecosystem": ecosystem, "name": name}, **fields}


def ecosystem_range(*events: Mapping[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"type": kind, "events": list(events)}


def test_every_part_of_a_record_is_kept() -> None:
    advisories, problems = read(
        record(
            package(
                name="Zope.Interface",
                ranges=[ecosystem_range({"introduced": "0"}, {"fixed": "1.2"})],
                versions=["1.0", "0.1-bulbasaur"],
                severity=[{"type": "Ubuntu", "score": "medium"}],
            ),
            aliases=["CVE-2024-1111", "GHSA-2222-3333-4444", "CVE-2024-1111", "X-1", ""],
            related=["CVE-2024-9999"],
            withdrawn="2026-02-03T00:00:00Z",
            published="2026-01-01T00:00:00Z",
            summary="A flaw",
            details="Long text",
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
            references=[{"type": "WEB", "url": "https://example.org/1"}],
            database_specific={"severity": "HIGH"},
        )
    )
    assert problems == []
    (advisory,) = advisories
    assert (advisory.id, advisory.feed, advisory.summary) == ("X-1", "osv-test", "A flaw")
    assert advisory.aliases == ("CVE-2024-1111", "GHSA-2222-3333-4444")
    assert advisory.cves == ("CVE-2024-1111",)
    assert advisory.related == ("CVE-2024-9999",)
    assert (advisory.withdrawn, advisory.published, advisory.modified) == (
        "2026-02-03T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-01-02T03:04:05Z",
    )
    assert advisory.references == ("https://example.org/1",)
    assert advisory.severities == (
        Severity("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "osv-test"),
        Severity("label", "HIGH", "osv-test"),
    )
    (affected,) = advisory.affected
    assert (affected.namespace, affected.name, affected.name_kind, affected.scheme) == ("pypi", "zope-interface", NameKind.SELF, "pypi")
    assert affected.versions == ("1.0", "0.1-bulbasaur")
    assert affected.severities == (Severity("label", "medium", "Ubuntu"),)
    assert affected.ranges[0].events == (Event(INTRODUCED, "0"), Event(FIXED, "1.2"))


def test_the_digest_is_of_the_bytes_as_the_feed_has_them() -> None:
    (first,), _ = read(b'{"id": "X-1"}')
    (second,), _ = read(b'{"id":"X-1"}')
    assert first.record_sha256 != second.record_sha256
    assert first.record_sha256 == sha256(b'{"id": "X-1"}').hexdigest()


@pytest.mark.parametrize(
    ("ecosystem", "namespace", "scheme", "channel"),
    [
        ("PyPI", "pypi", "pypi", None),
        ("Go", "golang", "go", None),
        ("crates.io", "cargo", "cargo", None),
        ("npm", "npm", "npm", None),
        ("Alpine:v3.11", "alpine:3.11", "apk", None),
        ("Alpine:edge", "alpine:edge", "apk", None),
        ("Debian:12", "debian:12", "deb", None),
        ("Debian:3.0", "debian:3", "deb", None),
        ("Ubuntu:22.04:LTS", "ubuntu:22.04", "deb", None),
        ("Ubuntu:24.10", "ubuntu:24.10", "deb", None),
        ("Ubuntu:Pro:22.04:LTS", "ubuntu:22.04", "deb", "pro"),
        ("Ubuntu:Pro:FIPS:20.04", "ubuntu:20.04", "deb", "pro:fips"),
        ("Wolfi", "wolfi:rolling", "apk", None),
        ("Chainguard", "chainguard:rolling", "apk", None),
        ("MinimOS", "minimos:rolling", "apk", None),
        ("Echo", "echo:rolling", "deb", None),
        ("Alpaquita:stream", "alpaquita:stream", "apk", None),
        ("Alpaquita:23", "alpaquita:23", "apk", None),
        ("openSUSE:Leap 15.5", "opensuse-leap:15.5", "rpm", None),
        ("openSUSE:Tumbleweed", "opensuse-tumbleweed:rolling", "rpm", None),
        ("SUSE:Linux Enterprise Server 15 SP1-LTSS", "sles:15.1", "rpm", "ltss:15.1"),
        ("SUSE:Linux Enterprise Module for Basesystem 15 SP4", "sles:15.4", "rpm", None),
        ("GitHub Actions", "githubactions", "github-actions", None),
        ("SwiftURL", "swift", "swift", None),
        ("Homebrew", "brew", "generic", None),
        ("opam", "opam", "opam", None),
        ("VSCode", "vscode-extension", "semver", None),
        ("Kubernetes", "k8s", "semver", None),
        ("Azure Linux:3", "azurelinux:3.0", "rpm", None),
        ("Azure Linux:2", "mariner:2.0", "rpm", None),
        ("openEuler:22.03-LTS-SP1", "openeuler:22.03-lts-sp1", "rpm", None),
        ("openEuler:24.03-LTS", "openeuler:24.03-lts", "rpm", None),
        ("Photon OS:3.0", "photon:3.0", "rpm", None),
        ("BellSoft Hardened Containers:23", "bellsoft-hardened-containers:23", "apk", None),
        ("BellSoft Hardened Containers:stream", "bellsoft-hardened-containers:stream", "apk", None),
    ],
)
def test_ecosystems_have_their_namespace(ecosystem: str, namespace: str, scheme: str, channel: str | None) -> None:
    (advisory,), problems = read(record(package(ecosystem)))
    assert problems == []
    assert [(one.namespace, one.scheme, one.channel) for one in advisory.affected] == [(namespace, scheme, channel)]


@pytest.mark.parametrize(
    ("sample", "namespace", "name", "raw"),
    [
        ("GitHub Actions/GHSA-8v8w-v8xg-79rf.json", "githubactions", "tj-actions/branch-names", "<7.0.7"),
        ("MinimOS/MINI-2cf5-qxg8-p76v.json", "minimos:rolling", "openjdk-19", "<19.0.2.7-r1"),
        ("SUSE/SUSE-SU-403 Forbidden-1.json", "sles:12.0", "libqt4", "<4.8.6-7.1"),
        ("Alpaquita/BELL-CVE-2025-54874.json", "alpaquita:stream", "openjpeg", ">=2.5.2-r0"),
        ("kubernetes/CVE-2025-24514.json", "k8s", "k8s.io/ingress-nginx", "<1.11.5 || >=1.12.0,<1.12.1"),
        ("Root/ROOT-OS-ALPINE-318-CVE-2000-0548.json", "alpine:3.18", "rootio-util-linux", "<2.38.1-r10071"),
        ("Root/ROOT-OS-UBUNTU-2204-CVE-2025-68973.json", "ubuntu:22.04", "rootio-gnupg2", "<2.2.27-3ubuntu2.4.root.io.1"),
        ("Root/ROOT-APP-PYPI-CVE-2025-30473.json", "pypi", "rootio-requests", "<2.31.0+root.io.1"),
        ("Root/ROOT-APP-NPM-CVE-2022-25883.json", "npm", "@rootio/semver", "<7.5.2-root.io.1"),
    ],
)
def test_samples_have_their_packages(shared_data: Path, sample: str, namespace: str, name: str, raw: str) -> None:
    (advisory,), _ = read((shared_data / "feeds" / "osv-samples" / sample).read_bytes())
    assert (namespace, name, raw) in {(row.namespace, row.name, range_.raw) for row in advisory.affected for range_ in row.ranges}


@pytest.mark.parametrize(
    "ecosystem",
    [
        "Debian", "Alpine", "Android", "Kylin:9", "SUSE:Package Hub 12", "Seal:Alpine", "pypi", "", ":", "Debian:bookworm", "OSS-Fuzz",
        "Linux", "Azure Linux:9", "openEuler:22.03", "Root", "Root:Root:npm", "Root:npm", "TuxCare:npm",
        "Docker Hardened Images:Alpine:3.23",
    ],
)  # fmt: skip
def test_an_unknown_ecosystem_is_a_note_and_the_rest_is_read(ecosystem: str) -> None:
    (advisory,), problems = read(record(package(ecosystem), package("npm")))
    assert [(problem.code, problem.where, problem.loss) for problem in problems] == [
        (ProblemCode.UNKNOWN_ECOSYSTEM, "all.zip: X.json: affected[0]", False)
    ]
    assert [one.namespace for one in advisory.affected] == ["npm"]


def test_roots_notices_are_of_source_and_binary_packages(shared_data: Path) -> None:
    path = shared_data / "feeds/osv-samples/Root/ROOT-OS-DEBIAN-bookworm-CVE-2025-53014.json"
    (advisory,), _ = read(path.read_bytes())
    assert [(one.namespace, one.name, one.name_kind) for one in advisory.affected] == [
        ("debian:12", "rootio-imagemagick", NameKind.SOURCE),
        ("debian:12", "rootio-imagemagick", NameKind.BINARY),
    ]


def test_a_rebuild_under_the_first_name_stands_nowhere_and_why_is_said() -> None:
    """Its fix is above all versions that are no rebuild: each of these would look affected."""
    (advisory,), (problem,) = read(record(package("Root:Alpine:3.17", "memcached"), id="ROOT-OS-ALPINE-317-CVE-2023-46853"))
    assert (advisory.affected, problem.message) == (
        (),
        "Root:Alpine:3.17: a rebuild under the first name, which nothing tells from the package that it is made from",
    )


def test_every_ecosystem_of_the_standard_stands_somewhere_or_it_is_said_why_not(shared_data: Path) -> None:
    schema = msgspec.json.decode((shared_data / "feeds/native/fixtures/ossf+osv-schema/validation/schema.json").read_bytes())
    names = schema["$defs"]["ecosystemName"]["enum"]
    releases = (
        "",
        ":3",
        ":3.18",
        ":12",
        ":22.04",
        ":22.03-LTS",
        ":Leap 15.5",
        ":Linux Enterprise Server 15 SP1",
        ":enterprise_linux:9::baseos",
    )
    unknown = [name for name in names if not any(target_of(name + release) for release in releases)]
    assert set(unknown) == set(NOWHERE) - {"GIT", "Seal"}, "GIT names no packages, and Seal is in no schema"


def test_ranges_of_commits_are_set_aside_and_counted() -> None:
    commits = ecosystem_range({"introduced": "0"}, {"fixed": "acb672b6"}, kind="GIT")
    versions = ecosystem_range({"introduced": "0"}, {"fixed": "2"})
    (advisory,), problems = read(record(package(ranges=[commits, versions]), {"ranges": [commits]}))
    assert [(problem.code, problem.where) for problem in problems] == [
        (ProblemCode.GIT_RANGE, "all.zip: X.json: affected[0]"),
        (ProblemCode.GIT_RANGE, "all.zip: X.json: affected[1]"),
    ]
    assert [range_.raw for one in advisory.affected for range_ in one.ranges] == ["<2"]


def test_events_stay_in_document_order() -> None:
    events = [{"introduced": "2.11"}, {"fixed": "2.11.7"}, {"introduced": "0"}, {"fixed": "2.11.6"}]
    (advisory,), _ = read(record(package(ranges=[ecosystem_range(*events)])))
    assert [(event.kind.value, event.version) for event in advisory.affected[0].ranges[0].events] == [
        pair for event in events for pair in event.items()
    ]


@pytest.mark.parametrize(
    ("events", "raw"),
    [
        ((Event(INTRODUCED, "0"),), ">=0"),
        ((Event(INTRODUCED, "0"), Event(FIXED, "1.2")), "<1.2"),
        ((Event(INTRODUCED, "1.0"), Event(FIXED, "1.2")), ">=1.0,<1.2"),
        ((Event(INTRODUCED, "1.0"), Event(LAST_AFFECTED, "1.2")), ">=1.0,<=1.2"),
        ((Event(INTRODUCED, "1"), Event(FIXED, "2"), Event(INTRODUCED, "3")), ">=1,<2 || >=3"),
        ((Event(INTRODUCED, "0"), Event(LIMIT, "*")), "<*"),
        ((Event(FIXED, "2"), Event(INTRODUCED, "3")), "<2 || >=3"),
        ((), ""),
    ],
)
def test_ranges_are_written_as_people_write_them(events: tuple[Event, ...], raw: str) -> None:
    assert osv.raw_range(events) == raw


CUSTOM = {"custom_ranges": [ecosystem_range({"introduced": "0"}, {"fixed": "1.2.1-0.20231016150651-428517fef5b9"})]}


def go_ranges(*events: Mapping[str, str], specific: object = None) -> list[tuple[str, str | None]]:
    entry = package("Go", "example.org/m", ranges=[ecosystem_range(*events, kind="SEMVER")], ecosystem_specific=specific or CUSTOM)
    (advisory,), problems = read(record(entry))
    assert problems == []
    return [(range_.raw, range_.rule) for range_ in advisory.affected[0].ranges]


def test_go_custom_ranges_replace_a_bare_introduced_zero() -> None:
    assert go_ranges({"introduced": "0"}) == [("<1.2.1-0.20231016150651-428517fef5b9", GO_CUSTOM_RANGES)]


def test_go_custom_ranges_do_not_replace_a_range_that_says_more() -> None:
    assert go_ranges({"introduced": "0"}, {"fixed": "1.0.0"}) == [("<1.0.0", None)]


@pytest.mark.parametrize("specific", [{"custom_ranges": []}, {"custom_ranges": "none"}, {"imports": []}, ["custom_ranges"]])
def test_custom_ranges_of_another_form_count_as_absent(specific: object) -> None:
    assert go_ranges({"introduced": "0"}, specific=specific) == [(">=0", None)]


def test_custom_ranges_are_gos_alone() -> None:
    entry = package("npm", ranges=[ecosystem_range({"introduced": "0"})], ecosystem_specific=CUSTOM)
    (advisory,), _ = read(record(entry))
    assert [range_.raw for range_ in advisory.affected[0].ranges] == [">=0"]


def test_a_notices_cves_come_from_upstream() -> None:
    (notice,), _ = read(record(package("Debian:12"), upstream=["CVE-2024-2", "CVE-2024-0001"], aliases=["DSA-1"]))
    assert notice.cves == ("CVE-2024-0001",)
    (library,), _ = read(record(package("npm"), upstream=["CVE-2024-0001"]))
    assert library.cves == ()


def test_without_a_summary_the_details_begin() -> None:
    (advisory,), _ = read(record(details="First line, quite short\nSecond line"))
    assert advisory.summary == "First line, quite short"
    (advisory,), _ = read(record(details="word " * 100))
    assert len(advisory.summary) <= osv.SUMMARY_LIMIT
    assert advisory.summary.endswith("word…")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\x00\x01",
        b'{"id": 7}',
        b'{"id": " "}',
        b'{"modified": "2026-01-01T00:00:00Z"}',
        b'{"id": "X-1", "aliases": "CVE-2024-1"}',
        b'{"id": "X-1", "affected": [{"package": {"name": "x"}}]}',
        b'{"id": "X-1", "affected": [{"versions": [1]}]}',
        b'{"id": "X-1", "summary": "\xff"}',
        b'{"id": "X-1", "summary": "\\ud800"}',
        b'{"id": "X-1", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_record_is_one_loss_with_its_place(document: bytes) -> None:
    advisories, problems = read(document)
    assert advisories == []
    assert [(problem.code, problem.where, problem.loss) for problem in problems] == [(ProblemCode.BAD_RECORD, "all.zip: X.json", True)]


def test_a_record_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osv, "RECORD_LIMIT_BYTES", 20)
    assert read(b'{"id": "X-1"}')[0]
    assert read(b'{"id": "X-1", "modified": ""}')[1][0].message.endswith("the limit is 20")


def test_too_many_events_are_a_loss_of_their_package_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osv, "EVENTS_LIMIT", 2)
    commits = ecosystem_range(*[{"introduced": "0"}] * 9, kind="GIT")
    small = ecosystem_range({"introduced": "0"}, {"fixed": "1"})
    (advisory,), problems = read(record(package(ranges=[small, small]), package("npm", ranges=[commits, small])))
    assert [(problem.code, problem.where, problem.loss) for problem in problems if problem.loss] == [
        (ProblemCode.LIMIT_REACHED, "all.zip: X.json: affected[0]", True)
    ]
    assert [one.namespace for one in advisory.affected] == ["npm"]


def test_nulls_are_as_good_as_nothing() -> None:
    names = ("affected", "aliases", "related", "upstream", "severity", "references", "summary", "details", "database_specific", "withdrawn")
    (advisory,), problems = read({"id": "X-1", **dict.fromkeys(names)})
    assert problems == []
    assert advisory.affected == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "affected", "package", "ecosystem", "name", "ranges", "type", "events", "introduced"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    st.binary(max_size=60) | JSON.map(msgspec.json.encode) | JSON.map(lambda inner: msgspec.json.encode({"id": "X", "affected": [inner]}))
)
@settings(max_examples=60, deadline=None)
def test_nothing_is_raised(document: bytes) -> None:
    read(document)
