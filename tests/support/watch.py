"""Repeated checks of a run: that no counter falls, and who has leased what."""

import threading
import time

from tests.support import leases
from tests.support.exposition import Broken, Scrape, falling

UNLEASED_SECONDS_MAX = 4.0
# A restored journal's counters begin again at its backup; so long it may take until they are shown.
RESTORE_SECONDS = 60.0
# Those of order-manager's fold.
OF_THE_JOURNAL = ("polybot_orders_total", "polybot_orders_corrected_total", "polybot_orders_resurrected_total",
                  "polybot_fills_total", "polybot_fills_reversed_total", "polybot_fees_usd_total",
                  "polybot_trade_volume_usd_total", "polybot_risk_denials_total", "polybot_journal_events_total",
                  "polybot_signals_received_total", "polybot_leases_fenced_total",
                  "polybot_trading_state_changes_total")
# How far these rose in the whole run is told, over restores too.
SUMMED = ("polybot_fills_total", "polybot_fills_reversed_total")


class Watch:
    def __init__(self, stack, every=1.0):
        self._stack = stack
        self._every = every        # seconds from one look to the next
        self.trouble = []          # what must not be, as texts
        self.scrapes = 0
        self.samples = 0           # of the lease table
        self.lease_moves = 0
        self.last = None           # the last scrape
        self.risen = dict.fromkeys(SUMMED, 0.0)
        self._stood = {}           # (name, labels): the value at the last scrape that had it
        self._restored_at = None   # a backup, on the monotonic clock
        self._holders = {}         # (strategy, shard): (replica, incarnation, epoch)
        self._unleased = {}        # order: since when it rests in an unleased shard
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._again_and_again, args=(look,), daemon=True)
                         for look in (self._scrape, self._sample)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(15)

    def _again_and_again(self, look):
        while not self._ended.is_set():
            begun = time.monotonic()
            look()
            self._ended.wait(max(0.0, begun + self._every - time.monotonic()))

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
            self.trouble += [f"a counter fell: {text}" for text in falling(self.last, scrape)
                             if not self._excused(text)]
        self.sum_up(scrape)
        self.last = scrape
        self.scrapes += 1

    def sum_up(self, scrape):
        """One answer of /metrics: adds what each counter of SUMMED has risen since it was last seen."""
        for name in SUMMED:
            for key, value in scrape.families.get(name, {}).items():
                self.risen[name] += max(0.0, value - self._stood.get(key, 0.0))
                self._stood[key] = value

    def restored(self):
        """Call it when a backup is restored."""
        self._restored_at = time.monotonic()

    def _excused(self, fallen):
        recent = self._restored_at is not None and time.monotonic() - self._restored_at < RESTORE_SECONDS
        return recent and fallen.startswith(OF_THE_JOURNAL)

    def _sample(self):
        table = leases.read(self._stack)
        if table is None:
            self._unleased = {}    # it is unknown which order rests where
            return
        self.see_leases(table, time.monotonic())

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
                                    f"{orphans[order]['strategy']}, which has been unleased for {now - since:.1f} s")
                self._unleased[order] = float("inf")  # said once

    def findings(self):
        """{check: what was wrong}."""
        return {"every shard is leased once at most": [text for text in self.trouble if " is leased to " in text],
                "no quote rests in an unleased shard": [text for text in self.trouble if " rests in shard " in text],
                "no counter ever fell": [text for text in self.trouble if "counter" in text or "broken" in text]}
