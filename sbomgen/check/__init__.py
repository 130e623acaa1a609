"""`sbomgen check`: what a profile of minimum elements wants of an SBOM, element by element: met, missing, or impossible from an image."""

from sbomgen.check.element import Checked, Element, Profile, Result, Status
from sbomgen.check.profiles import PROFILES

__all__ = ["PROFILES", "Checked", "Element", "Profile", "Result", "Status"]
