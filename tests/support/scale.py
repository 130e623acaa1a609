"""A copy of OSV's bucket of the size and shape that all of its feeds had in 2026: made by code, the same for the same arguments.

    python -m tests.support.scale FOLDER [SHARE [CHANGED]]

With SHARE 1: 400,000 advisories, 2.8 million ranges, 1 GB of JSON; half of the rows belong to one in a hundred packages, as in the real
feeds, and a quarter of the advisories name a package that nothing else names (npm's malicious packages). CHANGED of the advisories, evenly
spread, were fixed one version later and modified a day after the others.
"""

import random
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

WORDS = [
    "buffer",
    "overflow",
    "heap",
    "remote",
    "attacker",
    "crafted",
    "request",
    "parser",
    "denial",
    "of",
    "service",
    "memory",
    "header",
    "token",
    "cookie",
    "path",
    "traversal",
    "the",
    "in",
    "via",
    "when",
    "a",
]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
UNCHANGED, CHANGED = "2026-08-20T10:00:00Z", "2026-08-21T10:00:00Z"

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """The advisories of one ecosystem."""

    folder: str
    advisories: int
    packages: int
    ecosystems: Sequence[str]
    """One range for each of them, of each package."""
    version: Callable[[random.Random], str]
    prefix: str
    names: int = 1
    """Packages of an advisory."""
    listed: int = 0
    """Versions listed beside each range, all of them in it."""


def _semver(rng: random.Random) -> str:
    return f"{int(rng.expovariate(0.3))}.{rng.randrange(30)}.{rng.randrange(40)}"


def _deb(rng: random.Random) -> str:
    return f"{rng.randrange(2)}:{_semver(rng)}-{rng.randrange(1, 9)}ubuntu{rng.randrange(1, 30)}"


def _apk(rng: random.Random) -> str:
    return f"{_semver(rng)}-r{rng.randrange(12)}"


UBUNTU = [
    f"Ubuntu:{release}" for release in ("14.04:LTS", "16.04:LTS", "18.04:LTS", "20.04:LTS", "22.04:LTS", "24.04:LTS", "25.04", "25.10")
]
DEBIAN = [f"Debian:{release}" for release in range(9, 15)]
ALPINE = [f"Alpine:v3.{release}" for release in range(3, 23)]

KINDS = (
    Kind("Ubuntu", 72_000, 8_000, UBUNTU, _deb, "UBUNTU-CVE", names=2),
    Kind("Debian", 62_000, 9_000, DEBIAN, _deb, "DEBIAN-CVE", names=2),
    Kind("Alpine", 29_000, 2_500, ALPINE, _apk, "ALPINE-CVE"),
    Kind("npm", 183_000, 230_000, ["npm"], _semver, "MAL", listed=1),
    Kind("Maven", 14_000, 9_000, ["Maven"], _semver, "GHSA-m", names=4),
    Kind("PyPI", 20_000, 9_000, ["PyPI"], _semver, "PYSEC", names=2, listed=12),
    Kind("Go", 8_000, 3_000, ["Go"], _semver, "GO", names=2),
    Kind("NuGet", 4_000, 3_000, ["NuGet"], _semver, "GHSA-n", names=2),
    Kind("Packagist", 8_000, 3_000, ["Packagist"], _semver, "GHSA-p", names=2),
)


def write_bucket(folder: Path, share: float = 1.0, changed: int = 0) -> None:
    """Writes `ECOSYSTEM/all.zip` for each ecosystem."""
    total = sum(int(kind.advisories * share) for kind in KINDS)
    step = total // changed if changed else 0
    number = 0
    for kind in KINDS:
        (folder / kind.folder).mkdir(parents=True, exist_ok=True)
        rng = random.Random(kind.folder)
        count = int(kind.advisories * share)
        with zipfile.ZipFile(folder / kind.folder / "all.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for record in islice(_records(kind, rng, max(int(kind.packages * share), 1)), count):
                number += 1
                if step and number % step == 0 and number // step <= changed:
                    _change(record)
                archive.writestr(zipfile.ZipInfo(f"{record['id']}.json"), msgspec.json.encode(record), zipfile.ZIP_DEFLATED, 1)


def _records(kind: Kind, rng: random.Random, packages: int) -> Iterator[Json]:
    names = [_name(rng) for _ in range(packages)]
    number = 0
    while True:
        number += 1
        cve = f"CVE-{rng.randrange(2002, 2027)}-{rng.randrange(1000, 60_000)}"
        chosen = [_chosen(names, rng) for _ in range(kind.names)]
        yield {
            "id": f"{kind.prefix}-{number:06}",
            "modified": UNCHANGED,
            "published": "2024-01-02T03:04:05Z",
            "aliases": [] if kind.prefix == "MAL" or (kind.names == 2 and len(kind.ecosystems) > 1) else [cve],
            "upstream": [cve] if len(kind.ecosystems) > 1 else [],
            "details": " ".join(rng.choices(WORDS, k=rng.randrange(20, 300))),
            "severity": [
                {
                    "type": "CVSS_V3",
                    "score": f"CVSS:3.1/AV:N/AC:{rng.choice('LH')}/PR:{rng.choice('NLH')}/UI:N/S:U/C:H/I:{rng.choice('NLH')}/A:H",
                }
            ],
            "references": [{"type": "WEB", "url": f"https://example.org/{kind.folder}/{number}"}],
            "affected": [_affected(name, ecosystem, kind, rng) for name in chosen for ecosystem in kind.ecosystems],
        }


def _name(rng: random.Random) -> str:
    return "".join(rng.choices(LETTERS, k=rng.randrange(4, 14)))


def _chosen(names: Sequence[str], rng: random.Random) -> str:
    """A few names far more often than the others."""
    return names[int(len(names) * rng.random() ** (4 if rng.random() < 0.55 else 1))]


def _affected(name: str, ecosystem: str, kind: Kind, rng: random.Random) -> Json:
    fixed = kind.version(rng)
    events = [{"introduced": "0"}] if kind.prefix == "MAL" and rng.random() < 0.7 else [{"introduced": "0"}, {"fixed": fixed}]
    listed = [f"0.0.{number}" for number in range(kind.listed)] if fixed > "0.1" else []
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}], "versions": listed}


def _change(record: Json) -> None:
    record["modified"] = CHANGED
    for entry in record["affected"]:
        for event in entry["ranges"][0]["events"]:
            if "fixed" in event:
                event["fixed"] = "99." + event["fixed"].rpartition(":")[2]


if __name__ == "__main__":
    write_bucket(Path(sys.argv[1]), float((*sys.argv, "1")[2]), int((*sys.argv, "1", "0")[3]))
