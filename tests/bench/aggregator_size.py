"""What the aggregator costs at real size: memory, size and time of a scrape with many strategies and positions.

metrics_load tells it, once a second, what order-manager tells with 50 strategies and 5,000 positions. Half a minute
later its memory is read, and /metrics is scraped as Prometheus does, gzip included. Processor time is the aggregator's
own, so a busy machine does not change it. Fails when a position is missing.

  python3 -m tests.bench.aggregator_size BUILD-TREE [STRATEGIES POSITIONS]
"""

import gzip
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.support.exposition import Scrape
from tests.support.stack import free_port
from tests.support.waiting import BUILD, Failed, say, wait_until

WORK = BUILD / "aggregator-size"
SETTLED_SECONDS = 30
SCRAPES = 50


def _scrape(url):
    """(seconds, bytes on the wire, text)"""
    asked = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    begun = time.perf_counter()
    with urllib.request.urlopen(asked, timeout=10) as answer:
        body = answer.read()
    return time.perf_counter() - begun, len(body), gzip.decompress(body).decode()


def _resident_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise Failed("no VmRSS")


def _cpu_ms(pid):
    """Time on a processor since the start, of all threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e6


def measure(tree, strategies, positions):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(mode=0o700, parents=True)  # the bus demands it
    port = free_port()
    metrics, status = (f"ipc://{WORK}/{name}.ipc" for name in ("metrics", "status"))
    environment = {"POLYBOT_ADMIN__PORT": str(port), "POLYBOT_BUS__METRICS": metrics, "POLYBOT_BUS__STATUS": status,
                   "POLYBOT_STATE__FOLDER": str(WORK / "state"), "PATH": "/usr/bin:/bin"}
    url = f"http://127.0.0.1:{port}/metrics"
    programs = Path(tree)
    with open(WORK / "log", "w") as log:
        aggregator = subprocess.Popen([programs / "bin" / "metrics-aggregator"], env=environment, stdout=log,
                                      stderr=log)
        load = None
        try:
            wait_until("the aggregator answers", lambda: None if _answers(url) else "not yet")
            empty = _resident_mib(aggregator.pid)
            load = subprocess.Popen([programs / "bench" / "metrics_load", metrics, status, str(strategies),
                                     str(positions)], stdout=log, stderr=log)
            wait_until("every position is shown", lambda: _missing(url, positions))
            begun, before = time.monotonic(), _cpu_ms(aggregator.pid)
            time.sleep(SETTLED_SECONDS)
            merging = (_cpu_ms(aggregator.pid) - before) / (time.monotonic() - begun)
            begun, before = time.monotonic(), _cpu_ms(aggregator.pid)
            taken = [_scrape(url) for _ in range(SCRAPES)]
            scraping = _cpu_ms(aggregator.pid) - before - merging * (time.monotonic() - begun)
            seconds = sorted(one[0] for one in taken)
            return {"series": Scrape(taken[-1][2]).value("polybot_aggregator_series"),
                    "resident MiB, empty": empty, "resident MiB": _resident_mib(aggregator.pid),
                    "CPU ms a second, merging": merging, "CPU ms a scrape": scraping / SCRAPES,
                    "scrape ms, fastest": 1000 * seconds[0], "scrape ms, median": 1000 * statistics.median(seconds),
                    "bytes a scrape": len(taken[-1][2]), "bytes a scrape, gzip": taken[-1][1]}
        finally:
            for process in (load, aggregator):
                if process is not None:
                    process.terminate()
                    process.wait(20)


def _answers(url):
    try:
        return bool(_scrape(url)[2])
    except OSError:
        return False


def _missing(url, positions):
    shown = Scrape(_scrape(url)[2]).families.get("polybot_position_value_usd", {})
    return None if len(shown) == positions else f"{len(shown)} of {positions} positions are shown"


def main(tree, strategies="50", positions="5000"):
    say(f"an aggregator with {strategies} strategies and {positions} positions")
    for name, value in measure(tree, int(strategies), int(positions)).items():
        print(f"{name:26} {value:12,.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
