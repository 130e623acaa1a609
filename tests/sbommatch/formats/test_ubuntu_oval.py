"""Ubuntu's OVAL: documents in the forms that Canonical publishes, with facts of its own, cut down by hand."""

import pytest

from sbommatch.advisory import Advisory, Affected, FixState, NameKind, State
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.problem import Problem, ProblemCode

CVE_FILE = "oci.com.ubuntu.jammy.cve.oval.xml"
FIXED = "openssh package in jammy was vulnerable but has been fixed (note: '1:8.9p1-3ubuntu0.5')."
DEFERRED = "jpegoptim package in jammy is affected, but a decision has been made to defer addressing it (note: '2022-07-25')."
PENDING = "vim package in jammy is affected. An update containing the fix has been completed and is pending publication (note: '2:8.2')."
IGNORED = "dovecot package in jammy is affected, but a decision has been made to ignore it (note: 'end of life')."
UNAFFECTED = "glibc package in jammy, is related to the CVE in some way and is not affected (note: '2.35')."


def read(document: str, where: str = CVE_FILE) -> tuple[list[Advisory], list[Problem]]:
    found = list(FORMAT_BY_NAME["ubuntu-oval"].read(document.encode(), where, FeedContext("ubuntu-oval")))
    return [one for one in found if isinstance(one, Advisory)], [one for one in found if isinstance(one, Problem)]


def definition(title: str, criteria: str, platform: str = "Ubuntu 22.04 LTS", advisory: str = "") -> str:
    return (
        f'<definition id="oval:com.ubuntu.jammy:def:1" class="vulnerability"><metadata><title>{title}</title>'
        f'<affected family="unix"><platform>{platform}</platform></affected><advisory>{advisory}</advisory></metadata>'
        f'<criteria><criteria operator="OR">{criteria}</criteria></criteria></definition>'
    )


def oval(definitions: str, rest: str = "") -> str:
    return f"<oval_definitions><definitions>{definitions}</definitions>{rest}</oval_definitions>"


def of_cve(comment: str, *, negate: bool = False, where: str = CVE_FILE, platform: str = "Ubuntu 22.04 LTS") -> list[Affected]:
    negated = ' negate="true"' if negate else ""
    criterion = f'<criterion{negated} test_ref="t:1" comment="{comment}"/>'
    title = "CVE-2023-48795 on Ubuntu 22.04 LTS (jammy) - medium"
    [found], problems = read(oval(definition(title, criterion, platform)), where)
    assert not problems
    assert found.id == "CVE-2023-48795"
    return list(found.affected)


@pytest.mark.parametrize(
    ("comment", "name", "raw", "state", "fix_state"),
    [
        (FIXED, "openssh", "<1:8.9p1-3ubuntu0.5", State.AFFECTED, None),
        (DEFERRED, "jpegoptim", "*", State.AFFECTED, FixState.NOT_FIXED),
        (PENDING, "vim", "*", State.AFFECTED, FixState.NOT_FIXED),
        (IGNORED, "dovecot", "*", State.AFFECTED, FixState.WONT_FIX),
        ("curl package in jammy is affected and needs fixing.", "curl", "*", State.AFFECTED, FixState.NOT_FIXED),
        (UNAFFECTED, "glibc", "*", State.NOT_AFFECTED, None),
    ],
)
def test_a_cve_says_what_became_of_source_packages(comment: str, name: str, raw: str, state: State, fix_state: FixState | None) -> None:
    [row] = of_cve(comment)
    assert (row.namespace, row.name, row.name_kind, row.channel) == ("ubuntu:22.04", name, NameKind.SOURCE, None)
    assert (row.ranges[0].raw, row.state, row.fix_state) == (raw, state, fix_state)


def test_a_negated_criterion_clears() -> None:
    [row] = of_cve("glibc package in jammy, while related to the CVE in some way, is unaffected.", negate=True)
    assert row.state is State.NOT_AFFECTED


@pytest.mark.parametrize(
    ("where", "platform", "channel"),
    [
        ("oci.com.ubuntu.fips-updates_jammy.cve.oval.xml", "Ubuntu Pro FIPS-updates 22.04 LTS", "fips-updates"),
        ("a.zip: com.ubuntu.esm-apps_jammy.cve.oval.xml", "Ubuntu 22.04 LTS", "esm-apps"),
        ("com.ubuntu.jammy.cve.oval.xml", "Ubuntu 22.04 LTS", None),
        ("jammy.xml", "Ubuntu 22.04 LTS", None),
    ],
)
def test_streams_of_updates_are_channels(where: str, platform: str, channel: str | None) -> None:
    [row] = of_cve(FIXED, where=where, platform=platform)
    assert (row.namespace, row.channel) == ("ubuntu:22.04", channel)


