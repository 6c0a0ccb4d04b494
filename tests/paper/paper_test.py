"""Paper trading against a venue that is a recording replayed over TLS: `make paper-test`.

The books of the mirror are those of the venue after every message; orders are filled; each fault of the way to the
venue halts every mirrored market, so that nothing fills, and the markets go on when it is over; each market says why it
is watched; a venue whose clock differs from ours is named, and followed all the same; at the end venue, journal and
metrics are equal.

    python3 -B -m tests.paper.paper_test RECORDING
"""

import collections
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.support.tls_front import TlsFront, make_certificates
from tests.record.market_channel import Books, MarketChannel
from tests.support.simulator import Simulator
from tests.support.stack import Stack, changed_configuration, request
from tests.support.waiting import Failed, say, wait_until

FAULTS = ("dead", "freeze", "garbage", "expired", "403")
QUIET_SECONDS = 4.0  # in a halt: nothing may fill
COMPARED_SECONDS = 15.0
NOTHING = hash(frozenset())  # the state of an empty book
CLOCKS = (-3, 3)  # seconds by which the venue's clock differs from ours


def demand(condition, text):
    if not condition:
        raise Failed(text)


class Paper:
    def __init__(self, folder, recording, clock=0):
        """The venue's clock is `clock` seconds ahead of ours."""
        make_certificates(folder)
        # A monotonic clock has no date that could be wrong.
        before = ["faketime", "-m", "-f", f"{clock:+d}s"] if clock else []
        self.venue = Simulator(folder / "venue", before, POLYBOT_REPLAY__RECORDING=str(recording),
                               FAKETIME_DONT_FAKE_MONOTONIC="1")
        self.front = TlsFront(folder, self.venue.port)
        place = f"localhost:{self.front.port}"
        configuration = changed_configuration(folder / "config", {"upstream.toml": {
            "rest": f'"https://{place}"', "gamma": f'"https://{place}"', "market_ws": f'"wss://{place}/ws/market"',
            "ca_file": f'"{folder / "ca.pem"}"', "interval": '"2s"', "ends_in_min": '"0s"', "volume_24h_min": "0"},
            # One strategy quotes half of the markets, at the narrowest spread: its orders are filled soon.
            "strategy-runner.toml": {"[strategies.spread_farm] last_shard": "63", "spread_min": '"0.0001"',
                                     "[strategies.spread_farm] markets": json.dumps(self.slugs()[::2]),
                                     "[strategies.momentum] markets": '["no"]', "half_spread_min": '"0.001"'}})
        self.stack = Stack(folder, configuration, {"MODE": "paper"})
        self.mirror_port = 8090 + self.stack.offset
        self.log = folder / "data" / "logs" / "upstream.log"

    def slugs(self):
        wait_until("the venue lists its markets", lambda: None if len(self.venue.markets() or ()) > 1 else "none yet")
        _, text = request(f"http://127.0.0.1:{self.venue.port}/markets/keyset?limit=100&closed=false", timeout=3)
        return sorted(market["slug"] for market in json.loads(text)["markets"])

    def status(self):
        code, text = self.stack.ask("venue-simulator", "/status", timeout=3)
        return json.loads(text)["mirror"] if code == 200 else {}

    def fills(self):
        code, text = self.stack.ask("venue-simulator", "/state?orders_after=9223372036854775807", timeout=3)
        demand(code == 200, f"the mirror does not tell its state: {code}")
        return len(json.loads(text)["trades"])

    def upstream(self):
        """What the gateway that reads the venue says of it."""
        code, text = request(f"http://127.0.0.1:{8081 + self.stack.offset}/api/v1/status", timeout=3)
        return json.loads(text) if code == 200 else {}

    def unexplained(self):
        """What is missing of why markets are watched; None when each has its reason."""
        chosen = self.upstream().get("markets", {}).get("chosen", {})
        best = chosen.get("best", ())
        # One in which an order rests by now is kept for that.
        told = best and all(market["reason"].startswith((f"number {place} by volume", "something is held"))
                            for place, market in enumerate(best, 1))
        by = chosen.get("by", {})
        return None if told and by["rank"] + by["held"] == chosen["places"] else str(chosen)

    def clock_untold(self, seconds):
        """What is missing of a clock that is off by so much; None when it is named, or none is off."""
        feed = self.upstream().get("feed", {})
        offset_ms = feed.get("clock_offset_ms")
        if offset_ms is None or not abs(seconds) - 1.2 <= abs(offset_ms) / 1000 <= abs(seconds):
            return f"the clock is told as {offset_ms} ms, not {seconds} s"
        word = "ahead of" if seconds > 0 else "behind"
        named = any(word in notice for notice in feed["notices"])
        return None if named == (seconds != 0) else f"notices: {feed['notices']}"

    def trouble(self):
        """Why not every market is followed; None when each is."""
        status = self.status()
        return None if status.get("fresh", 0) > 0 and status.get("halted") == 0 else str(status)

    def running(self):
        """Why not every market is halted; None when each is."""
        status = self.status()
        return None if status and status["fresh"] == 0 else str(status)


