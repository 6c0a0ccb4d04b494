"""Ten times the usual load for a while: does anything grow that should not?

Each few seconds the memory and CPU time of every process and the size of the journal are read, and how many events
each had to deal with. After the warm-up a line is laid through each (Theil and Sen: the median of the slopes between
all pairs, which a few outliers cannot bend). Resident memory may grow by 1 MB an hour; CPU time and journal bytes
per event must be as high in the last third as in the first. Exit code 1 when anything is not.

  python3 -m tests.chaos.soak [MINUTES]    30 unless told
"""

import os
import shutil
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.chaos.lively import LIVELY, merged
from tests.support.exposition import Scrape
from tests.support.stack import Stack, changed_configuration
from tests.support.waiting import BUILD, Failed, say

WORK = BUILD / "soak"
EVERY_SECONDS = 5
WARM_UP = 0.4                # of the run: caches fill, books and histories reach their bounds
RSS_MB_PER_HOUR_MAX = 1.0
DRIFT_MAX = 0.15             # of what one event costs, from the first third to the last
EVENTS_MIN = 1_000           # in a third, or the cost of one says nothing
# Order-manager remembers 20,000 ended orders; it has to trade much to have them by the end of the warm-up. What the
# venue remembers follows how much was traded of late: it is kept short, and every market's life, too, so that the
# last minutes of the run are like the first ones after the warm-up.
CONFIGURATION = merged(LIVELY, {"venue-simulator.toml": {"rate": "2000", "retention": '"2m"', "resolved_markets": "64",
                                                        "rotate_period": '"60s"', "long_life": '"3m"'},
                                "strategy-runner.toml": {"requote_interval": '"50ms"', "refresh_interval": '"2s"'}})

# What a process does much of, as families and labels: its CPU time is shown per one of these.
WORK_DONE = {"gateway": [("polybot_market_data_events_total", {})],
             "strategy-runner": [("polybot_scans_total", {})],
             "order-manager": [("polybot_journal_sequence", {}),
                               ("polybot_bus_messages_received_total", {"channel": "quote"})],
             "metrics-aggregator": [("polybot_aggregator_snapshots_total", {})],
             "venue-simulator": [("polybot_market_data_events_total", {}), ("polybot_venue_requests_total", {})]}
TICKS = os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    """All of it, and what of it is the process's own: the rest are pages of files, programs and libraries mostly, which
    the kernel takes away and brings back as it pleases."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    resident, mapped = (int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "RssFile"))
    return resident, resident - mapped


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Journal:
    """Bytes of all events: what the journal holds, not what its file happens to have allocated."""

    def __init__(self, file):
        self._file = file
        self._seen = 0
        self._bytes = 0

    def bytes(self):
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as journal:
            added, last = journal.execute("SELECT COALESCE(SUM(LENGTH(body)), 0), MAX(seq) FROM journal WHERE seq > ?",
                                          [self._seen]).fetchone()
        self._bytes += added
        self._seen = last or self._seen
        return self._bytes


def slope(points):
    """Theil and Sen's: per unit of the first coordinate."""
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0])
              for i, earlier in enumerate(points) for later in points[i + 1:] if later[0] > earlier[0]]
    return statistics.median(slopes)


def take(stack, journal, begun):
    """{(what, service): value} now, with the time in seconds."""
    text = stack.metrics()
    if text is None:
        raise Failed("the aggregator does not answer")
    scrape = Scrape(text)
    sample = {}
    for service, pid in stack.children().values():
        sample["rss", service], sample["own", service] = resident_mb(pid)
        sample["cpu", service] = cpu_seconds(pid)
        sample["work", service] = sum(scrape.value(family, **labels) or 0 for family, labels in WORK_DONE[service])
        sample["pid", service] = pid
    sample["journal"] = journal.bytes()
    sample["records"] = scrape.value("polybot_journal_sequence") or 0
    return time.monotonic() - begun, sample


