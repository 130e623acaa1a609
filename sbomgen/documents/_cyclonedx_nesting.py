"""Which packages stand within which, where components are to be nested: a forest out of whatever images state."""

from collections.abc import Mapping, Sequence

NESTING_LIMIT = 24
"""Components in one another; archives are opened 16 deep. Each level is two of JSON and of XML, and with what stands around and within
them these are 54, where readers take 64 (.NET's JSON) to 256 (libxml2), `sbomgen.sbom` 200."""


def nested_within(holders: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """By the ref of what stands within another package, that one; `holders` is that of `holders_of`.

    What lies in several packages stands within none, and so does what would stand beyond the limit, and one of each ring of packages that
    lie in one another: of all of them the property alone names the holder. The order of the mapping does not matter.
    """
    alone = {ref: found[0] for ref, found in holders.items() if len(found) == 1}
    levels: dict[str, int] = {}
    for start in sorted(alone):
        ref, way = start, dict[str, str]()
        while ref in alone and ref not in levels and ref not in way:
            way[ref] = alone[ref]
            ref = way[ref]
        levels.setdefault(ref, 1)
        for inner, holder in reversed(way.items()):
            levels.setdefault(inner, levels[holder] % NESTING_LIMIT + 1)
    return {ref: holder for ref, holder in alone.items() if levels[ref] > 1}
