#!/usr/bin/env python3
"""Shows the alerts quiet: the shipped rules on their own clock over a healthy run, in which one runner is killed
and the aggregator is restarted once. Nothing but Watchdog may fire. Exit code 1 when anything else did.

  quiet_test.py [MINUTES]    10 unless told
"""

import shutil
import sys
import time
from pathlib import Path

# What is shared with the other tests of real processes.
sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from processes import Monitoring, Webhook
from stack import Stack
from waiting import ROOT, Failed, say, wait_until

WORK = ROOT / "build" / "quiet"


def fired(monitoring, begun):
    """{alert: seconds} of everything that fired since."""
    found = monitoring.ask("query_range", query='ALERTS{alertstate="firing"}', start=begun, end=time.time(), step=5)
    seconds = {}
    for series in found["result"]:
        name = series["metric"]["alertname"]
        seconds[name] = seconds.get(name, 0) + 5 * len(series["values"])
    return seconds


def main(minutes):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    stack, webhook = Stack(WORK), Webhook()
    monitoring = None
    failures = []
    kills = {0.3: "strategy-runner", 0.6: "metrics-aggregator"}
    try:
        stack.wait_ready()
        monitoring = Monitoring(WORK, stack, webhook, 1)
        monitoring.wait_ready()
        begun = time.time()
        say(f"{minutes:g} minutes with the shipped rules")
        while (passed := (time.time() - begun) / (60 * minutes)) < 1:
            for when in [when for when in kills if passed >= when]:
                service = kills.pop(when)
                say(f"kill -9 of {service}")
                stack.kill(service)
                say(f"everything is ready again after {wait_until('everything is ready again', stack.not_ready):.1f} s")
            time.sleep(5)
            if int(passed * 10) != int((passed + 5 / (60 * minutes)) * 10):
                say(f"firing so far: {', '.join(sorted(fired(monitoring, begun))) or 'nothing'}")
        seconds = fired(monitoring, begun)
        failures += [f"{name} fired for {time_s} s" for name, time_s in sorted(seconds.items()) if name != "Watchdog"]
        if "Watchdog" not in seconds:
            failures.append("Watchdog did not fire: the rules were not evaluated")
    except Failed as failed:
        failures.append(str(failed))
    finally:
        if monitoring is not None:
            monitoring.stop()
        webhook.stop()
        code, last_lines = stack.stop()
    if code != 0:
        failures.append(" / ".join(last_lines[-3:]))
    for failure in failures:
        print(f"quiet: FAILED: {failure}")
    if not failures:
        print(f"quiet: nothing but Watchdog fired in {minutes:g} minutes; {last_lines[-2]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
