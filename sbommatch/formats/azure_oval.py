"""Azure Linux and CBL-Mariner: one OVAL document for each release (github.com/microsoft/AzureLinuxVulnerabilityData).

- A definition is one CVE and one source package. The document does not state its release: the file's name has it, else the packages'
  versions end in it (`.azl3`, `.cm2`).
- `patchable` `false`: affected, and no fix; `Not Applicable`: "no longer is or was never applicable", which clears it.
- Bounds above (`is greater than 1.19.0`) stand beside bounds below.
"""

import re
from collections.abc import Iterator

import msgspec

from sbommatch.advisory import Advisory, Affected, FixState, NameKind, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._oval import CVE, Definition, Vendor, advisories, rpms
from sbommatch.problem import Problem

_BY_VERSION = re.compile(r"\.(azl|cm)([0-9]+)(?![0-9A-Za-z])")
_BY_NAME = re.compile(r"(azurelinux|mariner)-([0-9]+\.[0-9]+)")
_IDS = {"azl": "azurelinux", "cm": "mariner"}


class AzureOvalFormat:
    """The format `azure-oval`."""

    name = "azure-oval"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each definition, under the CVE's name."""
        named = _BY_NAME.search(where)
        yield from advisories(
            document, where, context, Vendor(_cve, lambda found: _affected(found, f"{named[1]}:{named[2]}" if named else None))
        )


def _cve(definition: Definition) -> str:
    found = CVE.search(definition.title)
    return found[0] if found else ""


def _affected(definition: Definition, named: str | None) -> Iterator[Affected | str]:
    patchable = definition.metadata.text_of("patchable").lower()
    for alternative in definition.alternatives:
        found = next((match for test in alternative.packages if (match := _BY_VERSION.search(test.evr))), None)
        namespace = named or (f"{_IDS[found[1]]}:{found[2]}.0" if found else None)
        if namespace is None:
            yield "neither its versions nor the file's name say of which release it speaks"
            continue
        for row in rpms(alternative, namespace, NameKind.SOURCE):
            if isinstance(row, Affected) and patchable == "not applicable":
                yield msgspec.structs.replace(row, state=State.NOT_AFFECTED)
            elif isinstance(row, Affected) and patchable == "false":
                yield msgspec.structs.replace(row, fix_state=FixState.NOT_FIXED)
            else:
                yield row
