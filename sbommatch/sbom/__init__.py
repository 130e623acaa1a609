"""SBOMs of any producer, read into components."""
