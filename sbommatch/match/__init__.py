"""Matching: components → coordinates and lookups → candidates → resolution → findings and verdicts → policy."""
