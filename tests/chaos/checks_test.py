"""Shows that each check of running stacks can fail: books that agree pass, and each tampering turns the check
red that is meant for it."""

import copy
import unittest

from tests.support import leases, silence, truth
from tests.support.exposition import Scrape
from tests.support.watch import Watch

METRICS = """# TYPE polybot_orders_total counter
polybot_orders_total{strategy="farm",side="buy",status="submitted"} 2
polybot_orders_total{strategy="farm",side="buy",status="filled"} 1
polybot_orders_total{strategy="farm",side="buy",status="rejected"} 1
polybot_orders_total{strategy="farm",side="buy",status="denied"} 0
# TYPE polybot_orders_live gauge
polybot_orders_live{strategy="farm",side="buy"} 0
# TYPE polybot_fills_reversed_total counter
polybot_fills_reversed_total{strategy="farm"} 0
# TYPE polybot_pnl_realized_usd gauge
polybot_pnl_realized_usd{strategy="farm"} 0
# TYPE polybot_fills_total counter
polybot_fills_total{strategy="farm"} 1
# TYPE polybot_fees_usd_total counter
polybot_fees_usd_total{strategy="farm"} 0
# TYPE polybot_trade_volume_usd_total counter
polybot_trade_volume_usd_total{strategy="farm"} 4
# TYPE polybot_pnl_total gauge
polybot_pnl_total{strategy="farm"} 1
# TYPE polybot_orders_resurrected_total counter
polybot_orders_resurrected_total{strategy="farm"} 0
# TYPE polybot_journal_sequence gauge
polybot_journal_sequence 9
# TYPE polybot_risk_denials_total counter
polybot_risk_denials_total{strategy="farm",reason="quote_stale"} 0
# TYPE polybot_trading_state_changes_total counter
polybot_trading_state_changes_total{strategy="farm",state="halted",reason="requested"} 1
polybot_trading_state_changes_total{strategy="all",state="halted",reason="requested"} 0
# TYPE polybot_unhedged_exposure_usd gauge
polybot_unhedged_exposure_usd{strategy="farm"} 0
"""


def books():
    """One order filled in full, one rejected; all four agree."""
    party = {"account": 3, "order": "0xa", "quantity": "10", "cash": "4"}
    venue = truth.Venue(
        account={"account": 3, "cash": "96", "holdings": [{"market": "m", "outcome": "yes", "quantity": "10"}]},
        orders={"0xa": {"id": "0xa", "salt": 1, "status": "matched", "matched": "10", "quantity": "10",
                        "side": "BUY", "type": "GTC", "created_ms": 1_000}},
        trades=[{"id": "t", "status": "CONFIRMED", "taker": party,
                 "makers": [{**party, "account": 1, "order": "0xf"}]}],
        conserves=True)
    orders = [{"id": "s-0", "venue_id": "0xa", "strategy": "farm", "salt": 1, "status": "filled", "filled": "10",
               "cash": "4"},
              {"id": "s-1", "venue_id": "0xb", "strategy": "farm", "salt": 2, "status": "rejected", "filled": "0",
               "cash": "0"}]
    journal = {
        "cash": "96", "unredeemed": "0", "sequence": 9,
        "holdings": [{"market": "m", "outcome": "yes", "quantity": "10"}],
        "restores": [], "state_changes": {"halted": {}},
        "totals": {"fills": 1, "fees": "0", "volume": "4", "pnl": "1", "orders_resurrected": 0, "orders_live": 0,
                   "orders": {"submitted": 2, "filled": 1, "rejected": 1, "denied": 0}, "denials": {}},
        "strategies": {"farm": {"orders": {"submitted": 2, "filled": 1, "rejected": 1}, "orders_denied": 0,
                                "denials": {}, "state_changes": {"halted": {"requested": 1}},
                                "fills_reversed": 0, "realized": "0",
                                "positions": [{"slug": "market", "market": "m", "yes": "10", "no": "0"}]}}}
    counts = {"by_status": {"submitted": 2, "filled": 1, "rejected": 1, "denied": 0}, "denials": {}, "fills": 1,
              "state_changes": {"halted": {"requested": 1}}}
    api = {"status": {"orders": {"in_sync": True, **counts}},
           "strategies": {"strategies": [{"name": "farm", "orders": counts}]}, "pnl": {"sum": {"total": "1"}},
           "orders": [{"id": "s-0", "status": "filled", "filled_quantity": "10"}],
           "positions": {"positions": [{"strategy": "farm", "market": "market", "yes": "10", "no": "0"}]}}
    exported = [{"strategy": "farm", "status": "filled", "counted_as": "filled", "reason": ""},
                {"strategy": "farm", "status": "rejected", "counted_as": "rejected", "reason": "not_filled"}]
    return truth.Facts(venue, journal, {order["venue_id"]: order for order in orders}, Scrape(METRICS), api, exported,
                       {"submitted": 2, "filled": 1, "rejected": 1})


