"""What the venue, the journal, /metrics and the API each say after a run, and where they differ.

Each check is a function of the four that returns texts, one per difference. Everything is exact: money and
quantities are decimals, and identities are the ids of orders, trades and markets. A stack is asked through ask(),
metrics(), journal_fold() and journal_export(), under the launcher (stack.py) as in containers.

Where a backup was restored the journal has a gap. Orders of ours that were placed in it and went unfilled are known to
the venue alone, and of others only what the trades tell.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from tests.support.exposition import Scrape
from tests.support.waiting import Failed, wait_until

PAGE = 5_000
MIN_SIZE = Decimal(5)       # shares: the smallest order the venue takes
EQUAL_SECONDS = 60
GAP_MARGIN_MS = 2_000       # the venue's clock and ours
LATE_MS = 6_000             # a lost submission may be executed as late as that: `ambiguous_hold` of the tests
LIVE = ("submitted", "ambiguous", "accepted", "partially_filled")
RESTING = ("live", "delayed")


@dataclass
class Venue:
    account: dict     # the only one outside of the house
    orders: dict      # by venue id
    trades: list      # that have us on a side
    conserves: bool


@dataclass
class Facts:
    venue: Venue
    journal: dict      # order-manager verify --json --orders
    orders: dict       # of the journal, by venue id
    metrics: Scrape
    api: dict          # path: answer
    exported: list     # rows of `export orders`
    screen: dict = None  # {status: orders} of the launcher's last line; none in containers
    by_hand: frozenset = frozenset()  # venue ids of orders of others, which may come and go unseen


def _get(stack, place, path):
    status, text = stack.ask(place, path, timeout=20)
    if status != 200:
        raise Failed(f"{path} of {place} is answered {status}: {text[:200]}")
    return json.loads(text)


def _pages(stack, path):
    """Every page of /state, or of /state/history: what has left the simulator's memory."""
    orders_after = trades_after = 0
    while True:
        page = _get(stack, "venue-simulator",
                    f"{path}?limit={PAGE}&orders_after={orders_after}&trades_after={trades_after}")
        yield page
        if "orders_next" not in page and "trades_next" not in page:
            return
        # What has come to its end answers from its last number on: nothing.
        last = 2 ** 62
        orders_after = page.get("orders_next", last)
        trades_after = page.get("trades_next", last)


def read_venue(stack):
    first = _get(stack, "venue-simulator", "/state?limit=1")
    if not first["accounts"]:
        raise Failed("there is no account at the venue")
    account = first["accounts"][0]
    orders, trades = {}, {}
    for path in ("/state/history", "/state"):
        for page in _pages(stack, path):
            orders |= {order["id"]: order for order in page["orders"] if order["account"] == account["account"]}
            trades |= {trade["id"]: trade for trade in page["trades"]}
    ours = [trade for trade in trades.values() if sides_of(trade, account["account"])]
    return Venue(account, orders, ours, first["conservation"]["holds"])


def sides_of(trade, account):
    """The parties of a trade that are ours."""
    return [party for party in [trade["taker"], *trade["makers"]] if party["account"] == account]


def read(stack):
    journal = json.loads(stack.journal_fold())
    venue = read_venue(stack)
    text = stack.metrics()
    if text is None:
        raise Failed("the aggregator does not answer")
    api = {path: _get(stack, "api", f"/api/v1/{path}") for path in ("status", "positions", "pnl", "strategies")}
    api["orders"] = _api_list(stack, "orders")
    exported = list(csv.DictReader(io.StringIO(stack.journal_export("orders"))))
    return Facts(venue, journal, {order["venue_id"]: order for order in journal["orders"]}, Scrape(text), api, exported,
                 stack.screen_counts() if hasattr(stack, "screen_counts") else None,
                 getattr(stack, "by_hand", frozenset()))


