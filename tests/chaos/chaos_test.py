#!/usr/bin/env python3
"""The real processes under kill -9, SIGSTOP, scaling and every fault of the venue; then the books are compared.

The stack trades on the built-in venue with a lively crowd. First order-manager dies a few times and nobody starts
it again: the venue has to cancel what it left. Then the storm of the seed (storm.py), while counters and leases are
watched each second (watch.py). Then everything works again, trading ends, and when nothing is open or in doubt the
venue's truth, the journal's fold, /metrics and the API must say the same (truth.py). A run that was too calm to
show anything fails as vacuous. Exit code 1 on any difference.

  chaos_test.py [DURATION [SEED]]    seconds of storm, 180 unless told; seed 1 unless told
"""

import shutil
import sys
import time
from pathlib import Path

# What is shared with the other tests of real processes.
sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import dead_man
import truth
from lively import LIVELY, merged
from replicas import Replicas
from stack import Stack, changed_configuration, request
from storm import SERVICES, Storm, end_of_faults
from waiting import ROOT, Failed, say, wait_until
from watch import Watch

WORK = ROOT / "build" / "chaos"
RUNNERS = 3
DEATHS = 3
SETTLE_SECONDS = 120
EQUAL_SECONDS = 60
SHOWN_MAX = 5
STRATEGIES = ("arbitrage", "momentum", "spread_farm")

# Short doubts, and markets that end within the run.
CONFIGURATION = merged(LIVELY, {
    "venue-simulator.toml": {"rate": "4000", "rotate_period": '"20s"', "resolve_after_min": '"2s"',
                             "resolve_after_max": '"6s"'},
    "order-manager.toml": {"request_timeout": '"3s"', "ambiguous_hold": '"6s"', "drift_every": '"5s"',
                           "marks_every": '"2s"'},
    "strategy-runner.toml": {"ttl": '"10s"'},  # signals outlive a lease
})

# What a run of three minutes must have seen; of a longer or shorter one in proportion.
LEAST = {"orders": 2_000, "fills": 500, "kills": 30, "kills of order-manager": 10, "ambiguous orders": 20,
         "ambiguous orders that had taken effect": 8, "reversed fills": 10, "resolutions": 5, "lease moves": 100,
         "fenced signals": 20, "replays": 5}
LEAST_SECONDS = 180


class Table:
    def __init__(self):
        self.rows = []
        self.failed = False

    def add(self, what, found, note=""):
        """`found`: texts of what is wrong."""
        self.failed |= bool(found)
        self.rows.append((what, "FAILED" if found else "ok", note or (f"{len(found)} differences" if found else "")))
        self.rows += [("", "", "  " + text) for text in found[:SHOWN_MAX]]
        if len(found) > SHOWN_MAX:
            self.rows.append(("", "", f"  and {len(found) - SHOWN_MAX} more"))

    def show(self):
        width = max(len(what) for what, _, _ in self.rows)
        for what, verdict, note in self.rows:
            print(f"{what:{width}}  {verdict:6}  {note}".rstrip())


def seen(facts, watch, replicas):
    """{name of LEAST: how much of it the run had}."""
    totals = facts.journal["totals"]
    ambiguous = [number for number, order in facts.orders.items() if order["ambiguous"]]
    value = facts.metrics.value
    return {"orders": totals["orders"]["submitted"], "fills": totals["fills"], "kills": sum(replicas.kills.values()),
            "kills of order-manager": replicas.kills.get("order-manager", 0), "ambiguous orders": len(ambiguous),
            "ambiguous orders that had taken effect": sum(number in facts.venue.orders for number in ambiguous),
            "reversed fills": totals["fills_reversed"],
            "resolutions": value("polybot_journal_events_total", kind="market_resolved") or 0,
            "lease moves": watch.lease_moves,
            "fenced signals": value("polybot_signals_received_total", outcome="fenced") or 0,
            "replays": value("polybot_bus_replays_total", outcome="answered") or 0}


def quiesce(stack, replicas):
    """Everything works, nobody trades any more, and nothing is open or in doubt."""
    replicas.let_all_go_on()
    wait_until("the simulator is back", lambda: None if _answers(stack.simulator + "/status") else "no answer", 60)
    end_of_faults(stack)
    stack.scale(RUNNERS)
    _tended(replicas, "everything is ready", stack.not_ready, SETTLE_SECONDS)
    for strategy in STRATEGIES:
        _tended(replicas, f"{strategy} is stopped",
                lambda name=strategy: _command(stack, f"/api/v1/strategies/{name}/stop"), 30)
    _tended(replicas, "nothing is open, in doubt or unhedged", lambda: _still_open(stack), SETTLE_SECONDS)
    stack.pause_flow()
    _tended(replicas, "every trade is settled", lambda: _still_open(stack, settled=True), SETTLE_SECONDS)