def test_a_kernel_is_a_package_as_others() -> None:
    rows = oval(
        definition(
            "CVE-2024-1000 on Ubuntu 24.04 LTS (noble) - high",
            '<criteria operator="AND"><criterion test_ref="t:1" comment="Is kernel linux running?"/>'
            '<criterion test_ref="t:2" comment="kernel version comparison"/></criteria>'
            '<criterion test_ref="t:3" comment="linux package in noble was vulnerable but has been fixed (note: \'6.8.0-35.35\')."/>',
            platform="Ubuntu 24.04 LTS",
        )
    )
    [found], problems = read(rows)
    assert not problems
    assert [(row.namespace, row.name, row.ranges[0].raw) for row in found.affected] == [("ubuntu:24.04", "linux", "<6.8.0-35.35")]


VECTOR = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N"
LINES = r"<value>^libssh-4(?::\w+|)\s+(.*)$</value><value>^libssh-gcrypt-4(?::\w+|)\s+(.*)$</value>"
MANIFEST = f"""<tests><textfilecontent54_test id="t:1" comment="Long Term Support"><object object_ref="o:1"/><state state_ref="s:1"/>
</textfilecontent54_test></tests><objects><textfilecontent54_object id="o:1"><path>.</path><filename>manifest</filename>
<pattern var_ref="v:1" operation="pattern match"/></textfilecontent54_object></objects><states><textfilecontent54_state id="s:1">
<subexpression datatype="debian_evr_string" operation="less than">0.9.6-2ubuntu0.22.04.2</subexpression></textfilecontent54_state></states>
<variables><constant_variable id="v:1">{LINES}</constant_variable></variables>"""
INSTALLED = """<tests><dpkginfo_test id="t:1" comment="Long Term Support"><object object_ref="o:1"/><state state_ref="s:1"/></dpkginfo_test>
</tests><objects><dpkginfo_object id="o:1"><name var_ref="v:1" var_check="at least one"/></dpkginfo_object></objects><states>
<dpkginfo_state id="s:1"><evr datatype="debian_evr_string" operation="less than">0.9.6-2ubuntu0.22.04.2</evr></dpkginfo_state></states>
<variables><constant_variable id="v:1"><value>libssh-4</value><value>libssh-gcrypt-4</value></constant_variable></variables>"""


@pytest.mark.parametrize("rest", [MANIFEST, INSTALLED], ids=["manifest", "host"])
def test_a_notice_names_all_binary_packages(rest: str) -> None:
    advisory = f'<severity>Medium</severity><issued date="2023-12-19"/><cve cvss_vector="{VECTOR}">CVE-2023-48795</cve>'
    criterion = '<criterion test_ref="t:1" comment="Long Term Support"/>'
    [found], problems = read(oval(definition("USN-6561-1 -- libssh vulnerability", criterion, advisory=advisory), rest))
    assert not problems
    assert (found.id, found.cves, found.published) == ("USN-6561-1", ("CVE-2023-48795",), "2023-12-19")
    assert [(one.system, one.value) for one in found.severities] == [("label", "Medium"), ("CVSS_V3", VECTOR)]
    assert [(row.namespace, row.name, row.name_kind, row.ranges[0].raw) for row in found.affected] == [
        ("ubuntu:22.04", name, NameKind.BINARY, "<0.9.6-2ubuntu0.22.04.2") for name in ("libssh-4", "libssh-gcrypt-4")
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (definition("5390-1 -- Linux kernel vulnerabilities", '<criterion comment="kernel version comparison"/>'), "name no packages"),
        (
            definition("CVE-2024-1000 on Ubuntu", f'<criterion comment="{FIXED}"/>', platform="Debian 12"),
            "no release of Ubuntu: 'Debian 12'",
        ),
        (definition("CVE-2024-1000 on Ubuntu", '<criterion comment="curl package in jammy is odd."/>'), "is not known here: 'is odd'"),
    ],
)
def test_what_has_no_place_is_said(document: str, message: str) -> None:
    [found], [problem] = read(oval(document))
    assert not found.affected
    assert message in problem.message
    assert not problem.loss


def test_a_document_by_package_is_left_out_and_said() -> None:
    found, [problem] = read(oval('<definition id="d:1"><metadata><reference source="Package" ref_id="openssh"/></metadata></definition>'))
    assert (found, problem.code, problem.loss) == ([], ProblemCode.DUPLICATE_RECORD, False)
