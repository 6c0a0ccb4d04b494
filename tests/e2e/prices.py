"""Fair values that a test moves at the venue, and moves back: nothing here depends on how long that takes."""

import datetime
import json
import time

from tests.support.stack import request
from tests.support.waiting import Failed, wait_until

JUMP = 0.3
_LASTING_SECONDS = 900
_FIT = (0.08, 0.92)              # a jump to beyond would go the other way
_FOR_EVER_MS = 24 * 3600 * 1000  # the venue's own way back is a time; here it is move_back()


def ask_api(stack, path, what):
    status, text = request(stack.api + path)
    if status != 200:
        raise Failed(f"the API answers {status} to {path}")
    return json.loads(text)[what]


def _ends(market):
    return datetime.datetime.fromisoformat(market["ends_at"].replace("Z", "+00:00")).timestamp()


def quoted(stack, strategy="spread_farm"):
    """{slug: market} of those that last for long and in which the strategy has live orders; waits for some."""
    found = {}

    def missing():
        horizon = time.time() + _LASTING_SECONDS
        orders = ask_api(stack, f"/api/v1/orders?status=live&limit=1000&strategy={strategy}", "orders")
        names = {order["market"] for order in orders}
        found.update({market["slug"]: market for market in ask_api(stack, "/api/v1/markets?limit=500", "markets")
                      if market["slug"] in names and (market["ends_at"] is None or _ends(market) > horizon)})
        return None if found else "no live orders there"
    wait_until(f"{strategy} quotes in markets that last", missing)
    return dict(sorted(found.items()))


def can_move(market, jump):
    """Whether the market's price can go so far."""
    quote = market["quote"]
    if not quote or not quote["bid"] or not quote["ask"]:
        return False
    return _FIT[0] < (float(quote["bid"]["price"]) + float(quote["ask"]["price"])) / 2 + jump < _FIT[1]


def move(stack, jumps):
    """{slug: jump}"""
    for slug, jump in jumps.items():
        stack.fault("fair-value-jump", market=slug, size=f"{jump:g}", delay_ms=_FOR_EVER_MS)


def move_back(stack, jumps):
    move(stack, {slug: -jump for slug, jump in jumps.items()})
