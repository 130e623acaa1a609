"""sbomgen turns container images into SBOMs: every installed package, and the layer and instruction it came from."""

__version__ = "0.1.0"
