"""OVAL documents of five vendors, against what their sources say, read off by hand."""

import bz2
import gzip
from pathlib import Path

import pytest

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, State
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.formats import _oval as oval
from sbommatch.problem import Problem

NATIVE = "feeds/native"
MARINER = f"{NATIVE}/fixtures/anchore+vunnel/tests/unit/providers/mariner/test-fixtures/mariner-truncated-2.0-oval.xml"
FETCHED = f"{NATIVE}/fixtures/MaineK00n+vuls-data-update/pkg/fetch"
ORACLE = f"{FETCHED}/oracle/linux/testdata/fixtures/com.oracle.elsa-all.xml.bz2"
REDHAT = f"{FETCHED}/redhat/oval/v2/testdata/fixtures/oval/v2/RHEL9/rhel-9-including-unpatched.oval.xml.bz2"
SUSE = f"{FETCHED}/suse/oval/testdata/fixtures/happy"

INTRODUCED, FIXED = EventKind.INTRODUCED, EventKind.FIXED
UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress}


def read(name: str, document: bytes, where: str = "oval.xml") -> tuple[dict[str, Advisory], list[Problem]]:
    """Advisories by identifier: the last of one that has several."""
    found = list(FORMAT_BY_NAME[name].read(document, where, FeedContext(name)))
    return {one.id: one for one in found if isinstance(one, Advisory)}, [one for one in found if isinstance(one, Problem)]


def read_file(name: str, path: Path) -> tuple[dict[str, Advisory], list[Problem]]:
    return read(name, UNPACK.get(path.suffix, bytes)(path.read_bytes()), path.name)


def below(row: Affected) -> list[tuple[EventKind, str]]:
    [found] = row.ranges
    return [(event.kind, event.version) for event in found.events]


def test_azure_linux_is_read_whole(shared_data: Path) -> None:
    found, problems = read_file("azure-oval", shared_data / NATIVE / "azure-oval" / "azurelinux-3.0-oval.xml.gz")
    assert not problems
    [openssh] = found["CVE-2025-26466"].affected
    assert (openssh.namespace, openssh.name, openssh.name_kind) == ("azurelinux:3.0", "openssh", NameKind.SOURCE)
    assert below(openssh) == [(INTRODUCED, "0"), (FIXED, "0:9.8p1-3.azl3")]
    assert {row.namespace for advisory in found.values() for row in advisory.affected} == {"azurelinux:3.0"}


def test_mariner_says_all_states(shared_data: Path) -> None:
    found, problems = read_file("azure-oval", shared_data / MARINER)
    assert not problems
    [golang] = found["CVE-2023-29404"].affected
    assert below(golang) == [(EventKind.INTRODUCED_AFTER_UPSTREAM, "0:1.19.0.cm2"), (FIXED, "0:1.20.7-1.cm2")]
    [cleared] = found["CVE-2023-0687"].affected
    assert (cleared.name, cleared.state, below(cleared)) == (
        "glibc", State.NOT_AFFECTED, [(INTRODUCED, "0"), (EventKind.LAST_AFFECTED, "0:2.35-4.cm2")],
    )  # fmt: skip
    [unfixed] = found["CVE-2022-3736"].affected
    assert (unfixed.name, unfixed.state, unfixed.fix_state) == ("bind", State.AFFECTED, FixState.NOT_FIXED)
    assert {row.namespace for one in found.values() for row in one.affected} == {"mariner:2.0"}


def test_photon_names_binary_packages(shared_data: Path) -> None:
    found, problems = read_file("photon-oval", shared_data / NATIVE / "photon-oval" / "com.vmware.phsa-photon3.xml.gz")
    assert not problems
    notice = found["PHSA-2020:00001"]
    assert (len(found), notice.cves, notice.published) == (222, ("CVE-2019-16168",), "2019-10-23")
    assert [(row.namespace, row.name, row.name_kind, row.ranges[0].raw) for row in notice.affected] == [
        ("photon:3.0", name, NameKind.BINARY, "<0:3.27.2-5.ph3") for name in ("sqlite", "sqlite-devel", "sqlite-libs")
    ]


def test_oracle_states_architecture_and_module(shared_data: Path) -> None:
    found, problems = read_file("oracle-oval", shared_data / ORACLE)
    assert not problems
    rows = found["ELSA-2007-0057"].affected
    assert {row.arch for row in rows} == {"x86_64", "i386"}
    assert {(row.namespace, row.ranges[0].raw) for row in rows} == {("ol:5", "<30:9.3.3-8.el5")}
    [hivex] = found["ELSA-2023-12342"].affected
    assert (hivex.namespace, hivex.name, hivex.module, hivex.arch) == ("ol:8", "hivex", "virt:kvm_utils", "aarch64")
    assert below(hivex) == [(INTRODUCED, "0"), (FIXED, "0:1.3.18-21.module+el8.7.0+21037+8ee66348")]


