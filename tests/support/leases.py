"""Who has leased what, by order-manager's own word."""

import json
from collections import Counter

from tests.support.waiting import Failed

SHARDS = 64
STRATEGIES = ("arbitrage", "momentum", "spread_farm")


def read(stack):
    """order-manager's /leases; None while it does not answer."""
    status, text = stack.ask("order-manager", "/leases", timeout=2)
    return json.loads(text) if status == 200 else None


def epochs(table, replica=None):
    """The epochs in force, of one replica if told: none of them outlives its holder or order-manager."""
    if table is None:
        raise Failed("order-manager does not answer")
    return {lease["epoch"] for lease in table["leases"] if replica in (None, lease["replica"])}


def missing(table, replicas=None, strategies=STRATEGIES):
    """None when each shard of each strategy has one holder, else what is wrong.

    With `replicas` (names) those alone are holders, and each has an even share of each strategy.
    """
    if table is None:
        return "order-manager does not answer"
    held = Counter((lease["strategy"], lease["shard"]) for lease in table["leases"])
    if twice := sorted(key for key, count in held.items() if count > 1):
        return f"a shard is leased twice: {twice[0]}"
    wanted = {(strategy, shard) for strategy in strategies for shard in range(SHARDS)}
    if absent := sorted(wanted - set(held)):
        return f"{len(absent)} shards are not leased, such as {absent[0]}"
    return None if replicas is None else _unshared(table, set(replicas), strategies)


def missing_anew(table, ended, replicas=None):
    """As missing; nor may one of the epochs `ended` still be in force."""
    if text := missing(table, replicas):
        return text
    return None if ended.isdisjoint(epochs(table)) else "an old lease is still in force"


def _unshared(table, replicas, strategies):
    shares = Counter((lease["strategy"], lease["replica"]) for lease in table["leases"])
    if strangers := {replica for _, replica in shares} - replicas:
        return f"leases are held by {', '.join(sorted(strangers))}, which should not be there"
    least, odd = divmod(SHARDS, len(replicas))
    for strategy in strategies:
        counts = sorted(shares[strategy, replica] for replica in replicas)
        if counts != [least] * (len(replicas) - odd) + [least + 1] * odd:
            return f"{strategy} is shared out as {' + '.join(map(str, counts))}"
    return None
