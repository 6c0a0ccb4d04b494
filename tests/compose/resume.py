"""`down` keeps the volumes, and after the next `up` every counter goes on where it was."""

from engine import wait_until
from exposition import Scrape, falling
from report import as_text, demand
from view import AGGREGATOR

READY_SECONDS = 120


class Resume:
    """`started`: the services that run, besides setup, which has ended."""

    def __init__(self, table, stack, view, started):
        self.table = table
        self.stack = stack
        self.view = view
        self.started = started
        self.before = None   # the scrape before the stop
        self.key = None

    def check(self):
        self.table.check("resume: down keeps the volumes", self.down_keeps_volumes)
        self.table.check("resume: up goes on", self.up_goes_on)

    def down_keeps_volumes(self):
        _, text = self.stack.get(AGGREGATOR + "/metrics")
        self.before = Scrape(text)
        demand(self.before.rising() > 100, "there were no counters before the stop")
        self.key = self.read_key()
        volumes = self.stack.volumes()
        self.stack.stop_probe()
        self.stack.compose("down")
        demand(self.stack.volumes() == volumes, f"of {volumes} {self.stack.volumes()} are left")
        demand(not self.stack.networks(), f"networks are left: {self.stack.networks()}")
        left = [name for name in self.started if self.stack.containers(name)]
        demand(not left, f"containers are left: {left}")
        return f"{len(volumes)} volumes; containers and networks are gone"

    def up_goes_on(self):
        demand(self.before, "there is nothing to compare with")
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