def _tended(replicas, what, condition, seconds):
    def missing():
        replicas.tend()
        return condition()
    return wait_until(what, missing, seconds)


def _answers(url):
    return request(url, timeout=2)[0] == 200


def _command(stack, path):
    status = stack.command("POST", path)
    return None if status == 200 else f"{path} is answered {status}"


def _still_open(stack, settled=False):
    text = stack.metrics()
    if text is None:
        return "the aggregator does not answer"
    scrape = truth.Scrape(text)
    families = ["polybot_orders_live", "polybot_orders_ambiguous"]
    if settled:
        families += ["polybot_fills_provisional", "polybot_unredeemed_usd"]
    left = [f"{family} {scrape.value(family):g}" for family in families if scrape.value(family) != 0]
    if (scrape.value("polybot_unhedged_exposure_usd") or 0) >= float(truth.MIN_SIZE):
        left.append(f"unhedged {scrape.value('polybot_unhedged_exposure_usd'):g} USD")
    return ", ".join(left) or None


def compare(stack, table):
    """Adds a row per check. All of it must be equal in one reading; markets still resolve, so it may take a while."""
    last = []

    def different():
        try:
            last[:] = truth.differences(stack)
        except Failed as failed:
            return str(failed)
        wrong = [name for name, found in last[1].items() if found]
        return "; ".join(wrong) or None
    try:
        wait_until("venue, journal, metrics and API say the same", different, EQUAL_SECONDS, every=1.0)
    except Failed as failed:
        if not last:
            table.add("the four can be read", [str(failed)])
            return None
    for name, found in last[1].items():
        table.add(name, found)
    return last[0]


def judge(run, table, duration):
    stack, replicas, watch, deaths = run
    table.add("order-manager gone: the venue cancels", dead_man.too_slow(deaths), dead_man.distribution(deaths))
    facts = compare(stack, table)
    try:
        wait_until("every shard has a holder", lambda: watch.missing_leases(STRATEGIES), 20)
        table.add("every shard leased exactly once", [text for text in watch.trouble if " is leased to " in text],
                  f"{watch.samples} samples")
    except Failed as failed:
        table.add("every shard leased exactly once", [str(failed)])
    table.add("no quote rests in an unleased shard", [text for text in watch.trouble if "rests in shard" in text])
    table.add("no counter ever fell", [text for text in watch.trouble if "counter" in text or "broken" in text],
              f"{watch.scrapes} scrapes")
    if facts is None:
        return
    for name, count in seen(facts, watch, replicas).items():
        least = LEAST[name] * duration / LEAST_SECONDS
        table.add(f"not vacuous: {name}", [] if count >= least else [f"a run of {duration:g} s needs {least:.0f}"],
                  f"{count:.0f}")


def main(duration, seed):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    table = Table()
    say(f"storm of {duration:g} s, seed {seed}")
    stack = Stack(WORK, changed_configuration(WORK / "config", CONFIGURATION),
                  {"SEED": str(seed), "RUNNERS": str(RUNNERS)})
    replicas, watch = Replicas(stack), Watch(stack)
    try:
        stack.wait_ready()
        watch.start()
        say(f"order-manager dies {DEATHS} times for good")
        deaths = dead_man.rounds(stack, DEATHS, seed)
        Storm(seed, duration).rage(stack, replicas)
        say("the storm is over: " + ", ".join(f"{service} killed {replicas.kills.get(service, 0)} times"
                                              for service in SERVICES))
        begun = time.monotonic()
        quiesce(stack, replicas)
        say(f"quiet after {time.monotonic() - begun:.1f} s")
        judge((stack, replicas, watch, deaths), table, duration)
    except Failed as failed:
        table.add("the run", [str(failed)], "given up")
    finally:
        watch.stop()
        replicas.let_all_go_on()
        code, last_lines = stack.stop()
    table.add("an orderly stop, verified by the launcher", [] if code == 0 else last_lines)
    print()
    table.show()
    print(f"\nchaos, {duration:g} s, seed {seed}: " + ("FAILED" if table.failed else "passed")
          + (f"; its files are in {WORK}" if table.failed else ""))
    return 1 if table.failed else 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(float(arguments[0]) if arguments else 180.0, int(arguments[1]) if len(arguments) > 1 else 1))
