"""From a tick at the gateway to an order on the wire, by stage, in the real stack over ipc.

"wire" is the whole way of each order that answers a tick at once, from the tick's arrival at the gateway to the first
byte for the venue, as one distribution. Beside it, in the same run, the floor under it: two bare NNG hops and one
durable commit (raw_path), a message each 5 ms: the goal is twice that. The same with as few messages as orders answer
a tick shows what it costs to sleep in between, when the code has left the caches. It is no floor: the stack does not
sleep between two orders, it follows every tick. Quantiles of stages are interpolated within their buckets, those of the
floor are exact. Run twice: with metric snapshots each second and with a tenth of them, to see what they cost. Then
orders a second and the venue's acknowledgement, end to end through the simulator.

  python3 -m tests.bench.tick_to_order BUILD-TREE [SECONDS]    30 unless told
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.support.exposition import Scrape
from tests.support.stack import Stack, changed_configuration
from tests.support.waiting import BUILD, Failed, wait_until

WORK = BUILD / "tick-to-order"
FAMILY = "polybot_order_latency_seconds"
# The stages on the way, then the whole way, then what the venue adds.
SHOWN = ("feed", "bus", "decide", "risk", "journal", "submit", "wire", "ack", "fill", "total")
QUANTILES = (0.5, 0.99, 0.999)
BUSY_COUNT, BUSY_PACE_MS = 1000, 5
SLOWEST_PACE_MS = 1000
CONFIGURATION = {
    "venue-simulator.toml": {"rate": "2000", "deposit": '"1000000"'},
    "order-manager.toml": {"order_notional_max": "2000", "position_max": "20000", "event_exposure_max": "50000",
                           "exposure_max": "500000", "open_orders_max": "400", "order_rate_max": "40",
                           "daily_loss_max": "900000", "drawdown_max": "900000"},
    "strategy-runner.toml": {"requote_interval": '"100ms"', "event_cost_max": '"20000"', "pause": '"100ms"'},
}


def buckets(scrape, stage):
    """[(upper bound, count up to it)] of a stage."""
    found = []
    for (name, labels), value in scrape.families[FAMILY].items():
        named = dict(labels)
        if name == FAMILY + "_bucket" and named["stage"] == stage:
            found.append((float(named["le"]), value))
    return sorted(found)


def quantile(before, after, wanted):
    """Interpolated within its bucket, as Prometheus does; None without an observation."""
    counts = [(bound, value - dict(before).get(bound, 0)) for bound, value in after]
    total = counts[-1][1]
    if total == 0:
        return None
    below, under = 0.0, 0.0
    for bound, count in counts:
        if count >= wanted * total:
            if bound == float("inf"):
                return below
            return below + (bound - below) * (wanted * total - under) / (count - under)
        below, under = bound, count
    return below


def microseconds(value):
    return f"{value * 1e6:9.0f}" if value is not None else "        -"


def scrape_of(stack):
    text = stack.metrics()
    if text is None:
        raise Failed("the aggregator does not answer")
    return Scrape(text)


def set_snapshots(file, interval):
    text, table = file.read_text(), f'[metrics]\ninterval = "{interval}"\n'
    if "[metrics]\n" in text:
        text = text.replace('[metrics]\ninterval = "1s"\n', table)
    else:
        text += "\n" + table
    if table not in text:
        raise Failed(f"{file.name} sets metrics.interval in an unexpected place")
    file.write_text(text)


def fresh_scrape(stack):
    """(a scrape just after a snapshot that brought new orders, its time), with every stage in it."""
    def submitted(scrape):
        return scrape.value("polybot_orders_total", status="submitted")

    first, latest = submitted(scrape_of(stack)), []

    def missing():
        scrape = scrape_of(stack)
        latest[:] = [scrape, time.monotonic()]
        if FAMILY not in scrape.families or not all(buckets(scrape, stage) for stage in SHOWN):
            return "no orders yet"
        return None if submitted(scrape) != first else "no new snapshot yet"
    wait_until("a snapshot with new orders", missing, 60)
    return latest


def measure(tree, name, snapshots, seconds):
    folder = WORK / name
    folder.mkdir(parents=True)
    configuration = changed_configuration(folder / "config", CONFIGURATION)
    for file in ("gateway.toml", "strategy-runner.toml", "order-manager.toml"):
        set_snapshots(configuration / file, snapshots)
    stack = Stack(folder, configuration)
    try:
        stack.wait_ready()
        before, begun = fresh_scrape(stack)
        busy = raw_path(tree, BUSY_COUNT, BUSY_PACE_MS)
        time.sleep(max(0.0, seconds / 3 - (time.monotonic() - begun)))
        third, now = fresh_scrape(stack)
        pace = round((now - begun) * 1e3 / max(1, answered(third) - answered(before)))
        pace = min(max(pace, BUSY_PACE_MS), SLOWEST_PACE_MS)
        raw = raw_path(tree, max(50, round((seconds - (now - begun)) * 1e3 / pace)), pace)
        after, ended = fresh_scrape(stack)
        took = ended - begun
    finally:
        stack.stop()
    show(name, before, after, took, {f"one each {BUSY_PACE_MS} ms; goal: at most 2 at p50": busy,
                                     f"one each {pace} ms, as few as orders": raw})


def raw_path(tree, count, pace_ms):
    done = subprocess.run([tree / "bench" / "raw_path", str(count), str(pace_ms)], capture_output=True, text=True,
                          timeout=120, check=True)
    return done.stdout.strip()


def answered(scrape):
    """How many orders have answered a tick at once."""
    return buckets(scrape, "wire")[-1][1]


def show(name, before, after, took, references):
    print(f"tick to order, three processes over ipc, {name}; us at p50, p99, p99.9")
    figures = {stage: [quantile(buckets(before, stage), buckets(after, stage), wanted) for wanted in QUANTILES]
               for stage in SHOWN}
    for stage in SHOWN:
        print(f"  {stage:8}" + "".join(microseconds(value) for value in figures[stage]))
    wire = figures["wire"]
    if None in wire:
        raise Failed("no order answered a tick: the stack did not trade")
    known = dict(buckets(before, "wire"))
    within = [(bound, count - known.get(bound, 0)) for bound, count in buckets(after, "wire")]
    counted = within[-1][1]
    print(f"  tick to wire, {counted:.0f} orders:" + "".join(microseconds(value) for value in wire))
    # A quantile inside a bucket is interpolated: this is what was counted.
    print("  of these within" + "".join(f"  {bound * 1e3:g} ms {count / counted:.0%}" for bound, count in within
                                         if 0 < count and bound <= 0.1))
    for pace, raw in references.items():
        reference = [float(raw.split(f" {which} ")[1].split()[0]) for which in ("p50", "p99", "p99.9")]
        print(f"  {raw}")
        print("    times that" + "".join(f" {value * 1e6 / one:.1f}" for value, one in zip(wire, reference)) +
              f" ({pace})")
    orders = (after.value("polybot_orders_total", status="submitted") -
              before.value("polybot_orders_total", status="submitted"))
    print(f"  end to end through the simulator: {orders / took:.1f} orders/s, acknowledged within "
          f"{microseconds(figures['ack'][1]).strip()} us (p99)\n")


def main(tree, seconds):
    shutil.rmtree(WORK, ignore_errors=True)
    try:
        measure(tree, "a metric snapshot each second", "1s", seconds)
        measure(tree, "a metric snapshot each ten seconds", "10s", seconds)
    except Failed as failed:
        print(f"tick_to_order: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), float(sys.argv[2]) if len(sys.argv) > 2 else 30.0))
