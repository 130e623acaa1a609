"""`sbomgen validate`: documents held against what their standards say, by the libraries of the extra `validate`; one file per family."""

from collections.abc import Iterator
from itertools import islice

from sbomgen.errors import UnreadableError
from sbomgen.sbom import document as forms
from sbomgen.sbom.document import Document
from sbomgen.validation.failure import Failure, Judgement

__all__ = ["FAILURES_LIMIT", "Failure", "Judgement", "validate"]

FAILURES_LIMIT = 100
"""Failures that are told of one document: whoever mends it sees by then what is wrong."""


def validate(document: Document) -> Judgement:
    """What is wrong with a document. Raises `UsageError` where the libraries are not installed, `UnreadableError` for versions unknown."""
    judge, found = _judged(document)
    failures = tuple(islice(found, FAILURES_LIMIT + 1))
    return Judgement(judge, failures[:FAILURES_LIMIT], more=len(failures) > FAILURES_LIMIT)


def _judged(document: Document) -> tuple[str, Iterator[Failure]]:
    """The judge's name, and what it finds."""
    if document.format in {forms.CYCLONEDX_JSON, forms.CYCLONEDX_XML}:
        from sbomgen.validation import cyclonedx

        json = document.format == forms.CYCLONEDX_JSON
        return (
            (cyclonedx.JSON_JUDGE, cyclonedx.json_failures(document)) if json else (cyclonedx.XML_JUDGE, cyclonedx.xml_failures(document))
        )
    if document.format == forms.SPDX3_JSON:
        from sbomgen.validation import spdx3

        return spdx3.JUDGE, spdx3.failures(document)
    from sbomgen.validation import spdx2

    if document.version not in spdx2.VERSIONS:
        raise UnreadableError(f"{document.path}: SPDX {document.version or 'without a version'} cannot be judged: 2.2 and 2.3 can")
    return spdx2.JUDGE, spdx2.failures(document)
