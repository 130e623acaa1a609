"""FIRST's Exploit Prediction Scoring System (https://www.first.org/epss): a score for every CVE, renewed each day, in CSV.

    #model_version:v2023.03.01,score_date:2023-03-07T00:00:00+0000
    cve,epss,percentile
    CVE-2020-5902,0.97567,0.99995

Files of 2021 have neither the first line nor, before September, percentiles; then the date in the file's name is the date.
"""

import re
from collections.abc import Iterator

from sbommatch.advisory import Enrichment, Epss
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:#([^\n]*)\n)?cve,epss(?:,percentile)?[ \t]*\r?\n?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


class EpssFormat:
    """The format `epss`."""

    name = "epss"
    suffixes: tuple[str, ...] = (".csv",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Enrichment | Problem]:
        """One enrichment for each row, in the file's order. Rows have no quotes and no blanks, so a split reads them: 300,000 of them."""
        head = _HEAD.match(document)
        if head is None:
            yield Problem(ProblemCode.BAD_RECORD, where, "no EPSS scores: no head `cve,epss,percentile`", loss=True)
            return
        first_line = (head[1] or b"").decode("utf-8", "replace")
        stated = _DATE.search(first_line) or _DATE.search(where)
        date = stated[0] if stated else None
        lines_before = document.count(b"\n", 0, head.end())
        for number, line in enumerate(document[head.end() :].decode("utf-8", "replace").splitlines(), lines_before + 1):
            yield _read(line, date, context) or Problem(
                ProblemCode.BAD_RECORD, f"{where}: line {number}", f"no CVE and score: {line[:80]!r}", loss=True
            )


def _read(line: str, date: str | None, context: FeedContext) -> Enrichment | None:
    cve, *numbers = line.split(",")
    if not _CVE.fullmatch(cve) or not 1 <= len(numbers) <= 2:
        return None
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        return None
    if not all(0 <= value <= 1 for value in values):
        return None
    return Enrichment(id=cve, feed=context.feed, epss=Epss(values[0], values[1] if len(values) > 1 else None, date))