def shown(name, value):
    def tamper(facts):
        lines = [line.rsplit(" ", 1)[0] + f" {value}" if line.startswith(name) else line
                 for line in METRICS.splitlines()]
        facts.metrics = Scrape("\n".join(lines))
    return tamper


def set_in(*path):
    """Replaces what the path leads to by its last element."""
    def tamper(facts):
        where = getattr(facts, path[0])
        for step in path[1:-2]:
            where = getattr(where, step) if isinstance(step, str) and hasattr(where, step) else where[step]
        where[path[-2]] = path[-1]
    return tamper


def second_order(facts):
    facts.venue.orders["0xc"] = {**facts.venue.orders["0xa"], "id": "0xc"}


TAMPERINGS = {
    truth.unknown_orders: [second_order],
    truth.twice: [second_order, set_in("orders", "0xb", "salt", 1)],
    truth.order_states: [set_in("orders", "0xa", "status", "expired"), set_in("orders", "0xa", "status", "accepted"),
                         set_in("venue", "orders", "0xa", "matched", "9"),
                         set_in("venue", "orders", "0xa", "matched", "11"),  # a resting order gets no more
                         lambda facts: facts.venue.orders.clear()],
    truth.fills: [set_in("orders", "0xa", "cash", "5"), lambda facts: facts.venue.trades.clear(),
                  lambda facts: facts.venue.trades[0].update(status="FAILED")],
    truth.money: [set_in("journal", "cash", "95"), set_in("journal", "unredeemed", "1"),
                  lambda facts: facts.journal["holdings"].clear(),
                   lambda facts: setattr(facts.venue, "conserves", False)],
    truth.self_trades: [lambda facts: facts.venue.trades[0]["makers"][0].update(account=3)],
    truth.owned_families: [shown(name, 77) for name in (
        "polybot_orders_total{strategy=\"farm\",side=\"buy\",status=\"filled\"", "polybot_fills_total",
        "polybot_fees_usd_total", "polybot_trade_volume_usd_total", "polybot_pnl_total", "polybot_journal_sequence",
        "polybot_fills_reversed_total", "polybot_orders_resurrected_total", "polybot_pnl_realized_usd",
        "polybot_orders_total{strategy=\"farm\",side=\"buy\",status=\"denied\"")],
    truth.accounting: [shown("polybot_orders_live", 1)],
    truth.api_answers: [set_in("api", "orders", 0, "status", "canceled"), set_in("api", "orders", 0, "id", "s-9"),
                        set_in("api", "status", "orders", "in_sync", False), set_in("api", "pnl", "sum", "total", "2"),
                        lambda facts: facts.api["positions"]["positions"].clear()],
    truth.one_truth: [shown("polybot_orders_total{strategy=\"farm\",side=\"buy\",status=\"rejected\"", 2),
                      shown("polybot_risk_denials_total", 1), shown("polybot_trading_state_changes_total", 3),
                      set_in("api", "status", "orders", "by_status", "denied", 6),
                      set_in("api", "status", "orders", "fills", 2),
                      lambda facts: facts.exported.pop(), set_in("screen", "filled", 2),
                       set_in("journal", "totals", "denials", {"quote_stale": 1})],
    truth.unhedged: [shown("polybot_unhedged_exposure_usd", 5)],
}


