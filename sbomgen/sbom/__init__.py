"""SBOMs as they are read back, of any producer: what they are, and what they say."""
