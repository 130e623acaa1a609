"""The archive: stored SBOMs as tables, matched as a set.

documents -> coordinates and occurrences (Delta tables) -> each distinct coordinate matched once -> fanned out by join
"""