def restored(facts):
    """A backup was restored; two orders came and went in the gap, another one was filled in it, one came late."""
    facts.journal["restores"] = [{"backup_at_ms": 50_000, "at_ms": 60_000}]
    order = {**facts.venue.orders["0xa"], "salt": 9, "created_ms": 55_000}
    facts.venue.orders["0xd"] = {**order, "id": "0xd", "status": "canceled", "matched": "0"}
    facts.venue.orders["0xe"] = {**order, "id": "0xe", "status": "canceled", "matched": "4", "salt": 1}
    facts.venue.orders["0x9"] = {**order, "id": "0x9", "status": "matched", "salt": 8}
    facts.venue.orders["0x7"] = {**order, "id": "0x7", "status": "canceled", "matched": "0", "salt": 1,
                                 "created_ms": 67_900}
    facts.venue.trades.append({"id": "v", "status": "FAILED", "makers": [],
                               "taker": {"account": 3, "order": "0x9", "quantity": "10", "cash": "4"}})
    facts.venue.trades.append({"id": "u", "status": "CONFIRMED", "makers": [],
                               "taker": {"account": 3, "order": "0xe", "quantity": "4", "cash": "2"}})
    facts.orders["0xe"] = {"id": "x-0", "venue_id": "0xe", "strategy": "external", "salt": 0, "status": "filled",
                           "filled": "4", "cash": "2"}


class Checks(unittest.TestCase):
    def test_books_that_agree_pass(self):
        for name, check in truth.CHECKS:
            self.assertEqual(check(books()), [], name)

    def test_orders_older_than_a_restore_are_named_alone(self):
        about_orders = (truth.unknown_orders, truth.twice, truth.order_states, truth.fills)
        facts = copy.deepcopy(books())
        restored(facts)
        self.assertEqual(truth.lost(facts), ["0xd", "0x9", "0x7"])
        self.assertEqual([check(facts) for check in about_orders], [[], [], [], []])
        facts.venue.orders["0xd"]["created_ms"] = 70_000
        self.assertEqual(truth.lost(facts), ["0x9", "0x7"])
        self.assertNotEqual(truth.unknown_orders(facts), [])
        facts.orders["0xe"]["filled"] = "5"
        self.assertNotEqual(truth.fills(facts), [])

    def test_two_known_orders_of_a_pair_are_told_in_a_gap_too(self):
        facts = copy.deepcopy(books())
        restored(facts)
        facts.orders["0x7"] = {**facts.orders["0xa"], "id": "s-2", "venue_id": "0x7"}
        facts.orders["0xa"]["salt"] = 7
        self.assertEqual(truth.twice(facts), ["salt 1 at the venue: 0xa 0x7"])

    def test_each_check_fails_for_each_tampering_meant_for_it(self):
        self.assertEqual({check for _, check in truth.CHECKS}, set(TAMPERINGS))
        for check, tamperings in TAMPERINGS.items():
            for number, tamper in enumerate(tamperings):
                facts = copy.deepcopy(books())
                tamper(facts)
                self.assertNotEqual(check(facts), [], f"{check.__name__}, {number}")


def lease(shard=1, replica="runner-1", epoch="1.1"):
    return {"strategy": "farm", "shard": shard, "replica": replica, "incarnation": replica, "epoch": epoch}


QUOTE = {"id": "o", "strategy": "farm", "shard": 1, "purpose": "quote"}


