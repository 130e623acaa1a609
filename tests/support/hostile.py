"""Inventories of images whose makers wrote what they liked, for properties of the document writers."""

from collections.abc import Sequence

from hypothesis import strategies as st

from sbomgen.inventory import Inventory
from sbomgen.model import Distro, Hash, SourcePackage
from tests.support.inventories import apk, image, inventory, tracked

ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None), min_size=1, max_size=8),
    st.text(st.sampled_from("ab()<>@.:/ +\n"), min_size=1, max_size=9),
    st.sampled_from(["</text>", "<text>", "a\n</text>\nPackageName: b", "\u2028", "\udcff", "\x7f#Document", '"}', "# no comment", " "]),
)


def inventory_of(texts: Sequence[str]) -> Inventory:
    """One package of which eight texts are a stranger's."""
    name, version, supplier, licence, path, distro, tag, hint = texts
    found = apk(
        name, version, supplier=supplier, licences=(licence,), evidence=(path,), source=SourcePackage(name, version), homepage=f"https://{hint}",
        description=hint, distro=Distro(distro, version, name, hint, (hint,)), cpes=(hint,), hashes=(Hash(name, version),),
    )  # fmt: skip
    return inventory([tracked(found, "pkg:apk/alpine/x@1")], distro=found.distro, image=image((hint,), references=(tag,)))


HOSTILE_INVENTORIES = st.lists(ANY_TEXT, min_size=8, max_size=8).map(inventory_of)
"""Texts are control characters, bytes that are no UTF-8, and the words of the formats themselves."""
