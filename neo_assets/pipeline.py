"""The layers, once: which asset hands its rows on to which, from the snapshots of a source to gold.

Sources are looked up at each call, so that one that is registered is part of everything.
"""

from typing import Literal, get_args

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.sources import registry
from neo_assets.sources.base import Source

Layer = Literal["raw", "bronze", "silver", "gold"]


def chains() -> list[tuple[str, ...]]:
    """The assets of each source included, upstream first."""
    return [dataset.assets for dataset in registry.datasets()]


def assets() -> list[str]:
    """The daily assets of all sources by name, each after the one that it is made from."""
    return [asset for chain in chains() for asset in chain]


def chain_to(asset: str) -> tuple[str, ...]:
    """The assets from which an asset is made, upstream first, and itself; none if it is none."""
    for chain in chains():
        if asset in chain:
            return chain[: chain.index(asset) + 1]
    return ()


def source_of(asset: str) -> Source | None:
    """The source whose chain an asset is part of; none if it is none of them."""
    for source, chain in zip(registry.included(), chains(), strict=True):
        if asset in chain:
            return source
    return None


def layer_of(asset: str) -> Layer | None:
    """The layer of an asset; none if it is not one of a source's chain."""
    names: tuple[Layer, ...] = get_args(Layer)
    chain = chain_to(asset)
    return names[len(chain) - 1] if chain else None


def upstream_of(asset: str) -> str | None:
    """The asset that hands its rows on to this one; none for the first of a chain."""
    chain = chain_to(asset)
    return chain[-2] if len(chain) > 1 else None


def downstream_of(asset: str) -> str | None:
    """The asset that this one hands its rows on to; none for the last of a chain."""
    return next((other for other in assets() if upstream_of(other) == asset), None)


LAYERS = chain_to(GOLD_NEO_FACT.name)
"""The assets that lead to gold, upstream first."""
