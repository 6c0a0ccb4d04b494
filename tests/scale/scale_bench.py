"""What the stack costs with many markets: `make scale-bench`.

For each number of markets, pace and number of runners a stack is started on a simulated world of so many markets
(flow.markets), and measured once it is ready: CPU and memory of each process, how old market data is where runners
decide, what each process reads, what was lost. Then a listing that is larger than what is kept: what it costs, and
whether the markets that are kept are the best ones. Beside the figures stand those of the stack before it told only
what changes, measured on such a machine, and the goals.

A figure never fails. What is wrong does: a book that is stale, a message that was lost, a stack that is not ready,
a market that is kept while a better one is not.

    python3 -B -m tests.scale.scale_bench [--markets N...] [--rates N...] [--runners N...] [--listed N]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.support.exposition import Scrape
from tests.support.stack import Stack, changed_configuration, request
from tests.support.waiting import Failed, say, wait_until

LISTED, KEPT = 50_000, 2_000
SETTLE_SECONDS = 10.0
MEASURE_SECONDS = 20.0
LISTING_SECONDS = 60.0  # of a crawl, whose pages are spread
LISTING_PAGE = 100
AT_REST_PER_THOUSAND = 3.0  # % of a core, all processes but the venue
AGE_GOAL_MS, CORE_GOAL = 20.0, 60.0
LISTING_CORE_GOAL, LISTING_RATE_GOAL = 5.0, 200.0
BEST_GOAL = 0.99
MEASURED = ("gateway", "strategy-runner", "order-manager", "metrics-aggregator")
# % of a core with one runner, before, by markets and changes a second: (gateway, runner, order-manager).
BEFORE = {(50, 0): (2.0, 2.5, 1.7), (50, 2_000): (8.5, 31, 6.0),
          (500, 0): (6.3, 12, 3.3), (500, 2_000): (12.8, 38, 7.8),
          (2_000, 0): (11, 40, 3.7), (2_000, 2_000): (15, 62, 7.6),
          (10_000, 0): (54, 96, 7.8), (10_000, 2_000): (32, 100, 9.0)}
UNKNOWN = (None,) * 3
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """What a process has used so far."""

    def __init__(self, pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu = (int(fields[11]) + int(fields[12])) / TICKS
        self.resident = int(fields[21]) * PAGE
        self.read = next(int(line.split()[1]) for line in Path(f"/proc/{pid}/io").read_text().splitlines()
                         if line.startswith("rchar"))
        self.at = time.monotonic()


def usage(stack):
    return {replica: (service, pid, Usage(pid)) for replica, (service, pid) in stack.children().items()}


def scrape_of(stack):
    text = stack.metrics()
    if text is None:
        raise Failed("the aggregator does not answer")
    return Scrape(text)


def buckets(scrape, stage):
    """[(upper bound, count up to it)] of a stage of polybot_order_latency_seconds."""
    name = "polybot_order_latency_seconds"
    found = [(float(dict(labels)["le"]), value) for (sample, labels), value in scrape.families[name].items()
             if sample == name + "_bucket" and dict(labels)["stage"] == stage]
    return sorted(found)


def quantile(before, after, wanted):
    """The upper bound of the bucket in which it lies, in ms; None without an observation."""
    counts = [(bound, value - dict(before).get(bound, 0)) for bound, value in after]
    total = counts[-1][1] if counts else 0
    return next((bound * 1e3 for bound, count in counts if total and count >= wanted * total), None)


def start(folder, markets, rate, runners, listed=0):
    """A stack that keeps so many books, and the seconds until it was ready and until each book was fresh."""
    changes = {"venue-simulator.toml": {"[flow] rate": str(rate), "[flow] markets": str(listed or markets)},
               "gateway.toml": {"books_max": str(markets)}}
    stack = Stack(folder, changed_configuration(folder / "config", changes), {"RUNNERS": str(runners)})
    try:
        ready = wait_until("the stack is ready", stack.not_started, 300)

        def missing():
            text = stack.metrics()
            scrape = Scrape(text) if text else None
            tracked = scrape.value("polybot_markets_tracked") if scrape else None
            stale = scrape.value("polybot_books_stale") if scrape else None
            enough = tracked is not None and tracked >= 0.9 * markets and stale == 0
            return None if enough else f"{tracked} books, {stale} of them stale"
        fresh = ready + wait_until("each book is fresh", missing, 300)
        return stack, ready, fresh
    except BaseException:
        stack.stop()
        raise


def row(name, figures):
    print(f"    {name:<22}" + "".join(f"{figure:>12}" for figure in figures), flush=True)


def shown(value, digits=1):
    return "-" if value is None else f"{value:,.{digits}f}"


def used(before, after):
    """{service: (processes, % of a core, MiB, KiB read a second)}"""
    found = {}
    for replica, (service, pid, then) in after.items():
        if replica not in before or before[replica][1] != pid:
            raise Failed(f"{replica} has ended while it was measured")
        first = before[replica][2]
        span = then.at - first.at
        count, cpu, resident, read = found.get(service, (0, 0.0, 0.0, 0.0))
        found[service] = (count + 1, cpu + 100 * (then.cpu - first.cpu) / span, resident + then.resident / 2**20,
                          read + (then.read - first.read) / span / 1024)
    return found


def check(stack, scrape, markets):
    lost = scrape.value("polybot_bus_messages_lost_total") or 0
    stale = scrape.value("polybot_books_stale")
    missing = stack.not_ready()
    wrong = [f"{lost:g} messages were lost"] * (lost > 0) + [f"{stale:g} books are stale"] * (stale != 0)
    wrong += [f"not ready: {missing}"] * (missing is not None)
    if wrong:
        raise Failed(f"{markets} markets: " + "; ".join(wrong))


class Span:
    """What happened between two looks at a stack."""

    def __init__(self, stack, seconds):
        before, self._first = usage(stack), scrape_of(stack)
        heard = loopback()
        time.sleep(seconds)
        self.costs = used(before, usage(stack))
        self.last = scrape_of(stack)
        self.loopback = (loopback() - heard) / seconds / 1024
        self._seconds = seconds

    def rate(self, name, **labels):
        first, last = (scrape.value(name, **labels) or 0 for scrape in (self._first, self.last))
        return (last - first) / self._seconds

    def quantile(self, stage, wanted):
        return quantile(buckets(self._first, stage), buckets(self.last, stage), wanted)

    def total(self):
        return sum(self.costs[service][1] for service in MEASURED)


def loopback():
    """Bytes over TCP on this machine so far: venue, API and metrics; the bus is not among them."""
    line = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[0])


def measure(markets, rate, runners):
    with tempfile.TemporaryDirectory(prefix="polybot-scale-") as name:
        stack, ready, fresh = start(Path(name), markets, rate, runners)
        try:
            time.sleep(SETTLE_SECONDS)
            span = Span(stack, MEASURE_SECONDS)
            check(stack, span.last, markets)
        finally:
            stack.stop()
    print(f"  {markets:,} markets, {rate:,} changes a second, {runners} runner{'s' * (runners > 1)}: ready after "
          f"{ready:.1f} s, each book fresh after {fresh:.1f} s", flush=True)
    report(span, BEFORE.get((markets, rate), UNKNOWN) if runners == 1 else UNKNOWN)
    print(f"    {1000 * span.total() / markets:.2f} % of a core for 1,000 markets"
          + (f" (goal at rest: {AT_REST_PER_THOUSAND:g})" if not rate else f"; goals: a process {CORE_GOAL:g} %, "
             f"age of data p99 {AGE_GOAL_MS:g} ms"), flush=True)


def report(span, before):
    row("", ("% of a core", "MiB", "KiB/s read", "before, %"))
    for place, service in enumerate(MEASURED):
        count, cpu, resident, read = span.costs[service]
        row(f"{service} x{count}" if count > 1 else service,
            (shown(cpu), shown(resident, 0), shown(read, 0), shown(before[place] if place < 3 else None)))
    venue = span.costs["venue-simulator"]
    row("venue-simulator", (shown(venue[1]), shown(venue[2], 0)))
    print(f"    {span.rate('polybot_market_data_events_total'):,.0f} events, {span.rate('polybot_scans_total'):,.0f} "
          f"scans, {span.rate('polybot_venue_requests_total'):,.1f} requests a second", flush=True)
    for stage, what in (("feed", "in the gateway"), ("bus", "on the bus"), ("decide", "in the runner")):
        print(f"    age {what}: p50 <= {shown(span.quantile(stage, 0.5), 2)} ms, p99 <= "
              f"{shown(span.quantile(stage, 0.99), 2)} ms", flush=True)


def measure_listing(listed, kept):
    """A listing that is much larger than what is kept, after it was read for the first time."""
    with tempfile.TemporaryDirectory(prefix="polybot-scale-") as name:
        stack, _, _ = start(Path(name), kept, 0, 1, listed)
        try:
            def missing():
                pages = scrape_of(stack).value("polybot_venue_requests_total", operation="list_markets") or 0
                return None if pages >= listed / LISTING_PAGE else f"{pages:g} pages"
            took = wait_until("the listing is read", missing, 300)
            time.sleep(SETTLE_SECONDS)
            span = Span(stack, LISTING_SECONDS)
            check(stack, span.last, kept)
            print(f"  {kept:,} of {listed:,} listed markets, which were read in {took:.0f} s", flush=True)
            report(span, UNKNOWN)
            print(f"    {span.loopback:,.0f} KiB/s over TCP in all (goal of the listing: {LISTING_RATE_GOAL:g}; of the "
                  f"gateway for it: {LISTING_CORE_GOAL:g} % of a core)", flush=True)
            check_choice(stack, kept)
        finally:
            stack.stop()


def listed_markets(venue):
    cursor = ""
    while True:
        status, text = request(f"{venue}/markets/keyset?closed=false&limit=100&after_cursor={cursor}")
        if status != 200:
            raise Failed(f"the listing cannot be read: {status}")
        page = json.loads(text)
        yield from page["markets"]
        cursor = page.get("next_cursor")
        if not cursor:
            return


def kept_markets(stack):
    kept, cursor = set(), ""
    while True:
        status, text = stack.ask("api", f"/api/v1/markets?limit=500&cursor={cursor}")
        if status != 200:
            raise Failed(f"the gateway's markets cannot be read: {status} {text[:100]}")
        page = json.loads(text)
        kept |= {market["market_id"] for market in page["markets"]}
        cursor = page.get("next_cursor")
        if not cursor:
            return kept


def check_choice(stack, markets):
    """Whether the markets that are kept are the best by volume; the outcomes of an event come and go together, with the
    rank of the best of them."""
    kept = kept_markets(stack)
    events = {}
    for market in listed_markets(f"http://127.0.0.1:{8090 + stack.offset}"):
        events.setdefault(market["events"][0]["slug"], []).append((float(market["volume24hr"]), market["conditionId"]))
    best, room = set(), markets
    for outcomes in sorted(events.values(), key=max, reverse=True):
        if len(outcomes) <= room:
            best |= {market for _, market in outcomes}
            room -= len(outcomes)
    share = len(kept & best) / max(1, len(best))
    print(f"    {100 * share:.2f} % of the {len(best):,} best markets are kept (goal: {100 * BEST_GOAL:g})", flush=True)
    if share < BEST_GOAL:
        raise Failed(f"{len(best - kept)} of the best markets are not kept")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markets", type=int, nargs="*", default=[50, 500, 2_000, 10_000])
    parser.add_argument("--rates", type=int, nargs="*", default=[0, 1_000, 2_000, 5_000])
    parser.add_argument("--runners", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--listed", type=int, default=LISTED, help="of which 2,000 are kept; 0: leave this out")
    options = parser.parse_args()
    try:
        for markets in options.markets:
            for runners in options.runners:
                for rate in options.rates:
                    say(f"{markets:,} markets, {rate:,} changes a second, {runners} runners")
                    measure(markets, rate, runners)
        if options.listed:
            say(f"{options.listed:,} markets listed, {KEPT:,} kept")
            measure_listing(options.listed, KEPT)
    except Failed as failure:
        say(f"FAILED: {failure}")
        return 1
    say("nothing was lost, stale or badly chosen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