def test_a_document_without_its_tests_is_read_by_its_comments(shared_data: Path) -> None:
    folder = shared_data / NATIVE / "fixtures/aquasecurity+vuln-list-update/oracle/oval/testdata"
    found, problems = read_file("oracle-oval", folder / "all-positive-data.xml.bz2")
    assert not problems
    rows = found["ELSA-2007-0057"].affected
    assert ("bind-libs", "<30:9.3.3-8.el5") in {(row.name, row.ranges[0].raw) for row in rows}
    assert {row.namespace for row in rows} == {"ol:5"}
    assert not any(row.name == "caching-nameserver is signed" for row in rows)


def test_flavours_of_oracle_are_channels() -> None:
    document = oval_document(
        '<criteria operator="AND"><criterion comment="Oracle Linux 8 is installed"/><criteria operator="OR">'
        '<criterion comment="glibc is earlier than 2:2.28-151.0.1.ksplice1.el8"/>'
        '<criterion comment="glibc is earlier than 0:2.28-164.el8"/>'
        '<criterion comment="gnutls is earlier than 10:3.6.16-4.el8_fips"/></criteria></criteria>',
        title="ELSA-2021-9280: glibc security update (IMPORTANT)",
    )
    found, _ = read("oracle-oval", document)
    assert {(row.ranges[0].raw, row.channel) for row in found["ELSA-2021-9280"].affected} == {
        ("<2:2.28-151.0.1.ksplice1.el8", "ksplice"), ("<0:2.28-164.el8", None), ("<10:3.6.16-4.el8_fips", "fips"),
    }  # fmt: skip


def test_red_hat_says_fixed_unfixed_and_unaffected(shared_data: Path) -> None:
    found, problems = read_file("redhat-oval", shared_data / REDHAT)
    assert not problems
    [tar] = found["CVE-2005-2541"].affected
    assert (tar.namespace, tar.name, below(tar), tar.fix_state) == ("rhel:9", "tar", [(INTRODUCED, "0")], FixState.WONT_FIX)
    assert {(row.name, row.state) for row in found["CVE-2002-0059"].affected} == {
        (name, State.NOT_AFFECTED) for name in ("zlib", "zlib-devel", "zlib-static", "zlib-debugsource")
    }
    [firefox] = found["RHSA-2022:4765"].affected
    assert (firefox.name, firefox.channel, below(firefox)) == ("firefox", None, [(INTRODUCED, "0"), (FIXED, "0:91.9.1-1.el9_0")])
    assert found["RHSA-2022:4765"].severities[0].value == "Critical"


@pytest.mark.parametrize(
    ("cpes", "channel"),
    [
        ("<cpe>cpe:/o:redhat:rhel_eus:8.4::baseos</cpe><cpe>cpe:/a:redhat:rhel_eus:8.4::appstream</cpe>", "eus:8.4"),
        ("<cpe>cpe:/o:redhat:rhel_aus:7.6</cpe>", "aus:7.6"),
        ("<cpe>cpe:/o:redhat:rhel_eus:8.4</cpe><cpe>cpe:/o:redhat:enterprise_linux:8</cpe>", None),
        ("", None),
    ],
)
def test_minor_streams_of_red_hat_are_channels(cpes: str, channel: str | None) -> None:
    criteria = (
        '<criteria operator="AND"><criterion comment="Red Hat Enterprise Linux 8 is installed"/>'
        '<criterion comment="Module nodejs:12 is enabled"/><criterion comment="nodejs is earlier than 1:12.1-1.module+el8"/></criteria>'
    )
    advisory = f"<advisory><affected_cpe_list>{cpes}</affected_cpe_list></advisory>"
    found, _ = read("redhat-oval", oval_document(criteria, title="RHSA-2022:1: nodejs", metadata=advisory))
    assert [(row.module, row.channel) for row in found["RHSA-2022:1"].affected] == [("nodejs:12", channel)]


def test_suse_fixes_and_clears(shared_data: Path) -> None:
    found, _ = read_file("suse-oval", shared_data / SUSE / "opensuse.leap.15.2.xml.gz")
    [row] = found["CVE-2010-2322"].affected
    assert (row.namespace, row.name, row.arch, row.ranges[0].raw) == ("opensuse-leap:15.2", "fastjar", "i586|x86_64", "<0:0.98-lp152.4.3.1")
    found, _ = read_file("suse-oval", shared_data / SUSE / "suse.linux.enterprise.15-affected.xml.gz")
    azure = [row for row in found["CVE-1999-0077"].affected if row.name == "kernel-source-azure"]
    assert {(row.namespace, row.channel, row.state) for row in azure} >= {
        (f"sles:15.{pack}", None, State.NOT_AFFECTED) for pack in (2, 3, 4)
    }
    found, _ = read_file("suse-oval", shared_data / SUSE / "suse.linux.enterprise.16-affected.xml.gz")
    assert {row.namespace for row in found["CVE-2001-1267"].affected} == {"sles:16.0"}


