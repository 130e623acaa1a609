"""What tables of versions claim, by keys and by `compare`."""

from itertools import pairwise

from sbommatch.versions.scheme import Scheme


def hold_ascending(scheme: Scheme, versions: str) -> None:
    """Each of the versions, blanks between them, stands before the next one."""
    listed = versions.split()
    keys = [scheme.key(version) for version in listed]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    for lower, higher in pairwise(listed):
        assert scheme.compare(lower, higher) == -1, (lower, higher)
        assert scheme.compare(higher, lower) == 1, (lower, higher)


def hold_same(scheme: Scheme, left: str, right: str) -> None:
    """Two spellings of one version."""
    assert scheme.key(left) == scheme.key(right)
    assert scheme.compare(left, right) == 0
    assert scheme.end_of(left) == scheme.end_of(right)
    assert scheme.end_of_upstream(left) == scheme.end_of_upstream(right)
