"""The layers, once: which asset hands its rows on to which, from the snapshots of a source to gold.

An asset has its place whether or not its source is included.  Sources are looked up at each call,
so that one that is registered is part of everything.
"""

from typing import Literal, get_args

from neo_assets.lakehouse.model.tables import GOLD_NEO_FACT
from neo_assets.sources import SOURCES, registry
from neo_assets.sources.base import Source

Layer = Literal["raw", "bronze", "silver", "gold"]


def source_of(asset: str) -> Source | None:
    """The source whose chain an asset is part of; none if it is none of them."""
    sources = map(registry.source, SOURCES)
    return next((source for source in sources if asset in source.dataset.assets), None)


def chain_of(asset: str) -> tuple[str, ...]:
    """All assets of the source of an asset, upstream first; none if it is none of a source's."""
    source = source_of(asset)
    return source.dataset.assets if source else ()


def chain_to(asset: str) -> tuple[str, ...]:
    """The assets from which an asset is made, upstream first, and itself; none if it is none."""
    chain = chain_of(asset)
    return chain[: chain.index(asset) + 1] if chain else ()


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
    return next(iter(downstream_chain(asset)), None)


def downstream_chain(asset: str) -> tuple[str, ...]:
    """The assets that are made from this one, upstream first."""
    return chain_of(asset)[len(chain_to(asset)) :]


LAYERS = chain_to(GOLD_NEO_FACT.name)
"""The assets that lead to gold, upstream first."""