@pytest.mark.parametrize(
    ("product", "place"),
    [
        ("SUSE Linux Enterprise Server 15 SP3", ("sles:15.3", None)),
        ("SUSE Linux Enterprise Server 15", ("sles:15.0", None)),
        ("SUSE Linux Enterprise Server 16.0", ("sles:16.0", None)),
        ("SUSE Linux Enterprise Module for Basesystem 15 SP4", ("sles:15.4", None)),
        ("SUSE Linux Enterprise Server 15 SP1-LTSS", ("sles:15.1", "ltss:15.1")),
        ("SUSE Linux Enterprise Server 15-LTSS", ("sles:15.0", "ltss:15.0")),
        ("openSUSE Leap 15.2", ("opensuse-leap:15.2", None)),
        ("openSUSE Tumbleweed", ("opensuse-tumbleweed:rolling", None)),
        ("SUSE Linux Enterprise Micro 5.1", None),
        ("SUSE Manager Server 4.3", None),
    ],
)
def test_products_of_suse_are_of_a_service_pack(product: str, place: tuple[str, str | None] | None) -> None:
    installed, affected = f'<criterion comment="{product} is installed"/>', '<criterion test_ref="t" comment="tar is affected"/>'
    criteria = f'<criteria operator="AND">{installed}{affected}</criteria>'
    found, problems = read("suse-oval", oval_document(criteria, title="CVE-2001-1267", tests=UNFIXED_TAR))
    rows = found["CVE-2001-1267"].affected
    assert [(row.namespace, row.channel) for row in rows] == ([place] if place else [])
    assert all((row.name, row.fix_state, row.state) == ("tar", FixState.NOT_FIXED, State.AFFECTED) for row in rows)
    assert [problem.loss for problem in problems] == ([] if place else [False])


UNFIXED_TAR = (
    '<tests><rpminfo_test id="t" comment="tar is ==0"><object object_ref="o"/><state state_ref="s"/></rpminfo_test></tests>'
    '<objects><rpminfo_object id="o"><name>tar</name></rpminfo_object></objects>'
    '<states><rpminfo_state id="s"><version operation="equals">0</version></rpminfo_state></states>'
)


def oval_document(criteria: str, title: str, metadata: str = "", tests: str = "") -> bytes:
    definition = f'<definition id="d:1" class="patch"><metadata><title>{title}</title>{metadata}</metadata>{criteria}</definition>'
    return f"<oval_definitions><definitions>{definition}</definitions>{tests}</oval_definitions>".encode()


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><oval_definitions>&b;</oval_definitions>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><oval_definitions>&a;</oval_definitions>'


@pytest.mark.parametrize("name", ["azure-oval", "photon-oval", "oracle-oval", "redhat-oval", "suse-oval", "ubuntu-oval"])
@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b"<html/>", b"<oval_definitions>", BOMB, EXTERNAL, b"<a>" * 300, b"\xff\xfe<", b"<?xml version='1.0' encoding='x'?><a/>"],
)
def test_what_is_no_oval_is_one_loss(name: str, document: bytes) -> None:
    found, [problem] = read(name, document)
    assert not found
    assert (problem.where, problem.loss) == ("oval.xml", True)


def test_a_definition_without_a_known_title_is_a_loss_and_the_others_are_read(shared_data: Path) -> None:
    folder = shared_data / NATIVE / "fixtures/aquasecurity+vuln-list-update/oracle/oval/testdata"
    found, [problem] = read_file("oracle-oval", folder / "invalid-title-format.xml.bz2")
    assert list(found) == ["ELSA-2007-0057"]
    assert problem.loss
    assert "its title names no advisory" in problem.message


def test_criteria_that_multiply_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oval, "ALTERNATIVES_LIMIT", 100)
    choice = '<criteria operator="OR">' + "".join(f'<criterion comment="p{n} is earlier than {n}"/>' for n in range(11)) + "</criteria>"
    found, [problem] = read("photon-oval", oval_document(f"<criteria>{choice}{choice}</criteria>", title="PHSA-2020:1"))
    assert (found, problem.loss) == ({}, True)
    assert "more than 100 alternatives" in problem.message


def test_equal_bounds_and_unknown_operations() -> None:
    package = oval.Test(oval.Kind.PACKAGE, "", "a")
    equal = oval.range_of([package._replace(operator="=", evr="1-1")], "rpm")
    assert equal is not None
    assert equal.events == (Event(INTRODUCED, "1-1"), Event(EventKind.LAST_AFFECTED, "1-1"))
    assert oval.range_of([package._replace(operator="?", evr="1-1")], "rpm") is None
    assert oval.range_of([package._replace(operator="<", evr="1"), package._replace(operator="<", evr="2")], "rpm") is None
