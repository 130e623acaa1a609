"""Until when distributions are maintained, as https://endoflife.date publishes it (`/api/v1/products/full`, or one product's document).

    {"result": [{"name": "ubuntu", "releases": [{"name": "24.04", "eolFrom": "2029-04-25", "eoasFrom": …, "eoesFrom": "2036-04-25"}]}]}

`eolFrom` ends maintenance and security support, `eoesFrom` the extended support that is bought apart. A date is the first day without.
Releases of products that are no distribution, and those without a date, are left out.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from sbommatch.advisory import EndOfLife
from sbommatch.ecosystems import DISTRIBUTION_BY_ID, release_of
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

PRODUCTS = {
    "almalinux": "almalinux",
    "alpine-linux": "alpine",
    "amazon-linux": "amzn",
    "azure-linux": "azurelinux",
    "debian": "debian",
    "fedora": "fedora",
    "mageia": "mageia",
    "opensuse": "opensuse-leap",
    "oracle-linux": "ol",
    "photon": "photon",
    "rhel": "rhel",
    "rocky-linux": "rocky",
    "sles": "sles",
    "ubuntu": "ubuntu",
}
"""Their names of distributions -> ours."""

SUPPORTS = {"eolFrom": "standard", "eoesFrom": "extended"}

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class _Document(Struct):
    result: tuple[Raw, ...] | Raw


class _Product(Struct):
    name: str
    releases: tuple[dict[str, Raw], ...] = ()


_PRODUCT = msgspec.json.Decoder(_Product)


class EndOfLifeFormat:
    """The format `endoflife`."""

    name = "endoflife"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[EndOfLife | Problem]:
        """The dates of each release, in the document's order."""
        try:
            result = msgspec.json.decode(document, type=_Document).result
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no document of endoflife.date: {exc}", loss=True)
            return
        for index, raw in enumerate(result if isinstance(result, tuple) else (result,)):
            place = f"{where}: result[{index}]"
            try:
                product = _PRODUCT.decode(raw)
                yield from _dates(product, context)
            except (ValueError, RecursionError) as exc:
                yield Problem(ProblemCode.BAD_RECORD, place, f"no product: {exc}", loss=True)


def _dates(product: _Product, context: FeedContext) -> Iterator[EndOfLife]:
    """Raises ValueError for a field of another type."""
    distribution = DISTRIBUTION_BY_ID.get(PRODUCTS.get(product.name, ""))
    if distribution is None:
        return
    for release in product.releases:
        version = release_of(distribution, msgspec.json.decode(release["name"], type=str)) if "name" in release else None
        for key, support in SUPPORTS.items() if version else ():
            date = msgspec.json.decode(release[key], type=str | bool | None) if key in release else None
            if isinstance(date, str) and _DATE.fullmatch(date):
                yield EndOfLife(namespace=f"{distribution.id}:{version}", feed=context.feed, on=date, what=support)
