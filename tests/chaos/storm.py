"""The troubles and their times, drawn from the seed before the run, so that a seed always plans the same storm."""

import random
import time

from tests.chaos.restores import FATES
from tests.support.waiting import Failed, say

RUNNER = "strategy-runner"
SERVICES = ("order-manager", "gateway", RUNNER, "venue-simulator", "metrics-aggregator")
KILLED_BESIDE = ("gateway", RUNNER, RUNNER, "venue-simulator", "metrics-aggregator")
# order-manager twice: the signals in its queue when it goes on are from leases that have ended.
FROZEN = ("order-manager", "order-manager", "gateway", RUNNER, RUNNER, RUNNER, RUNNER, RUNNER, "venue-simulator",
          "metrics-aggregator")
FREEZE_SECONDS_MAX = 30
RESTORES = 3          # of a backup that is some seconds old, in equal parts of the storm
BACKUP_AGE_SECONDS = (4, 15)
HANGS_FIRST = 0.9     # of order-manager's deaths: what is signalled meanwhile meets its successor
HANGS_SECONDS = 5     # or until it dies
RUNNERS_MAX = 4

# Every fault of the venue's admin port with the settings it is useful with. The first ones come more often: they
# make the doubt and the corrections that the books are to survive. Left out is fee-change: what is traded before
# the new rate can be known is booked at the old one, so that the books differ, rightly; and those that are there for
# order-manager doctor, which looks before anything trades.
FAULTS = (
    ("answer-lost", {"probability": 0.6}),
    ("executed-late", {"probability": 0.4, "delay_ms": 2_500}),
    ("trade-failed", {"probability": 0.5}),
    ("late-fill", {"probability": 0.5, "delay_ms": 1_500}),
    ("user-events", {"probability": 0.5}),
    ("leg-miss", {"probability": 0.5}),
    ("reject", {"probability": 0.5}),
    ("user-socket-drop", {}),
    ("venue-hang", {"delay_ms": 1_500}),
    ("venue-down", {}),
    ("feed-freeze", {}),
    ("feed-gap", {}),
    ("fair-value-jump", {}),
    ("venue-drift", {}),
    ("empty-numbers", {"probability": 0.7}),
    ("surplus-shares", {}),
    ("past-end", {}),
    ("region-block", {}),
    ("silent-result", {}),
    ("unreadable-market", {}),
    ("trade-stuck", {}),
    ("key-revoked", {"count": 1}),
    ("foreign-heartbeat", {"count": 1}),
)
OFTEN = 4
# A trade fails and an answer is lost only where something trades, and order-manager is down for much of a storm.
FAULT_SECONDS = {"venue-down": (1, 3), "trade-failed": (4, 12), "answer-lost": (3, 8)}


class Storm:
    """`plan` is [(seconds, what, arguments)], by time."""

    def __init__(self, seed, duration):
        self._random = random.Random(seed)
        self._often = -1   # which of the often ones came last
        self._deck = []    # faults still to come before any comes again
        self.plan = []
        self._each(duration, 9, 15, lambda: ("kill", "order-manager"))
        self.plan += [(at - self._random.uniform(0.5, 2), "freeze", ["order-manager", HANGS_SECONDS, draw])
                      for at, _, (_, draw) in self.plan if draw < HANGS_FIRST]
        self._each(duration, 6, 10, lambda: ("kill", self._random.choice(KILLED_BESIDE)))
        self._each(duration, 6, 10, lambda: ("freeze", self._random.choice(FROZEN), self._freeze_seconds()))
        self._each(duration, 8, 14, lambda: ("scale", self._random.randint(1, RUNNERS_MAX)))
        self._each(duration, 2, 5, self._fault)
        for number in range(RESTORES):
            at = duration * (number + self._random.uniform(0.4, 0.9)) / RESTORES
            age = min(self._random.uniform(*BACKUP_AGE_SECONDS), duration / RESTORES / 3)
            self.plan += [(at - age, "backup", [0.0]), (at, "restore", [FATES[number % len(FATES)], 0.0])]
        self.plan.sort(key=lambda entry: entry[0])

    def _each(self, duration, least, most, draw):
        at = self._random.uniform(least / 2, most)
        while at < duration:
            what, *arguments = draw()
            self.plan.append((at, what, [*arguments, self._random.random()]))
            at += self._random.uniform(least, most)

    def _freeze_seconds(self):
        """Mostly a little longer than a lease, often shorter, sometimes as long as possible."""
        draw = self._random.random()
        if draw < 0.07:
            return self._random.uniform(10, FREEZE_SECONDS_MAX)
        return self._random.uniform(3.2, 6) if draw < 0.7 else self._random.uniform(0.3, 3)

    def _fault(self):
        """The often ones in turn, the others from a shuffled deck: a storm of some minutes has each."""
        if self._random.random() < 0.5:
            self._often = (self._often + 1) % OFTEN
            name, settings = FAULTS[self._often]
        else:
            if not self._deck:
                self._deck = self._random.sample(FAULTS[OFTEN:], len(FAULTS) - OFTEN)
            name, settings = self._deck.pop()
        seconds = self._random.uniform(*FAULT_SECONDS.get(name, (1, 5)))
        return "fault", name, {**settings, "duration_ms": int(seconds * 1000)}

    def rage(self, stack, replicas, restores, tell=say):
        """Works the plan off, in real time."""
        begun = time.monotonic()
        for at, what, arguments in self.plan:
            while time.monotonic() - begun < at:
                replicas.tend()
                restores.tend()
                time.sleep(0.05)
            tell(f"  {what} {' '.join(str(argument) for argument in arguments[:-1])}")
            self._do(stack, replicas, restores, what, arguments)

    @staticmethod
    def _do(stack, replicas, restores, what, arguments):
        draw = arguments[-1]
        if what == "backup":
            restores.back_up()
        elif what == "restore":
            restores.restore(arguments[0])
        elif what == "kill":
            replicas.kill(arguments[0], draw)
        elif what == "freeze":
            replicas.freeze(arguments[0], arguments[1], draw)
        elif what == "scale":
            stack.scale(arguments[0])
        else:
            try:
                stack.fault(arguments[0], **arguments[1])
            except Failed:
                pass  # the simulator itself is dead or frozen: trouble enough


def end_of_faults(stack):
    for name, _ in FAULTS:
        stack.clear(name)
