"""Images: references, sources, layer streams, tar, and the fold of layers into views."""
