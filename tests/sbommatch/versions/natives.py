"""The programs whose order the schemes claim: pairs of versions to ask them about, and what they must answer.

A program reads one pair a line, a tab between the two, and answers -1, 0, 1, or `none` where it does not accept one of them.
"""

import os
import random
import subprocess
from collections.abc import Sequence

from sbommatch.versions.scheme import InvalidVersion, KeyDeclined, Scheme

SEED = int(os.environ.get("SBOMPAIR_SEED", "1"))
COUNT = int(os.environ.get("SBOMPAIR_COUNT", "20000"))


def pairs(starts: str, tokens: str) -> list[tuple[str, str]]:
    """`COUNT` pairs of a start and up to six tokens (`_` is a blank between them); half of the pairs differ in one token only."""
    chance = random.Random(SEED)
    made = []
    for _ in range(COUNT):
        left = [chance.choice(starts.split()), *chance.choices(tokens.split(), k=chance.randrange(7))]
        right = [chance.choice(starts.split()), *chance.choices(tokens.split(), k=chance.randrange(7))]
        if chance.random() < 0.5:
            place = chance.randrange(len(left))
            right = [*left[: place + 1], *chance.choices(tokens.split(), k=chance.randrange(2)), *left[place + 2 :]]
        made.append(("".join(left), "".join(right)))
    return made


def hold_answers(scheme: Scheme, command: Sequence[str], asked: list[tuple[str, str]]) -> None:
    """The program accepts the same versions and orders them alike, by `compare` and, where there are some, by keys."""
    lines = "".join(f"{left}\t{right}\n" for left, right in asked)
    answers = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.split()
    both = 0
    for (left, right), answer in zip(asked, answers, strict=True):
        ours = _ours(scheme, left, right)
        assert set(ours) == {answer}, (left, right)
        both += answer != "none"
    assert both > len(asked) // 10, "enough of them are versions"


def _ours(scheme: Scheme, left: str, right: str) -> list[str]:
    try:
        ours = [str(scheme.compare(left, right))]
        left_key, right_key = scheme.key(left), scheme.key(right)
    except InvalidVersion:
        return ["none"]
    except KeyDeclined:
        return ours
    return [*ours, str((left_key > right_key) - (left_key < right_key))]