def check_books(paper):
    """Each state that a book of the mirror has is one that the venue's had, unless an order of ours is in it. A market
    that is halted shows nothing: with a clock that is behind ours, what comes may be too old to vouch for."""
    seen = {"venue": collections.defaultdict(set), "mirror": collections.defaultdict(set)}
    pairs = paper.venue.tokens().values()
    tokens = {yes for yes, _ in pairs}
    channels, books = [], {}
    for name, port in (("venue", paper.venue.port), ("mirror", paper.mirror_port)):
        books[name] = Books(lambda token, _, state, name=name: seen[name][token].add(state))
        channels.append(MarketChannel(port, tokens, books[name].take))
    time.sleep(COMPARED_SECONDS)
    for channel in reversed(channels):
        end = channel.stop()
        demand(end is None, f"a reader did not hear all: {end}")
    code, text = paper.stack.ask("venue-simulator", "/state?trades_after=9223372036854775807", timeout=3)
    demand(code == 200, "the mirror does not tell its orders")
    ordered = {order["token"] for order in json.loads(text)["orders"]}
    ours = {pair[0] for pair in pairs if ordered.intersection(pair)}  # one for NO stands in the book of YES
    equal = foreign = 0
    for token in tokens - ours:
        equal += len(seen["mirror"][token] & seen["venue"][token])
        foreign += len(seen["mirror"][token] - seen["venue"][token] - {NOTHING})
    say(f"{equal} states of the mirror's books were the venue's, {foreign} were not; "
        f"{len(tokens & ours)} of {len(tokens)} markets have orders of ours")
    demand(equal > 0 and foreign == 0, "the books of the mirror are not the venue's")


def check_fault(paper, fault):
    paper.front.become(fault)
    took = wait_until(f"{fault}: every market is halted", paper.running, 30, 0.1)
    before = paper.fills()
    time.sleep(QUIET_SECONDS)
    demand(paper.fills() == before, f"{fault}: {paper.fills() - before} fills on old books")
    demand(paper.running() is None, f"{fault}: a market went on: {paper.running()}")
    if fault == "expired":
        demand(re.search("certificate.*expired", paper.log.read_text()), "the expired certificate is not named")
    paper.front.become("dead")  # what is frozen or confused ends
    paper.front.become("pass")
    back = wait_until(f"{fault}: the markets go on", paper.trouble, 60, 0.1)
    say(f"{fault}: halted after {took:.1f} s, nothing filled, followed again after {back:.1f} s")


def run(recording, folder, faults, clock=0):
    paper = Paper(folder, recording, clock)
    try:
        wait_until("the stack is ready", paper.stack.not_started, 120)
        wait_until("every market is followed", paper.trouble, 30)
        wait_until("each market has its reason", paper.unexplained, 30)
        wait_until("the venue's clock is told", lambda: paper.clock_untold(clock), 30)
        check_books(paper)
        wait_until("an order is filled", lambda: None if paper.fills() else "no fill yet", 120)
        for fault in faults:
            check_fault(paper, fault)
        said = paper.stack.said()
        demand("PAPER" in said, "the screen does not say PAPER")
        demand(("the venue's clock is" in said) == (clock != 0), "the screen is wrong about the venue's clock")
    finally:
        code, lines = paper.stack.stop()
        paper.venue.stop()
    say("\n".join(lines))
    demand(code == 0 and any("venue == journal == metrics" in line for line in lines), f"it ended with {code}")


def main():
    recording = Path(sys.argv[1])
    if not recording.exists():
        say(f"skipped: there is no recording {recording}")
        return 0
    for clock, faults in ((0, FAULTS), *((clock, ()) for clock in CLOCKS)):
        say(f"the venue's clock is {clock:+d} s ahead of ours; faults: {', '.join(faults) or 'none'}")
        with tempfile.TemporaryDirectory(prefix="polybot-paper-") as folder:
            try:
                run(recording, Path(folder), faults, clock)
            except Failed as failure:
                say(f"FAILED: {failure}")
                return 1
    say("paper is what the venue shows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
