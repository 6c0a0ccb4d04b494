"""What is looked at each second of a run: that no counter falls, and who has leased what."""

import json
import threading
import time

from exposition import Broken, Scrape, falling
from stack import request

SHARDS = 64
UNLEASED_SECONDS_MAX = 4.0


class Watch:
    def __init__(self, stack):
        self._stack = stack
        self.trouble = []          # what must not be, as texts
        self.scrapes = 0
        self.samples = 0           # of the lease table
        self.lease_moves = 0
        self.last = None           # the last scrape
        self._holders = {}         # (strategy, shard): (replica, incarnation, epoch)
        self._unleased = {}        # order: since when it rests in an unleased shard
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._each_second, args=(look,), daemon=True)
                         for look in (self._scrape, self._sample)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(15)

    def _each_second(self, look):
        while not self._ended.is_set():
            begun = time.monotonic()
            look()
            self._ended.wait(max(0.0, begun + 1 - time.monotonic()))

    def _scrape(self):
        text = self._stack.metrics()
        if text is None:
            return
        try:
            scrape = Scrape(text)
        except Broken as broken:
            self.trouble.append(f"a scrape is broken: {broken}")
            return
        if self.last is not None:
            self.trouble += [f"a counter fell: {text}" for text in falling(self.last, scrape)]
        self.last = scrape
        self.scrapes += 1

    def _sample(self):
        status, text = request(self._stack.manager + "/leases", timeout=1)
        if status != 200:
            self._unleased = {}    # nobody says who rests where
            return
        self.see_leases(json.loads(text), time.monotonic())

    def see_leases(self, table, now):
        """One answer of order-manager's /leases."""
        self.samples += 1
        holders = {}
        for lease in table["leases"]:
            key = (lease["strategy"], lease["shard"])
            if key in holders:
                self.trouble.append(f"shard {key[1]} of {key[0]} is leased to {holders[key][0]} and {lease['replica']}")
            holders[key] = (lease["replica"], lease["incarnation"], lease["epoch"])
        for key, holder in holders.items():
            before = self._holders.get(key)
            if before is not None and before[:2] != holder[:2]:
                self.lease_moves += 1
        self._holders |= holders
        self._see_resting(table["resting"], holders, now)

    def _see_resting(self, resting, holders, now):
        orphans = {order["id"]: order for order in resting
                   if order["purpose"] == "quote" and (order["strategy"], order["shard"]) not in holders}
        self._unleased = {order: self._unleased.get(order, now) for order in orphans}
        for order, since in self._unleased.items():
            if now - since > UNLEASED_SECONDS_MAX:
                self.trouble.append(f"order {order} rests in shard {orphans[order]['shard']} of "
                                    f"{orphans[order]['strategy']}, which nobody has leased for {now - since:.1f} s")
                self._unleased[order] = float("inf")  # said once

    def missing_leases(self, strategies):
        """None when each shard of each strategy has a holder now, else which have none."""
        status, text = request(self._stack.manager + "/leases", timeout=2)
        if status != 200:
            return "order-manager does not answer"
        held = [(lease["strategy"], lease["shard"]) for lease in json.loads(text)["leases"]]
        wanted = {(strategy, shard) for strategy in strategies for shard in range(SHARDS)}
        if len(held) != len(set(held)):
            return "a shard is leased twice"
        if absent := sorted(wanted - set(held)):
            return f"{len(absent)} shards are not leased, such as {absent[0]}"
        return None
