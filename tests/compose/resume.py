"""`down` stops in order, leaves no order at the venue and keeps the volumes; after the next `up` every counter goes
on where it was."""

import json
from pathlib import PurePosixPath

from tests.compose.engine import wait_until
from tests.compose.expectations import STOP_ORDER
from tests.compose.report import as_text, demand
from tests.compose.running import JOURNAL
from tests.compose.view import AGGREGATOR
from tests.support.exposition import Scrape, falling

READY_SECONDS = 120


class Resume:
    """`started`: the services that run, besides setup, which has ended."""

    def __init__(self, table, stack, view, started):
        self.table = table
        self.stack = stack
        self.view = view
        self.started = started
        self.before = None   # the scrape before the stop
        self.totals = None   # of the journal after it
        self.stopped = []    # services, in the order of their ends
        self.key = None

    def check(self):
        self.table.check("resume: down keeps the volumes", self.down_keeps_volumes)
        self.table.check("resume: down stops in order", self.down_stops_in_order)
        self.table.check("resume: down leaves no order", self.down_leaves_no_order)
        self.table.check("resume: up goes on", self.up_goes_on)

    def down_keeps_volumes(self):
        _, text = self.stack.get(AGGREGATOR + "/metrics")
        self.before = Scrape(text)
        demand(self.before.rising() > 100, "there were no counters before the stop")
        self.key = self.read_key()
        volumes = self.stack.volumes()
        self.stack.stop_probe()
        begun = self.stack.clock()
        self.stack.compose("down")
        self.stopped = self.stack.deaths(begun)
        demand(self.stack.volumes() == volumes, f"of {volumes} {self.stack.volumes()} are left")
        demand(not self.stack.networks(), f"networks are left: {self.stack.networks()}")
        left = [name for name in self.started if self.stack.containers(name)]
        demand(not left, f"containers are left: {left}")
        return f"{len(volumes)} volumes; containers and networks are gone"

    def down_stops_in_order(self):
        ranks = [rank for service in self.stopped for rank, services in enumerate(STOP_ORDER) if service in services]
        order = ", ".join(self.stopped)
        demand(set(ranks) == set(range(len(STOP_ORDER))), f"the end of a service is not reported: {order}")
        demand(ranks == sorted(ranks), f"they ended as {order}")
        return order

    def down_leaves_no_order(self):
        """An order ends in the journal when the venue says so: the answers to the last cancels are there."""
        code, out = self.stack.execute_alone("journal", PurePosixPath(JOURNAL).parent,
                                             "order-manager", "verify", "--json", JOURNAL)
        demand(code == 0, f"the journal's fold is broken: {out.strip()[:300]}")
        self.totals = json.loads(out)["totals"]
        demand(self.totals["orders_live"] == 0, f"{self.totals['orders_live']} orders are open in the journal")
        return f"{self.totals['orders']['submitted']} orders, each ended"

    def up_goes_on(self):
        demand(self.before and self.totals, "there is nothing to compare with")
        self.stack.compose("up", "-d", "setup", *self.started)
        self.stack.start_probe()
        first = []

        def missing():
            status, text = self.stack.get(AGGREGATOR + "/metrics")
            if status == 200 and not first:
                first.append(Scrape(text))
            return as_text(self.view.own_words())
        # The very first scrape must not be lower: a view that starts at 0 and catches up is a reset, too.
        seconds = wait_until("every service ready", missing, READY_SECONDS)
        demand(self.read_key() == self.key, "the venue key is another one")
        self.demand_no_fall(first[0], "the first scrape")
        # What happened between the last scrape and the stop is not lost either.
        for status in ("submitted", "filled", "canceled"):
            shown, had = first[0].value("polybot_orders_total", status=status) or 0, self.totals["orders"][status]
            demand(shown >= had, f"the first scrape shows {shown:.0f} orders {status}, the journal has {had}")
        _, text = self.stack.get(AGGREGATOR + "/metrics")
        now = Scrape(text)
        self.demand_no_fall(now, "a scrape of the ready stack")
        orders = now.value("polybot_orders_total", status="submitted") or 0
        return f"ready after {seconds:.1f} s; none of {self.before.rising()} counters fell, {orders:.0f} orders"

    def read_key(self):
        code, key = self.stack.execute("order-manager", "cat", "/var/lib/polybot/venue-key/key")
        demand(code == 0 and key, "the venue key cannot be read")
        return key

    def demand_no_fall(self, after, when):
        fallen = falling(self.before, after)
        demand(not fallen, f"{when}: {len(fallen)} of {self.before.rising()} counters fell, such as "
               + "; ".join(fallen[:3]))
