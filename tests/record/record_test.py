"""`polybot record` over a simulated venue, killed twice: what it recorded are the books of the venue.

A reader of its own hears the venue meanwhile. Every state of a book that the recording tells, from the file and from
its replay, must be one that the venue had, at that time; and of the states that the venue had outside of the gaps that
the recording names, none may be missing. A run that fails leaves its folder and names it.

    python3 -B -m tests.record.record_test [SECONDS]
"""

import collections
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.record.market_channel import Books, MarketChannel
from tests.support.simulator import Simulator, start
from tests.support.stack import PROGRAMS, free_offset, free_port, request
from tests.support.waiting import Failed, say, wait_until

KILLS = 2
LOSS_MS = 1_000  # what a kill may cost
STATES_MIN = 100  # of books; a comparison of fewer shows nothing
TICKS = os.sysconf("SC_CLK_TCK")


def demand(condition, text):
    if not condition:
        raise Failed(text)


class Truth:
    """The states that the books of the venue had: {token: {venue ms: [state]}}, and in order."""

    def __init__(self, venue):
        self.at = collections.defaultdict(lambda: collections.defaultdict(set))
        self.yes = set(venue.markets().values())
        self._books = Books(lambda token, at, state: self.at[token][at].add(state))
        self.channel = MarketChannel(venue.port, self.yes, self._take)

    def _take(self, message):
        if message.get("event_type") == "new_market" and message["assets_ids"]:
            self.yes.add(message["assets_ids"][0])
            self.channel.subscribe(message["assets_ids"][:1])
        self._books.take(message)