class Leases(unittest.TestCase):
    def setUp(self):
        self.watch = Watch(stack=None)

    def see(self, now, *leases, resting=()):
        self.watch.see_leases({"leases": list(leases), "resting": list(resting)}, now)

    def test_a_shard_with_two_holders_is_trouble(self):
        self.see(0, lease(), lease(replica="runner-2"))
        self.assertEqual(len(self.watch.trouble), 1)

    def test_a_shard_that_changes_its_holder_has_moved(self):
        self.see(0, lease())
        self.see(1, lease(epoch="1.2"))
        self.see(2)
        self.see(3, lease(replica="runner-2"))
        self.assertEqual((self.watch.lease_moves, self.watch.trouble), (1, []))

    def test_a_quote_may_rest_without_a_holder_for_four_seconds(self):
        for second in range(5):
            self.see(second, resting=[QUOTE])
        self.assertEqual(self.watch.trouble, [])
        for second in range(5, 9):
            self.see(second, resting=[QUOTE])
        self.assertEqual(len(self.watch.trouble), 1)

    def test_a_new_holder_ends_the_count(self):
        for second in range(20):
            self.see(second, *([lease()] if second % 4 == 0 else []), resting=[QUOTE])
        self.assertEqual(self.watch.trouble, [])

    def test_rises_of_a_counter_are_summed_over_a_restore_and_a_gap(self):
        def scrape(*strategies):
            return Scrape("# TYPE polybot_fills_reversed_total counter\n" + "".join(
                f'polybot_fills_reversed_total{{strategy="{name}"}} {value}\n' for name, value in strategies))
        for seen in (scrape(("farm", 3), ("maker", 2)), scrape(("farm", 5)), scrape(("farm", 5), ("maker", 2)),
                     scrape(("farm", 1), ("maker", 0)), scrape(("farm", 2), ("maker", 1))):
            self.watch.sum_up(seen)
        self.assertEqual(self.watch.risen["polybot_fills_reversed_total"], 9)

    def test_each_kind_of_trouble_is_found_under_its_check(self):
        self.see(0, lease(), lease(replica="runner-2"))
        for second in range(9):
            self.see(second, resting=[QUOTE])
        self.watch.trouble.append("a counter fell: x")
        self.assertEqual([len(found) for found in self.watch.findings().values()], [1, 1, 1])


def shared_out(*replicas):
    return {"leases": [lease(shard, replicas[shard % len(replicas)]) for shard in range(leases.SHARDS)]}


class Shares(unittest.TestCase):
    def missing(self, table, replicas=None):
        return leases.missing(table, replicas, ["farm"])

    def test_even_shares_of_all_shards_pass(self):
        for count in (1, 2, 3, 4):
            names = [f"runner-{number}" for number in range(count)]
            self.assertIsNone(self.missing(shared_out(*names)))
            self.assertIsNone(self.missing(shared_out(*names), names))

    def test_each_kind_of_trouble_is_told(self):
        twice, short = shared_out("a", "b"), shared_out("a", "b")
        twice["leases"].append(lease(7, "c"))
        del short["leases"][7]
        self.assertIn("twice", self.missing(twice))
        self.assertIn("1 shards are not leased", self.missing(short))
        self.assertIn("does not answer", self.missing(None))
        self.assertIn("should not be there", self.missing(shared_out("a", "b"), ["a"]))
        self.assertIn("shared out as 0 + 32 + 32", self.missing(shared_out("a", "b"), ["a", "b", "c"]))
        self.assertIn("shared out as 16 + 48", self.missing(shared_out("a", "a", "a", "b"), ["a", "b"]))


    def test_new_leases_are_not_the_old_ones(self):
        table = {"leases": [{**one, "strategy": strategy} for strategy in leases.STRATEGIES
                            for one in shared_out("a", "b")["leases"]]}
        self.assertIsNone(leases.missing_anew(table, {"1.0"}))
        self.assertIn("still in force", leases.missing_anew(table, {"1.1"}))
        self.assertIn("does not answer", leases.missing_anew(None, set()))


class Silence(unittest.TestCase):
    def wrong(self, *names):
        return silence.wrong(silence.fired(
            lambda what, **query: {"result": [{"metric": {"alertname": name}, "values": [1, 2]} for name in names]}, 0))

    def test_watchdog_alone_is_silence(self):
        self.assertEqual(self.wrong("Watchdog"), [])

    def test_any_other_alert_and_a_silent_watchdog_are_told(self):
        self.assertEqual(self.wrong("Watchdog", "OrderStuck", "OrderStuck"), ["OrderStuck fired for 20 s"])
        self.assertEqual(len(self.wrong()), 1)


if __name__ == "__main__":
    unittest.main()
