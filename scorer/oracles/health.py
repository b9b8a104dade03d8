"""How pools are, told by their manifests alone and without the task that they are of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from scorer.files import Damaged
from scorer.oracles.inventory import USELESS, Found
from scorer.oracles.place import read_pool_secret
from scorer.oracles.pool import roles_of, store_of


@dataclass(frozen=True)
class Health:
    """What was found below a cache folder.

    Attributes:
        n_pools: pools of models.
        n_models: in them, whole by their manifests.
        n_damaged: in them, not whole.
        n_without_secret: pools whose secret is damaged, so that nothing in them counts.
        useless_mib: what nothing reads any more.
    """

    n_pools: int
    n_models: int
    n_damaged: int
    n_without_secret: int
    useless_mib: float


def take_health(found: Collection[Found]) -> Health:
    """Look at the manifests of all pools; no other file of them is read, and none changed.

    Args:
        found: of `scorer.oracles.inventory.take_inventory`.
    """
    pools = [each.path for each in found if each.kind == "pools"]
    n_models = n_damaged = n_without_secret = 0
    for pool in pools:
        try:
            secret = read_pool_secret(pool)
        except Damaged:
            n_without_secret += 1
            continue
        for role in roles_of(pool):
            store = store_of(pool, role, secret)
            damaged = len(store.damaged(deep=False))
            n_damaged += damaged
            n_models += len(store.present()) - damaged
    useless = sum(each.size_mib for each in found if each.kind in USELESS)
    return Health(len(pools), n_models, n_damaged, n_without_secret, useless)
