"""Where advisories come from: the declared feeds, and snapshots of them in local files."""