class Recorder:
    """`polybot record`, and the CPU time of the gateways that it started."""

    def __init__(self, folder, venue, ends):
        self.files = folder / "record" / "recordings"
        place = f"127.0.0.1:{venue.port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {"DATA": str(folder / "record"), "PORT_OFFSET": str(free_offset()),
                        "POLYBOT_VENUE__REST": f"http://{place}", "POLYBOT_VENUE__GAMMA": f"http://{place}",
                        "POLYBOT_VENUE__MARKET_WS": f"ws://{place}/ws/market"}
        self._output = folder / "record.out"
        with open(self._output, "w") as output:
            self._process = start(ends, [PROGRAMS / "polybot", "record"], env=environment, stdout=output)
        self.cpu_seconds = 0.0

    def gateway(self):
        if self._process.poll() is not None:
            raise Failed("the recorder ended: " + self._output.read_text().strip()[-300:])
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def _count_cpu(self, pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.cpu_seconds += (int(fields[11]) + int(fields[12])) / TICKS

    def bytes(self):
        return sum(file.stat().st_size for file in self.files.glob("*.zst"))

    def wait_writing(self):
        before = self.bytes()
        wait_until("the recording grows", lambda: None if self.bytes() > before else f"{before} bytes", 30, 0.05)

    def kill(self):
        """When, in Unix milliseconds."""
        pid = self.gateway()
        self._count_cpu(pid)
        os.kill(pid, signal.SIGKILL)
        at = time.time() * 1_000
        wait_until("the recorder runs again", lambda: None if self.gateway() not in (None, pid) else "not yet", 30)
        return at

    def stop(self):
        if self.gateway() is not None:
            self._count_cpu(self.gateway())
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(20)
        if code != 0:
            said = [self._output, *(self.files.parent / "logs").glob("recorder.*")]
            raise Failed(f"polybot record ended with {code}: " + "\n".join(file.read_text()[-600:] for file in said))


def run_recording(*arguments):
    made = subprocess.run([PROGRAMS / "polybot", "recording", *arguments], text=True, capture_output=True)
    return made.returncode, made.stdout + made.stderr


class Recorded:
    """The recording as a reader of its own sees it."""

    def __init__(self, lines, truth):
        self.compared, self.unknown, self.wrong, self.seen = 0, 0, [], collections.defaultdict(set)
        self.gaps, self.headers = [], 0
        self.begun, self._lost_since = {}, {}  # by token
        self.holes = collections.defaultdict(list)  # by token: [from ms, to ms]
        self._truth, self._tokens, self._now = truth, {}, 0
        self._made = self._is_book = False
        self._books = Books(self._on_state)
        for line in lines:
            self._take(json.loads(line))

    def _on_state(self, token, at, state):
        if token in self._lost_since:
            self.holes[token].append((self._lost_since.pop(token), max(at, self._now)))
        self.begun.setdefault(token, max(at, self._now))
        if self._made:
            return
        self.seen[token].add(at)
        if at in self._truth.at[token]:
            self.compared += 1
            # A book that answers a subscription may be of the same millisecond as the change after it.
            before = max((time for time in self._truth.at[token] if time < at), default=at) if self._is_book else at
            if state not in self._truth.at[token][at] | self._truth.at[token][before]:
                self.wrong.append((token, at))
        elif not self._is_book:  # one is of the time at which it was asked for
            self.unknown += 1

    def _take(self, line):
        self._now, kind = line["ts_ms"], line.get("note")
        if kind == "header":
            self.headers += line["program"].startswith("gateway ")  # a cut has one of its own
        elif kind == "market":
            self._tokens[line["market"]] = line["tokens"][0]
        elif kind == "gap":
            self.gaps.append(line)
            for token in [self._tokens[id] for id in line.get("markets", self._tokens)]:
                self._books.forget(token)
                self._lost_since.setdefault(token, line.get("from_ms", line["ts_ms"]))
        elif kind is None:
            self._made = "made_of" in line
            messages = json.loads(line["raw"])
            for message in messages if isinstance(messages, list) else [messages]:
                self._is_book = message.get("event_type") == "book"
                self._books.take(message, set(self._tokens.values()))

    def missing(self):
        """States of the venue outside of the gaps: those that the recording has not, and how many there are in all."""
        found, wanted = [], 0
        for token, begun in self.begun.items():
            end = min(self._lost_since.get(token, self._now), self._now)
            for at in self._truth.at[token]:
                in_hole = any(low <= at <= high for low, high in self.holes[token])
                if begun < at < end and not in_hole:
                    wanted += 1
                    if at not in self.seen[token]:
                        found.append((token, at))
        return found, wanted

    @property
    def last_ms(self):
        return self._now

    def tokens(self):
        return set(self._tokens.values())

    def final_states(self):
        return self._books.states()


def check_file(file, truth, kills, folder):
    plain = folder / "whole.jsonl"
    code, text = run_recording("cut", file, plain)
    demand(code == 0, f"cut ended with {code}: {text}")
    code, text = run_recording("check", file)
    found = re.search(r"(\d+) problems, (\d+) gaps", text)
    demand(found and code == 1, f"check ended with {code}: {text[-500:]}")
    demand(found[1] == "0", f"check finds problems: {text[:2000]}")
    with open(plain) as lines:
        recorded = Recorded(lines, truth)
    demand(int(found[2]) == len(recorded.gaps), f"check finds {found[2]} gaps, a reader {len(recorded.gaps)}")
    demand(recorded.headers == len(kills) + 1, f"{len(kills)} kills, {recorded.headers} headers")
    restarts = [gap for gap in recorded.gaps if gap["reason"] == "restart"]
    demand(len(restarts) == len(kills), f"{len(kills)} kills, {len(restarts)} gaps of a restart")
    demand(recorded.gaps[-1]["ts_ms"] < recorded.last_ms, "the recording ends with a gap")
    for gap, killed_at in zip(restarts, kills):
        lost = killed_at - gap["from_ms"]
        say(f"the kill cost {lost:.0f} ms")
        demand(abs(lost) <= LOSS_MS, f"a kill cost {lost:.0f} ms of the recording")
    demand(recorded.compared > STATES_MIN, f"only {recorded.compared} states could be compared")
    demand(not recorded.wrong, f"{len(recorded.wrong)} of {recorded.compared} states were not the venue's, "
           f"the first: {recorded.wrong[:3]}")
    missing, wanted = recorded.missing()
    demand(wanted > STATES_MIN, f"only {wanted} states of the venue lie outside of gaps")
    demand(not missing, f"{len(missing)} states of the venue are missing outside of gaps, the first: {missing[:3]}")
    # Of a new market one of the two readers hears first.
    demand(recorded.unknown * 100 <= recorded.compared,
           f"{recorded.unknown} changes are of times at which the venue had none; {recorded.compared} are not")
    say(f"{recorded.compared} states of {len(recorded.seen)} books are those of the venue, {recorded.unknown} are of "
        f"times at which the second reader heard nothing; of {wanted} none is missing")
    return recorded


def check_replay(file, recorded, truth, folder, ends):
    """The replay tells the same books: each state is one that the venue had, and the last ones are the recorded."""
    states, known = collections.Counter(), {token: set().union(*at.values()) for token, at in truth.at.items()}
    books = Books(lambda token, _, state: states.update([state in known.get(token, ())]))
    replaying = Simulator(folder / "replayed", ends=ends, POLYBOT_REPLAY__RECORDING=str(file),
                          POLYBOT_REPLAY__SPEED="10")
    tokens = recorded.tokens()
    channel = MarketChannel(replaying.port, tokens, lambda message: books.take(message, tokens))
    wait_until("the replay is finished", lambda: None if replaying.replay().get("finished") else "it goes on", 600)
    status = replaying.replay()
    demand(status["unreadable"] == 0 and status["skipped_lines"] == 0, f"the replay could not read all: {status}")
    markets = set(replaying.markets().values())
    end = channel.stop()
    demand(end is None, f"the reader of the replay did not hear all: {end}")
    demand(replaying.stop() == 0, "the venue of the replay did not end in order")
    demand(states[True] > STATES_MIN and states[False] == 0,
           f"of the states of the replay {states[True]} were the venue's and {states[False]} were not")
    told = books.states()
    final = recorded.final_states()
    shared = final.keys() & told.keys()
    say(f"{len(final)} books at the end of the recording, {len(shared)} of them in the replay")
    differ = [token for token in shared if told[token] != final[token]]
    demand(markets & final.keys() <= shared, "the replay tells nothing of a book that the recording ends with")
    demand(len(shared) * 2 > len(tokens), f"the recording and its replay end with {len(shared)} books in common")
    demand(not differ, f"{len(differ)} books of the replay end differently")
    demand(markets and markets <= tokens, "the replay lists other markets than the recording describes")
    say(f"the replay showed {states[True]} states, each one of the venue's; {len(markets)} markets are still open")


def run(seconds, folder, ends):
    venue = Simulator(folder / "exchange", ends=ends)
    truth = Truth(venue)
    recorder = Recorder(folder, venue, ends)
    recorder.wait_writing()
    begun, kills = time.monotonic(), []
    say(f"recording for {seconds} s with {KILLS} kills")
    for number in range(1, KILLS + 1):
        time.sleep(max(0.0, begun + seconds * number / (KILLS + 1) - time.monotonic()))
        kills.append(recorder.kill())
        recorder.wait_writing()
    time.sleep(max(0.0, begun + seconds - time.monotonic()))
    recorder.stop()
    took = time.monotonic() - begun
    end = truth.channel.stop()
    demand(end is None, f"the second reader did not hear all: {end}")
    demand(venue.stop() == 0, "the venue did not end in order")
    files = sorted(recorder.files.glob("*.zst"))
    demand(len(files) == 1, f"{len(files)} files instead of one")
    mib = recorder.bytes() / 2**20
    say(f"{mib:.2f} MiB in {took:.0f} s: {mib / took * 3600:.1f} MiB an hour; "
        f"CPU {recorder.cpu_seconds / took * 100:.1f} % of a core")
    check_replay(files[0], check_file(files[0], truth, kills, folder), truth, folder, ends)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    folder = Path(tempfile.mkdtemp(prefix="polybot-record-"))
    try:
        with contextlib.ExitStack() as ends:
            run(seconds, folder, ends)
    except BaseException as failure:
        say(f"FAILED: {failure!r}" if not isinstance(failure, Failed) else f"FAILED: {failure}")
        say(f"its files are kept in {folder}")
        if isinstance(failure, Failed):
            return 1
        raise
    shutil.rmtree(folder)
    say("the recording is the venue's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
