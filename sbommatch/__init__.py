"""sbommatch matches SBOMs of any producer with vulnerability feeds, offline, by comparing versions in each ecosystem's own order."""

__version__ = "0.1.0"
