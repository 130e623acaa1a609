"""Takes what was recorded since the last time from the log of changes into the box."""

from collections import Counter

from sbommatch.archive.archive import Archive
from sbommatch.archive.change import ChangeKind
from sbommatch.archive.notifications.box import Box


def take_in(archive: Archive, box: Box) -> Counter[ChangeKind]:
    """How many changes came in, of each kind. What is in the box stays as it is, also where the log was begun anew.

    Raises ArchiveError where the log is damaged.
    """
    from sbommatch.archive.recorded import recorded

    return box.take_in(recorded(archive, after=box.last_change()))
