"""Telling the base image's layers from the image's own."""

from collections.abc import Sequence

from sbomgen.image.manifest import HistoryEntry, Image
from sbomgen.inventory import BaseImage, BaseMethod, Confidence, LayerOrigin

BASE_NAME_KEYS = ("org.opencontainers.image.base.name", "org.opencontainers.image.base.digest")
"""OCI image-spec, annotations.md. Builders put them on the manifest; some into the config's labels."""


def find_base(image: Image, given: Image | None = None) -> BaseImage:
    """The base image: given by the user, else attested by the builder, else named by annotation, else guessed from the history.

    `given` is the base when its layers are the image's lowest (the same chain id); otherwise it is not the base, and nothing is guessed
    instead.
    An annotation names the base but does not say where it ends: the history tells that, so confidence stays heuristic.
    """
    if given is not None:
        return _given_base(image, given)
    if image.provenance is not None and image.provenance.base_last_layer is not None:
        return BaseImage(BaseMethod.PROVENANCE, Confidence.EXACT, image.provenance.base_name, image.provenance.base_last_layer)
    last_layer = _last_layer_by_history(image)
    stated = {**image.config.labels, **image.annotations}
    name = next((stated[key] for key in BASE_NAME_KEYS if stated.get(key)), None)
    if name is not None:
        return BaseImage(BaseMethod.ANNOTATION, Confidence.HEURISTIC, name, last_layer)
    if last_layer is not None:
        return BaseImage(BaseMethod.HISTORY, Confidence.HEURISTIC, None, last_layer)
    return BaseImage()


def _given_base(image: Image, given: Image) -> BaseImage:
    name = given.references[0] if given.references else given.source
    top = len(given.layers) - 1
    chain_id = given.layers[top].chain_id if given.layers else None
    if chain_id is not None and top < len(image.layers) and image.layers[top].chain_id == chain_id:
        return BaseImage(BaseMethod.GIVEN, Confidence.EXACT, name, top)
    return BaseImage()


def _last_layer_by_history(image: Image) -> int | None:
    """A `CMD` or `ENTRYPOINT` with layers above it was the end of another Dockerfile: the layers below it are the base's."""
    layers_so_far, last_layer = 0, None
    for entry in image.config.history:
        if not entry.empty_layer:
            layers_so_far += 1
        elif _ends_a_dockerfile(entry) and 0 < layers_so_far < len(image.layers):
            last_layer = layers_so_far - 1
    return last_layer


def _ends_a_dockerfile(entry: HistoryEntry) -> bool:
    return entry.created_by.replace("/bin/sh -c #(nop)", "").lstrip().startswith(("CMD ", "ENTRYPOINT "))


def layer_origins(image: Image, base: BaseImage) -> Sequence[LayerOrigin]:
    """For each layer whose it is; unknown throughout where no base was found."""
    if base.last_layer is None:
        return [LayerOrigin.UNKNOWN] * len(image.layers)
    return [LayerOrigin.BASE if layer.index <= base.last_layer else LayerOrigin.OWN for layer in image.layers]
