"""Registries: names, the way to a host, credentials, and the distribution API over HTTP."""