def in_gap(facts, number):
    """Whether the venue's order may have been sent between a backup and its restore, which lost its record."""
    order = facts.venue.orders.get(number)
    known = facts.orders.get(number)
    if order is None or (known is not None and known["strategy"] != "external"):
        return False
    return any(restore["backup_at_ms"] - GAP_MARGIN_MS <= order["created_ms"]
               <= restore["at_ms"] + LATE_MS + GAP_MARGIN_MS for restore in facts.journal["restores"])


def lost(facts):
    """Orders of ours at the venue that came and went in a gap or by hand, unfilled or with trades that failed: no
    record can tell of them."""
    filled = {number for trade in facts.venue.trades if trade["status"] != "FAILED" for number in _order_ids(trade)}
    return [number for number, order in facts.venue.orders.items()
            if number not in facts.orders and number not in filled and order["status"] not in RESTING
            and (in_gap(facts, number) or number in facts.by_hand)]


def _api_list(stack, what):
    rows, cursor = [], None
    while True:
        page = _get(stack, "api", f"/api/v1/{what}?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        rows += page[what]
        cursor = page.get("next_cursor")
        if not cursor:
            return rows


# ---- venue and journal --------------------------------------------------------------------------------------

def unknown_orders(facts):
    """Orders of ours at the venue that the journal lacks: by id, and by the salt that names (signal, leg)."""
    salts = {order["salt"] for order in facts.orders.values()}
    known = {*facts.orders, *lost(facts)}
    return [f"{number}: the venue has it, the journal does not" + ("" if order["salt"] in salts else ", nor its salt")
            for number, order in facts.venue.orders.items() if number not in known]


def twice(facts):
    """(signal, leg) pairs with two orders: the salt is a function of the pair. That of a lost history may come
    again."""
    found = []
    for where, orders in (("at the venue", facts.venue.orders), ("in the journal", facts.orders)):
        by_salt = defaultdict(list)
        for number, order in orders.items():
            if order["salt"] and not in_gap(facts, number):
                by_salt[order["salt"]].append(number)
        found += [f"salt {salt} {where}: {' '.join(numbers)}" for salt, numbers in by_salt.items() if len(numbers) > 1]
    return found


def order_states(facts):
    """The end of each order."""
    found = []
    for number, order in facts.orders.items():
        truth = facts.venue.orders.get(number)
        there = "unknown there" if truth is None else f"{truth['status']} there, {truth['matched']} matched"
        if in_gap(facts, number) and order["strategy"] == "external":
            # Only its trades are known.
            if order["status"] in LIVE:
                found.append(f"{number} ({order['id']}) of a gap is {order['status']} by the journal, {there}")
        elif not _agrees(order, truth):
            found.append(f"{number} ({order['id']}) is {order['status']} by the journal, {there}")
        elif truth is not None and Decimal(truth["matched"]) != Decimal(order["filled"]) and not _failed(facts, number):
            found.append(f"{number} ({order['id']}): filled {order['filled']} by the journal, {there}")
    return found


def _agrees(order, truth):
    status = order["status"]
    if status in LIVE:
        return False
    if status == "rejected":  # also one that was given up and had come and gone without a trace
        return truth is None or Decimal(truth["matched"]) == 0
    if truth is None:
        return False
    if status == "filled":
        matched, quantity = Decimal(truth["matched"]), Decimal(truth["quantity"])
        # One placed by hand that came and went while nobody looked is known by its trades alone.
        if order["strategy"] == "external":
            return matched == Decimal(order["filled"])
        # One that takes at once spends its cash: where it gets a better price, it gets more than it asked for.
        spends = truth["side"] == "BUY" and truth["type"] in ("FAK", "FOK")
        return matched >= quantity if spends else matched == quantity
    return status == "canceled" or truth["status"] == "expired"


def _failed(facts, number):
    """A trade of this order failed: the venue's `matched` still counts it."""
    return any(trade["status"] == "FAILED" and number in _order_ids(trade) for trade in facts.venue.trades)


def _order_ids(trade):
    return [party["order"] for party in [trade["taker"], *trade["makers"]]]


def fills(facts):
    """Quantity and cash of each order's trades that did not fail."""
    quantity, cash = defaultdict(Decimal), defaultdict(Decimal)
    for trade in facts.venue.trades:
        if trade["status"] == "FAILED":
            continue
        for party in sides_of(trade, facts.venue.account["account"]):
            quantity[party["order"]] += Decimal(party["quantity"])
            cash[party["order"]] += Decimal(party["cash"])
    found = []
    for number in sorted(set(quantity) | set(facts.orders)):
        order = facts.orders.get(number, {"id": "unknown", "filled": "0", "cash": "0"})
        told = (Decimal(order["filled"]), Decimal(order["cash"]))
        if told != (quantity[number], cash[number]):
            found.append(f"{number} ({order['id']}): {told[0]} shares for {told[1]} by the journal, "
                         f"{quantity[number]} for {cash[number]} at the venue")
    return found


def money(facts):
    found = []
    if not facts.venue.conserves:
        found.append("the venue makes or loses money")
    if Decimal(facts.journal["unredeemed"]) != 0:
        found.append(f"{facts.journal['unredeemed']} of claims are not paid yet")
    if Decimal(facts.journal["cash"]) != Decimal(facts.venue.account["cash"]):
        found.append(f"cash is {facts.journal['cash']} by the journal, {facts.venue.account['cash']} at the venue")
    held = {(row["market"], row["outcome"]): Decimal(row["quantity"]) for row in facts.venue.account["holdings"]}
    booked = {(row["market"], row["outcome"]): Decimal(row["quantity"]) for row in facts.journal["holdings"]}
    for key in sorted(set(held) | set(booked)):
        if held.get(key, 0) != booked.get(key, 0):
            found.append(f"{key[1]} shares of {key[0]}: {booked.get(key, 0)} by the journal, {held.get(key, 0)} there")
    return found


def self_trades(facts):
    account = facts.venue.account["account"]
    return [f"trade {trade['id']} has {len(sides_of(trade, account))} sides of ours: {' '.join(_order_ids(trade))}"
            for trade in facts.venue.trades
            if trade["taker"]["account"] == account and any(maker["account"] == account for maker in trade["makers"])]


# ---- journal and /metrics -----------------------------------------------------------------------------------

def _compare(name, expected, shown):
    same = shown is not None and abs(float(expected) - shown) <= 1e-6 * max(1.0, abs(float(expected)))
    return [] if same else [f"{name} is {expected} by the journal, {shown} on /metrics"]


def owned_families(facts):
    found = []
    totals = facts.journal["totals"]
    for strategy, figures in facts.journal["strategies"].items():
        for status, count in figures["orders"].items():
            shown = facts.metrics.value("polybot_orders_total", strategy=strategy, status=status)
            found += _compare(f"polybot_orders_total{{{strategy},{status}}}", count, shown)
        shown = facts.metrics.value("polybot_orders_total", strategy=strategy, status="denied")
        found += _compare(f"polybot_orders_total{{{strategy},denied}}", figures["orders_denied"], shown)
        shown = facts.metrics.value("polybot_fills_reversed_total", strategy=strategy)
        found += _compare(f"polybot_fills_reversed_total{{{strategy}}}", figures["fills_reversed"], shown)
        shown = facts.metrics.value("polybot_pnl_realized_usd", strategy=strategy)
        found += _compare(f"polybot_pnl_realized_usd{{{strategy}}}", figures["realized"], shown)
    for family, key in (("polybot_fills_total", "fills"), ("polybot_fees_usd_total", "fees"),
                        ("polybot_trade_volume_usd_total", "volume"), ("polybot_pnl_total", "pnl"),
                        ("polybot_orders_resurrected_total", "orders_resurrected"),
                        ("polybot_orders_live", "orders_live")):
        found += _compare(family, totals[key], facts.metrics.value(family))
    found += _compare("polybot_journal_sequence", facts.journal["sequence"],
                      facts.metrics.value("polybot_journal_sequence"))
    return found


def accounting(facts):
    """submitted = filled + canceled + rejected + expired + live, per strategy and side."""
    found = []
    values = facts.metrics.families.get("polybot_orders_total", {})
    sums = Counter()
    for (_, labels), value in values.items():
        named = dict(labels)
        sign = {"submitted": 1, "filled": -1, "canceled": -1, "rejected": -1, "expired": -1}.get(named["status"], 0)
        sums[named["strategy"], named["side"]] += sign * value
    for (strategy, side), rest in sorted(sums.items()):
        live = facts.metrics.value("polybot_orders_live", strategy=strategy, side=side)
        if rest != live:
            found.append(f"{strategy} {side}: {rest} neither ended nor live ({live})")
    return found


def unhedged(facts):
    values = facts.metrics.families.get("polybot_unhedged_exposure_usd", {})
    return [f"{dict(labels)['strategy']}: {value} USD" for (_, labels), value in values.items()
            if Decimal(str(value)) >= MIN_SIZE]


# ---- journal and API ----------------------------------------------------------------------------------------

def api_answers(facts):
    found = []
    by_id = {order["id"]: order for order in facts.orders.values()}
    if not facts.api["status"]["orders"]["in_sync"]:
        found.append("the API is not in sync")
    for shown in facts.api["orders"]:
        if shown["status"] == "denied":
            continue
        order = by_id.get(shown["id"])
        if order is None:
            found.append(f"order {shown['id']} is not in the journal")
        elif (shown["status"], Decimal(shown["filled_quantity"])) != (order["status"], Decimal(order["filled"])):
            found.append(f"order {shown['id']} is {shown['status']}, {shown['filled_quantity']} filled; by the journal "
                         f"{order['status']}, {order['filled']}")
    found += _api_positions(facts)
    pnl = Decimal(facts.api["pnl"]["sum"]["total"])
    if pnl != Decimal(facts.journal["totals"]["pnl"]):
        found.append(f"P&L is {pnl}; by the journal {facts.journal['totals']['pnl']}")
    return found


def _api_positions(facts):
    def rows(strategy, positions):
        return {(strategy or row["strategy"], row["market"]): (Decimal(row["yes"]), Decimal(row["no"]))
                for row in positions if Decimal(row["yes"]) or Decimal(row["no"])}
    booked = {}
    for strategy, figures in facts.journal["strategies"].items():
        booked |= rows(strategy, [{**row, "market": row["slug"]} for row in figures["positions"]])
    shown = rows(None, facts.api["positions"]["positions"])
    return [f"position {key[0]} in {key[1]}: YES, NO {shown.get(key)}; by the journal {booked.get(key)}"
            for key in sorted(set(shown) | set(booked)) if shown.get(key) != booked.get(key)]


# ---- one truth ----------------------------------------------------------------------------------------------

def one_truth(facts):
    """Orders by status, denials by reason, fills and halts: verify, /metrics, API, export and screen count the same."""
    totals, status = facts.journal["totals"], facts.api["status"]["orders"]
    told = {"journal": totals["orders"], "API": status["by_status"], "/metrics": {}, "export": Counter()}
    for name in totals["orders"]:
        told["/metrics"][name] = facts.metrics.value("polybot_orders_total", status=name) or 0
    rows = Counter(row["counted_as"] for row in facts.exported)
    told["export"] = {name: rows[name] for name in ("filled", "canceled", "rejected", "expired", "denied")}
    told["export"]["submitted"] = sum(rows.values()) - rows["denied"]
    if facts.screen is not None:
        told["screen"] = facts.screen
    found = _unequal("orders", told)
    reasons = {"journal": totals["denials"], "API": status["denials"],
               "/metrics": _by_label(facts, "polybot_risk_denials_total", "reason"),
               "export": Counter(row["reason"] for row in facts.exported if row["status"] == "denied")}
    found += _unequal("denials", reasons)
    for strategy in facts.api["strategies"]["strategies"]:
        booked = facts.journal["strategies"].get(strategy["name"])
        if booked is None:
            continue
        mine = [row for row in facts.exported if row["strategy"] == strategy["name"] and row["status"] == "denied"]
        found += _unequal(f"denials of {strategy['name']}",
                          {"journal": booked["denials"], "API": strategy["orders"]["denials"],
                           "/metrics": _by_label(facts, "polybot_risk_denials_total", "reason",
                                                 strategy=strategy["name"]),
                           "export": Counter(row["reason"] for row in mine)})
        found += _unequal(f"state changes of {strategy['name']}",
                          {"journal": _flat(booked["state_changes"]),
                           "API": _flat(strategy["orders"]["state_changes"]),
                           "/metrics": _state_changes(facts, strategy["name"])})
    found += _unequal("state changes of the account", {"journal": _flat(facts.journal["state_changes"]),
                                                       "/metrics": _state_changes(facts, "all")})
    counts = {"journal": totals["fills"], "API": status["fills"],
              "/metrics": facts.metrics.value("polybot_fills_total")}
    return found + _unequal("fills", {who: {"all": count} for who, count in counts.items()})


def _unequal(what, told):
    """`told`: {source: {name: count}}; a missing name counts 0. The journal gives the names to ask for."""
    names = sorted(set().union(*(set(counts) for counts in told.values())))
    if what == "orders":  # an export has one row per order: not each status that it passed
        names = [name for name in names if name in told["export"]]
    found = []
    for name in names:
        counts = {who: round(counts.get(name, 0)) for who, counts in told.items()}
        if len(set(counts.values())) > 1:
            found.append(f"{what}, {name}: " + ", ".join(f"{count} by {who}" for who, count in counts.items()))
    return found


def _by_label(facts, family, label, **wanted):
    counts = Counter()
    for (_, labels), value in facts.metrics.families.get(family, {}).items():
        named = dict(labels)
        if wanted.items() <= named.items():
            counts[named[label]] += value
    return counts


def _state_changes(facts, strategy):
    counts = Counter()
    for (_, labels), value in facts.metrics.families.get("polybot_trading_state_changes_total", {}).items():
        named = dict(labels)
        if named["strategy"] == strategy:
            counts[named["state"], named["reason"]] += value
    return counts


def _flat(by_state):
    return {(state, reason): count for state, reasons in by_state.items() for reason, count in reasons.items()}


CHECKS = (
    ("no order at the venue that the journal lacks", unknown_orders),
    ("no (signal, leg) with two orders", twice),
    ("venue == journal: every order", order_states),
    ("venue == journal: every fill, quantity and cash", fills),
    ("venue == journal: cash and shares", money),
    ("no trade with both sides ours", self_trades),
    ("journal == /metrics: owned families", owned_families),
    ("every submitted order is accounted for", accounting),
    ("journal == API: orders, positions, P&L", api_answers),
    ("verify == /metrics == API == export == screen: counts", one_truth),
    ("unhedged exposure below one minimum size", unhedged),
)


def differences(stack):
    """{check: [differences]}, from one reading of everything."""
    facts = read(stack)
    return facts, {name: check(facts) for name, check in CHECKS}


def lasting_differences(stack):
    """The first reading without any difference, or the last one of EQUAL_SECONDS: markets still resolve, so it may
    take a while until all is equal in one reading. Raises Failed when no reading was possible."""
    last = []

    def different():
        try:
            last[:] = differences(stack)
        except Failed as failed:
            return str(failed)
        wrong = [name for name, found in last[1].items() if found]
        return "; ".join(wrong) or None
    try:
        wait_until("venue, journal, metrics and API say the same", different, EQUAL_SECONDS, every=1.0)
    except Failed:
        if not last:
            raise
    return tuple(last)
