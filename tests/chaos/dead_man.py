"""order-manager dies and is not started again: how long until the venue has cancelled everything?"""

import os
import random
import signal
import time

from tests.support.truth import read_venue
from tests.support.waiting import say, wait_until

# Ten seconds of patience and up to five until the venue looks.
CANCELED_SECONDS_MAX = 15.0
RESTING_MIN = 3


def resting(stack):
    return [order for order in read_venue(stack).orders.values()
            if order["status"] in ("live", "delayed")]


def enough_rests(stack):
    count = len(resting(stack))
    return None if count >= RESTING_MIN else f"{count} orders rest"


def one_round(stack, chance):
    """Seconds from the death to the last cancellation by the venue's clock, and how many orders rested."""
    wait_until("orders rest at the venue", lambda: enough_rests(stack), 60, every=0.5)
    # At any distance from the heartbeat before.
    time.sleep(chance.uniform(0, 5))
    pid = stack.pid("order-manager")
    os.kill(stack.launcher, signal.SIGSTOP)  # it would start order-manager again
    try:
        os.kill(pid, signal.SIGKILL)
        died_ms = time.time() * 1000
        left = {order["id"] for order in resting(stack)}
        wait_until("the venue has canceled everything", lambda: None if not resting(stack) else "orders rest",
                   CANCELED_SECONDS_MAX + 5)
        gone = [order for number, order in read_venue(stack).orders.items() if number in left]
    finally:
        os.kill(stack.launcher, signal.SIGCONT)
    wait_until("everything is ready again", stack.not_ready, 60)
    if not gone:
        return None
    return (max(order["finished_ms"] for order in gone) - died_ms) / 1000, len(gone)


def rounds(stack, count, seed):
    """[(seconds, orders)] of so many deaths."""
    chance = random.Random(seed)
    found = []
    while len(found) < count:
        result = one_round(stack, chance)
        if result is None:
            continue
        found.append(result)
        say(f"  order-manager gone: {result[1]} orders canceled by the venue within {result[0]:.1f} s")
    return found


def distribution(found):
    seconds = sorted(result[0] for result in found)
    return (f"{len(seconds)} deaths, {sum(result[1] for result in found)} orders; until all were canceled: "
            f"min {seconds[0]:.1f} s, median {seconds[len(seconds) // 2]:.1f} s, max {seconds[-1]:.1f} s")


def too_slow(found):
    return [f"{count} orders took {seconds:.1f} s, more than {CANCELED_SECONDS_MAX:g} s" for seconds, count in found
            if seconds > CANCELED_SECONDS_MAX]
