"""Explanations, for people and for programs."""

from typing import Any

import pytest

from sbommatch.match.explanation import (
    Elsewhere,
    ExplainedComponent,
    ExplainedRecord,
    ExplainedRow,
    ExplainedStatement,
    Explanation,
    Outcome,
    Why,
)
from sbommatch.match.model import NotChecked, Verdict
from sbommatch.reports.explanation import ELSEWHERE_SHOWN, OUTCOME_WORDS, STATEMENTS_SHOWN, explanation_json, explanation_text
from sbommatch.statement import Status
from tests.sbommatch.match.made import component, document, finding, lookup, result
from tests.sbommatch.reports.made import database
from tests.sbommatch.reports.schemas import check

ROW = ExplainedRow(range="<1.1.1d-r3", rule="interval", fix="1.1.1d-r3", outcome=Outcome.AFFECTED, comparison="1.1.1d-r2 is in <1.1.1d-r3")
RECORD = ExplainedRecord(
    feed="alpine-secdb", record="CVE-2019-1551", ids=("CVE-2019-1551", "GHSA-x"), namespace="alpine:3.11", name="openssl",
    version="1.1.1d-r2", withdrawn=None, outcome=Outcome.AFFECTED, rows=(ROW,),
)  # fmt: skip
LIBSSL = result(component("pkg:apk/alpine/libssl1.1@1.1.1d-r2"), Verdict.AFFECTED, lookups=(lookup(),), feeds=(("alpine-secdb",),))
CURL = result(component("pkg:deb/debian/curl@7"), Verdict.NOT_CHECKED, NotChecked.NO_DISTRO)
ELSEWHERE = tuple(
    Elsewhere(
        namespace="alpine:3.9",
        name="openssl",
        feed="alpine-secdb",
        record="CVE-2019-1551",
        why=why,
        refs=refs,
        releases=releases,
        reason=reason,
    )
    for why, refs, releases, reason in (
        (Why.ABSENT, (), (), None),
        (Why.OTHER_RELEASE, ("r0",), ("alpine:3.11",), None),
        (Why.NOT_CHECKED, ("r1",), (), NotChecked.NO_DISTRO),
    )
)
FOUND = ExplainedComponent(LIBSSL, (finding(),), (RECORD,))
OF_ID = Explanation("CVE-2019-1551", ("CVE-2019-1551", "GHSA-x"), (FOUND,), ELSEWHERE)
OF_PURL = Explanation("pkg:deb/debian/curl", (), (ExplainedComponent(CURL, (), ()),), ())
UNKNOWN = Explanation("CVE-1999-0001", (), (), ())

OF_ID_TEXT = """\
CVE-2019-1551 in app.cdx.json
the same as GHSA-x

pkg:apk/alpine/libssl1.1@1.1.1d-r2: affected by CVE-2019-1551
  asked for as source openssl 1.1.1d-r2 in alpine:3.11; checked by alpine-secdb
  alpine-secdb CVE-2019-1551 (GHSA-x): affected: 1.1.1d-r2 is in <1.1.1d-r3 (interval); fixed in 1.1.1d-r3

The records speak of 3 packages that no component was asked for as:
  alpine:3.9/openssl (alpine-secdb CVE-2019-1551): not in the document
  alpine:3.9/openssl (alpine-secdb CVE-2019-1551): another release, the document has alpine:3.11
  alpine:3.9/openssl (alpine-secdb CVE-2019-1551): r1 may be it, but was not checked, no_distro: \
no release of its distribution is stated (--distro ID:VERSION names one)
"""


def text_of(explanation: Explanation) -> str:
    return explanation_text(explanation, document(), database()).decode()


@pytest.mark.parametrize("explanation", [OF_ID, OF_PURL, UNKNOWN])
def test_an_explanation_is_valid_and_has_nothing_that_the_schema_does_not_know(explanation: Explanation) -> None:
    check(explanation_json(explanation, document(), database()), "explain-1.schema.json")


def test_a_vulnerability_is_explained_for_each_component_it_could_be_in() -> None:
    assert text_of(OF_ID) == OF_ID_TEXT


def test_a_component_that_was_not_checked_says_why() -> None:
    assert "pkg:deb/debian/curl@7: not checked, no_distro: no release of its distribution is stated" in text_of(OF_PURL)


def test_a_component_without_records_says_so() -> None:
    checked = result(component("pkg:apk/alpine/a@1"), lookups=(lookup("a"),), feeds=(("alpine-secdb",),))
    assert text_of(Explanation("pkg:apk/alpine/a", (), (ExplainedComponent(checked, (), ()),), ())).endswith(
        "  no record of any feed names it\n"
    )


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        (UNKNOWN, "no record of it in the feeds loaded: alpine-secdb"),
        (Explanation("pkg:apk/alpine/a", (), (), ()), "no component of the document has this PURL"),
        (Explanation("CVE-2019-1551", ("CVE-2019-1551",), (), ()), "its records name no package"),
    ],
)
def test_nothing_to_explain_is_said_so(explanation: Explanation, words: str) -> None:
    assert text_of(explanation).endswith(f"\n\n{words}\n")


def test_many_packages_elsewhere_are_counted() -> None:
    text = text_of(Explanation("CVE-2019-1551", ("CVE-2019-1551",), (), ELSEWHERE[:1] * (ELSEWHERE_SHOWN + 5)))
    assert text.endswith("  and 5 more\n")


def test_nothing_acts_on_the_terminal() -> None:
    assert all(line.isprintable() for line in text_of(Explanation("\x1b[2J", (), (), ())).splitlines())


def test_every_outcome_has_words() -> None:
    assert set(OUTCOME_WORDS) == set(Outcome)


def said(**fields: Any) -> ExplainedStatement:
    defaults: dict[str, Any] = {"document": "v.json", "place": "statements[0]", "status": Status.AFFECTED, "justification": None}
    defaults |= {"impact": None, "action": "turn it off", "said_at": "2024-01-01T00:00:00Z", "means": True, "counts": False}
    return ExplainedStatement(**defaults | fields)


def test_statements_and_rules_follow_the_records() -> None:
    silenced = finding(suppressed_by=("policy.toml: rule 1 (alice)",))
    others = [said(means=False, place=f"statements[{number}]") for number in range(STATEMENTS_SHOWN + 2)]
    told = ExplainedComponent(LIBSSL, (silenced,), (RECORD,), (said(), *others))
    explanation = Explanation("CVE-2019-1551", ("CVE-2019-1551",), (told,), ())
    lines = text_of(explanation).splitlines()
    assert lines[-6:-4] == [
        "  CVE-2019-1551 is suppressed by policy.toml: rule 1 (alice)",
        "  v.json statements[0] says affected on 2024-01-01: does not count beside others: action: turn it off",
    ]
    assert [line.rpartition(": not")[0] for line in lines[-4:-1]] == [
        f"  v.json statements[{n}] says affected on 2024-01-01" for n in range(3)
    ]
    assert lines[-1] == "  and 2 more statements about other products"
    shown = check(explanation_json(explanation, document(), database()), "explain-1.schema.json")["components"][0]
    assert (len(shown["statements"]), shown["suppressed"]) == (6, [{"id": "CVE-2019-1551", "by": ["policy.toml: rule 1 (alice)"]}])