def cost(samples, spent, work):
    """What one piece of work cost in the first and in the last third."""
    third = len(samples) // 3
    costs = []
    for part in (samples[:third + 1], samples[-third - 1:]):
        done = part[-1][1][work] - part[0][1][work]
        if done < EVENTS_MIN and spent != ("cpu", "metrics-aggregator"):
            name = ' '.join(work) if isinstance(work, tuple) else work
            raise Failed(f"only {done:.0f} of {name} in a third of the run")
        costs.append((part[-1][1][spent] - part[0][1][spent]) / done)
    return costs


def write_down(samples):
    """A line each, times in seconds and memory in MB, to see when something grew."""
    services = sorted(key[1] for key in samples[0][1] if key[0] == "rss")
    lines = [",".join(["seconds", "records", *(f"{one} {kind}" for one in services for kind in ("rss", "own"))])]
    lines += [",".join([f"{at:.0f}", f"{sample['records']:.0f}",
                        *(f"{sample[kind, one]:.2f}" for one in services for kind in ("rss", "own"))])
              for at, sample in samples]
    (WORK / "samples.csv").write_text("\n".join(lines) + "\n")


def report(samples):
    """Prints the table; what is wrong, as texts."""
    wrong = []
    services = sorted(service for kind, service in [key for key in samples[0][1] if isinstance(key, tuple)]
                      if kind == "rss")
    print(f"\n{'process':20} {'RSS':>9} {'slope':>12} {'its own':>9} {'slope':>12} "
          f"{'CPU per event, first and last third':>40}")
    for service in services:
        if len({sample["pid", service] for _, sample in samples}) > 1:
            wrong.append(f"{service} was restarted")
            continue
        resident, own = (slope([(at / 3600, sample[kind, service]) for at, sample in samples])
                         for kind in ("rss", "own"))
        first, last = cost(samples, ("cpu", service), ("work", service))
        print(f"{service:20} {samples[-1][1]['rss', service]:6.1f} MB {resident:+7.2f} MB/h "
              f"{samples[-1][1]['own', service]:6.1f} MB {own:+7.2f} MB/h {first * 1e6:30.2f} us {last * 1e6:.2f} us")
        if resident > RSS_MB_PER_HOUR_MAX:
            wrong.append(f"{service} grows by {resident:.2f} MB an hour, {own:.2f} of it its own")
        if last > first * (1 + DRIFT_MAX):
            wrong.append(f"an event costs {service} {last / first - 1:.0%} more CPU at the end than at the beginning")
    first, last = cost(samples, "journal", "records")
    print(f"{'journal':20} {first:.1f} bytes per event in the first third, {last:.1f} in the last; "
          f"{samples[-1][1]['records']:.0f} events")
    if last > first * (1 + DRIFT_MAX):
        wrong.append(f"an event takes {last / first - 1:.0%} more bytes in the journal at the end")
    return wrong


def main(minutes):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    stack = Stack(WORK, changed_configuration(WORK / "config", CONFIGURATION))
    wrong = []
    try:
        stack.wait_ready()
        begun = time.monotonic()
        samples = []
        journal = Journal(stack.data / "journal" / "journal.db")
        say(f"{minutes:g} minutes at ten times the usual load")
        while (at := time.monotonic() - begun) < minutes * 60:
            samples.append(take(stack, journal, begun))
            if len(samples) % 24 == 0:
                say("  " + ", ".join(f"{key[1]} {value:.0f} MB" for key, value in sorted(
                    (key, value) for key, value in samples[-1][1].items() if key[0] == "rss")))
            time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - begun - at)))
        write_down(samples)
        wrong = report([sample for sample in samples if sample[0] >= minutes * 60 * WARM_UP])
    except Failed as failed:
        wrong.append(str(failed))
    code, last_lines = stack.stop()
    if code != 0:
        wrong += ["the stack did not end well"] + last_lines
    for text in wrong:
        print("  " + text)
    print(f"soak, {minutes:g} minutes: " + ("FAILED" if wrong else "passed"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
