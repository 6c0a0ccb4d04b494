"""Runners come and go under the shipped rules on their own clock: the shards find new holders, no alert but Watchdog
fires, and in the end the venue, the journal, /metrics and the API say the same."""

import json
from collections import Counter

from tests.compose.engine import docker, wait_until
from tests.compose.report import demand
from tests.compose.view import AGGREGATOR
from tests.support import leases, rest, silence, truth
from tests.support.watch import Watch

MINUTES = 10
# Share of the time -> so many runners from then on; there is one before.
PLAN = {0.1: 3, 0.4: 1, 0.7: 4}
RUNNER = "strategy-runner"
LEASED_SECONDS = 20       # until every shard has its new holder: a lease of 3 s, and the start of a process
READY_SECONDS = 120
QUIET_SECONDS = 180       # for a Prometheus that has just started
LOOK_SECONDS = 2
ORDERS_MIN = 100          # in the ten minutes, or they prove nothing
FILLS_MIN = 20
SHOWN_MAX = 3


class Scaling:
    """`shipped` is the same project without what the test changes; `started`: its services besides setup."""

    def __init__(self, table, stack, shipped, view, running, started):
        self.table = table
        self.stack = stack
        self.shipped = shipped
        self.view = view
        self.running = running
        self.started = started
        self.watch = Watch(running, LOOK_SECONDS)

    def check(self):
        if not self.table.check("scale: shipped rules", self.start_shipped_rules):
            return
        self.watch.start()
        try:
            if self.table.check("scale: only Watchdog fires", self.keep_silence):
                self.add_watched()
        finally:
            self.watch.stop()
        if self.table.check("scale: comes to rest", self.come_to_rest):
            self.compare_books()
        self.table.check("scale: trades on with one", self.trade_on)

    # ---- silence ---------------------------------------------------------------------------------------------

    def start_shipped_rules(self):
        """A Prometheus without a memory of earlier troubles, with the shipped files."""
        self.stack.compose("rm", "--stop", "--force", "prometheus")
        docker("volume", "rm", f"{self.stack.project}_prometheus")
        self.shipped.compose("up", "-d", "--no-deps", "prometheus")
        return f"quiet after {wait_until('a quiet stack', self.view.not_quiet_text, QUIET_SECONDS):.1f} s"

    def keep_silence(self):
        before = self.traded()
        plan = {share: (f"{count} runners", lambda count=count: self.scale(count)) for share, count in PLAN.items()}
        found = silence.keep(self.view.ask, MINUTES, plan)
        demand(not found, "; ".join(found))
        orders, fills = (now - then for now, then in zip(self.traded(), before))
        demand(orders >= ORDERS_MIN and fills >= FILLS_MIN, f"only {orders:.0f} orders and {fills:.0f} fills")
        return f"{MINUTES} minutes, {orders:.0f} orders, {fills:.0f} fills"

    def traded(self):
        return (self.view.query('sum(polybot_orders_total{status="submitted"})'),
                self.view.query("sum(polybot_fills_total)"))

    def add_watched(self):
        least = MINUTES * 60 / LOOK_SECONDS / 2
        looks = min(self.watch.samples, self.watch.scrapes)
        for name, found in self.watch.findings().items():
            if looks < least:
                found = [f"only {looks} looks"]
            self.table.add(f"scale: {name}", not found, "; ".join(found[:SHOWN_MAX]) or
                           f"{self.watch.samples} looks at the leases, {self.watch.lease_moves} moves, "
                           f"{self.watch.scrapes} scrapes")

    # ---- more and fewer --------------------------------------------------------------------------------------

    def scale(self, wanted):
        self.table.check(f"scale: {RUNNER}={wanted}", lambda: self.scale_to(wanted))

    def scale_to(self, wanted):
        self.shipped.compose("up", "-d", "--no-recreate", "--scale", f"{RUNNER}={wanted}", "setup", *self.started)
        replicas = self.running.replicas(RUNNER)
        demand(len(replicas) == wanted, f"there are {len(replicas)} containers")
        table = {}

        def unshared():
            table.update(leases.read(self.running) or {"leases": []})
            return leases.missing(table, replicas)
        leased = wait_until("every shard leased to those that are there", unshared, LEASED_SECONDS, 0.5)
        ready = leased + wait_until("each replica ready", lambda: self.not_ready(wanted), READY_SECONDS)
        shares = Counter(lease["replica"] for lease in table["leases"])
        return (f"leased again {leased:.1f} s after `up` returned, {' + '.join(map(str, sorted(shares.values())))}; "
                f"each replica ready after {ready:.1f} s")

    def not_ready(self, wanted):
        """By each replica's own word, and as the aggregator counts them."""
        if text := self.view.own_word(RUNNER):
            return text
        _, body = self.stack.get(f"{AGGREGATOR}/health/ready/{RUNNER}")
        answer = json.loads(body or "{}")
        counts = (answer.get("ready"), answer.get("replicas"))
        return None if counts == (wanted, wanted) else f"{counts[0]} ready of {counts[1]}, says the aggregator"

    # ---- the books -------------------------------------------------------------------------------------------

    def come_to_rest(self):
        rest.come_to_rest(self.running, wait_until)
        return "no order is open, every trade is settled"

    def compare_books(self):
        facts = []

        def read():
            facts[:] = truth.lasting_differences(self.running)
            totals = facts[0].journal["totals"]
            return f"{len(facts[0].orders)} orders, {totals['fills']} fills, P&L {totals['pnl']}"
        if self.table.check("scale: books can be read", read):
            for name, found in facts[1].items():
                self.table.add(f"scale: {name}", not found, "; ".join(found[:SHOWN_MAX]) or "no difference")

    def trade_on(self):
        """As before: one runner, the test's rules, and trading."""
        self.stack.compose("up", "-d", "--no-deps", "prometheus")
        self.scale_to(1)
        rest.trade_again(self.running)
        before = rest.submitted(self.running)

        def missing():
            return None if (rest.submitted(self.running) or 0) > (before or 0) else "no order yet"
        return f"first orders after {wait_until('orders', missing, READY_SECONDS):.1f} s"
