"""Shows the monitoring alive: the real processes, a real Prometheus and Alertmanager, the shipped files.

The stack trades on the built-in venue with small queues; Prometheus reads the shipped rules on a clock thirty
times as fast. First a healthy time, then one fault after the other (provocations.py). Printed at the end:
each family of the catalogue, each panel of the dashboard and each alert, with what proved it. Exit code 1 when
anything was not proven.

  python3 -m tests.e2e.e2e_test            everything
  python3 -m tests.e2e.e2e_test NAME...    a healthy time and only the faults named
"""

import json
import math
import shutil
import signal
import subprocess
import sys
import threading
import time

from tests.e2e import accounts, proofs, provocations
from tests.e2e.processes import Monitoring, Webhook, listening
from tests.support.exposition import Broken, Scrape, falling
from tests.support.stack import PROGRAMS, Stack, changed_configuration, request
from tests.support.waiting import BUILD, ROOT, Failed, say, wait_until

WORK = BUILD / "e2e"
FACTOR = 30
HEALTHY_SECONDS = 30  # at least; then until everything that moves by itself has moved
PATIENCE_SECONDS = 180  # for what a fault must show, and for alerts: a busy machine takes long
# Alerts that no fault here provokes: each has promtool cases that fire and that do not (alerts_test.yml).
BY_PROMTOOL = "promtool cases"
# Quoted are the markets that soon end, so that there are always claims, and a few that last, to lose money in.
QUOTED = json.dumps(["btc-*", "eth-*", "sol-*", "xrp-*",
                     "rate-cut-*", "ceasefire-*", "lunar-*", "strike-*", "heat-record-*", "album-*", "chip-maker-*",
                     "treaty-*"])
FOLLOWED = json.dumps(["summit-*"])
CONFIGURATION = {
    "strategy-runner.toml": {"quote_quantity": '"1500"', "inventory_max": '"6000"',
                             "event_cost_max": '"20000"', "reduce_before_end": '"0s"', "exit_before_end": '"0s"',
                             "[strategies.spread_farm] last_shard": "63", "[strategies.momentum] first_shard": "0",
                             "[strategies.spread_farm] markets": QUOTED, "[strategies.momentum] markets": FOLLOWED},
    "gateway.toml": {"stream_queue_messages": "32", "queue_frames": "256"},
    "order-manager.toml": {"order_notional_max": "20000", "position_max": "100000", "event_exposure_max": "100000",
                           "exposure_max": "200000", "daily_loss_max": "1500", "drawdown_max": "1600",
                           "request_timeout": '"60s"', "ambiguous_hold": '"6s"', "marks_every": '"2s"',
                           "drift_every": '"3s"'},
    # Markets that end and pay out within the healthy time, with positions held to the end; claims wait for their money
    # long enough to be seen.
    "venue-simulator.toml": {"deposit": '"100000"', "rotate_period": '"30s"', "resolve_after_min": '"2s"',
                             "resolve_after_max": '"5s"', "redeem_after_min": '"6s"'},
}


class Run:
    """One run: the processes, and every scrape with the phase it was taken in."""

    def __init__(self, folder):
        self.configuration = CONFIGURATION
        self.stack = Stack(folder, changed_configuration(folder / "config", CONFIGURATION),
                           {"POLYBOT_RECORD__FOLDER": str(folder / "recordings"), "POLYBOT_RECORD__FILE_AGE": "10s"})
        self.others = {}          # stacks that a fault started, by account
        self.webhook = Webhook()
        self.monitoring = None
        self.recording = []
        self.phase = "starting"
        self.trouble = []
        self._began = None        # the last scrape before the phase
        self._first = 0           # of the scrapes since
        self._begun = 0.0         # when that was
        self._told = 0            # notifications before the phase
        self._last = None
        self._ended = threading.Event()
        self._recorder = threading.Thread(target=self._record, daemon=True)

    def start(self, folder):
        self.stack.wait_ready()
        self._restart_aggregator()
        self.monitoring = Monitoring(folder, self.stack, self.webhook, FACTOR)
        self.monitoring.wait_ready()
        self._recorder.start()

    def _restart_aggregator(self):
        """The very first start finds no state. A second one does, as it is in daily life."""
        state = self.stack.data / "aggregator" / "state.bin"
        wait_until("the aggregator has written its state", lambda: None if state.exists() else "not yet")
        before = self.stack.pid("metrics-aggregator")
        self.stack.signal("metrics-aggregator", signal.SIGTERM)
        wait_until("another aggregator runs",
                   lambda: "not yet" if self.stack.pid("metrics-aggregator") in (None, before) else None)
        wait_until("everything is ready again", self.stack.not_ready)

    def stop(self):
        self._ended.set()
        if self.monitoring is not None:
            self.monitoring.stop()
        self.webhook.stop()
        return {"": self.stack.stop()} | {account: stack.stop() for account, stack in self.others.items()}

    # ---- what is seen ----

    def _record(self):
        while not self._ended.wait(0.7):
            text = self.stack.metrics()
            if text is None:
                continue
            try:
                scrape = Scrape(text)
            except Broken as broken:
                self.trouble.append(f"a scrape is broken: {broken}")
                continue
            if self._last is not None:
                self.trouble += [f"a counter fell: {text}" for text in falling(self._last, scrape)]
            self._last = scrape
            self.recording.append((self.phase, scrape))

    def forget_counters(self):
        """From here on they may start again."""
        self._last = None

    def begin(self, phase):
        self._began = self.recording[-1][1] if self.recording else None
        self._first = len(self.recording)
        self._begun = time.monotonic()
        self._told = len(self.webhook.notifications)
        self.phase = phase

    def value(self, name, **labels):
        return self.recording[-1][1].value(name, **labels) if self.recording else None

    def scrapes_since_begin(self):
        """All since the phase began: what one of them shows has happened, on however slow a machine."""
        return [scrape for _, scrape in self.recording[self._first:]]

    def at_begin(self, name, **labels):
        return self._began.value(name, **labels) if self._began is not None else None

    # ---- alerts ----

    def wait_fired(self, alerts, meanwhile):
        """Until all have fired since the phase began."""
        def missing():
            silent = set(alerts) - self.monitoring.fired_since(self._begun)
            if not silent:
                return None
            meanwhile(self)
            return f"silent: {', '.join(sorted(silent))}"
        return wait_until(f"{', '.join(alerts)} fire", missing, PATIENCE_SECONDS)

    def alerts_since_begin(self):
        """The labels of each alert that has fired since the phase began."""
        return self.monitoring.alerts_since(self._begun)

    def notifications(self, alert, status, **labels):
        """How many since the phase began."""
        return self.webhook.count(alert, status, self._told, **labels)

    def wait_notified(self, alert, status, **labels):
        """Until somebody was told since the phase began."""
        of = "".join(f" {name}={value}" for name, value in labels.items())
        wait_until(f"{alert}{of} is notified as {status}",
                   lambda: None if self.notifications(alert, status, **labels) else "not yet")

    def watch_firing(self, alert, seconds):
        """Demands that an alert fires all the time, and that its end is not notified."""
        end = time.monotonic() + seconds
        resolved = self.webhook.count(alert, "resolved")
        while time.monotonic() < end:
            if alert not in self.monitoring.firing():
                raise Failed(f"{alert} stopped firing while its owner was down")
            time.sleep(0.5)
        if self.webhook.count(alert, "resolved") != resolved:
            raise Failed(f"{alert} was reported as resolved while its owner was down")

    def wait_cleared(self, alerts):
        def missing():
            firing = set(alerts) & self.monitoring.firing()
            if "TradingHalted" in firing:
                provocations.resume_the_limited(self)  # what a phase has lost may have reduced them
            return f"still firing: {', '.join(sorted(firing))}" if firing else None
        return wait_until(f"{', '.join(alerts)} clear", missing, PATIENCE_SECONDS)


def use_the_api(run, ended):
    """Reads the API as people do, so that its families move."""
    # Longer with and without a session than figures stay the same.
    while not ended.wait(2.5):
        with listening(run.stack.api):
            ended.wait(2.5)
        for path in ("/api/v1/status", "/api/v1/markets", "/api/v1/orders?limit=20", "/api/v1/nothing-here"):
            request(run.stack.api + path, timeout=3)


def stay_healthy(run, rows):
    """A time without faults, until each family that moves by itself has done so; the table says which have not."""
    steady = {row["name"] for row in rows if row["proof"] in ("invariant", "constant")}

    def not_exposed():
        exposed = run.recording[-1][1].families if run.recording else {}
        return ", ".join(sorted(steady - set(exposed))) or None
    wait_until("every service has sent its metrics", not_exposed)
    run.begin("healthy")
    still = [row for row in rows if "moves" in row["proof"]]
    begun = time.monotonic()

    def missing():
        still[:] = [row for row in still if proofs.check(row | {"proof": "moves"}, run.recording) is not None]
        if time.monotonic() - begun < HEALTHY_SECONDS:
            return f"{HEALTHY_SECONDS} s have not passed"
        return ", ".join(row["name"] for row in still) or None
    try:
        say(f"healthy for {wait_until('everything moves', missing, PATIENCE_SECONDS, 1.0):.0f} s")
    except Failed as failed:
        say(str(failed))


def provoke(run, provocation, rows, table):
    """One phase, until all that it proves is in a scrape and its alerts have fired and cleared.

    A row for each alert; failures are rows too, and the run goes on.
    """
    unseen = [row for row in rows if row["proof"] == "fault:" + provocation.name]
    fired = cleared = failure = None
    try:
        if "TradingHalted" in provocation.alerts:
            provocations.resume_the_limited(run)
        run.wait_cleared(provocation.alerts)  # alerts of an earlier phase prove nothing
    except Failed as failed:
        failure = f"before it began: {failed}"
    say(f"{provocation.name}: begins")
    run.begin(provocation.name)
    try:
        provocation.begin(run)

        def missing():
            provocation.meanwhile(run)
            unseen[:] = [row for row in unseen if proofs.check(row, run.recording) is not None]
            return provocation.until(run) or ", ".join(row["name"] for row in unseen) or None
        seen = wait_until(f"{provocation.name} is seen", missing, PATIENCE_SECONDS)
        if provocation.alerts:
            fired = seen + run.wait_fired(provocation.alerts, provocation.meanwhile)
        provocation.then(run)
    except Failed as failed:
        failure = failure or str(failed)
    try:
        provocation.end(run)
        run.phase = "after " + provocation.name
        if provocation.alerts and failure is None:
            cleared = run.wait_cleared(provocation.alerts)
            for alert in provocation.notified:
                run.wait_notified(alert, "firing")
                run.wait_notified(alert, "resolved")
        wait_until("everything is ready again", run.stack.not_ready)
    except Failed as failed:
        failure = failure or str(failed)
    for alert in provocation.alerts:
        proof = ""
        if cleared is not None:
            told = ", told" if alert in provocation.notified else ""
            proof = f"{provocation.name}: fired after {fired:.0f} s, cleared after {cleared:.0f} s{told}"
        table.append(("alert", alert, proof, failure))
    if not provocation.alerts:
        table.append(("fault", provocation.name, "seen and mended", failure))
    say(f"{provocation.name}: {failure or 'done'}")


def catalogue():
    text = subprocess.run([PROGRAMS / "metrics-aggregator", "--print-catalogue"], check=True, capture_output=True,
                          text=True).stdout
    return json.loads(text)["families"]


def provable(rows, faults):
    """The rows that a run with only these faults can prove."""
    return [row for row in rows
            if not row["proof"].startswith("fault:") or row["proof"].removeprefix("fault:") in faults]


def check_families(rows, recording, table):
    """Returns the rows that are proven."""
    proven = []
    for row in rows:
        failure = proofs.check(row, recording)
        table.append(("family", row["name"], row["proof"], failure))
        if failure is None:
            proven.append(row)
    return proven


def check_that_checks_fail(proven, recording, table):
    """A check that was green with a family must be red without it."""
    green = [row["name"] for row in proven
             if proofs.check(row, [(phase, scrape.without(row["name"])) for phase, scrape in recording]) is None]
    table.append(("check", f"{len(proven) - len(green)} of {len(proven)} proven families missed when removed",
                  "each removed in turn", f"not missed: {', '.join(green)}" if green else None))


def expressions():
    """(panel, expression) of everything the dashboard asks, its variables filled in."""
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "polybot.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "10s").replace("$__interval", "5s")


def check_panels(monitoring, begun, table):
    now = time.time()
    for panel, expression in expressions():
        try:
            found = monitoring.ask("query_range", query=expression, start=begun, end=now, step=1)["result"]
            values = [float(value) for series in found for _, value in series["values"]]
            good = sum(1 for value in values if not math.isnan(value))
            failure = None if good else "no sample" if not values else "nothing but NaN"
        except Failed as failed:
            good, failure = 0, str(failed)
        table.append(("panel", f"{panel}: {' '.join(expression.split())[:60]}", f"{good} samples", failure))


def check_rules(monitoring, table):
    proven = {name for kind, name, _, failure in table if kind == "alert" and failure is None}
    tried = {name for kind, name, _, _ in table if kind == "alert"}
    for rule in monitoring.rules():
        sick = None if rule["health"] == "ok" else f"{rule['health']}: {rule.get('lastError', '')}"
        table.append(("rule", rule["name"], "evaluated", sick))
        if rule["type"] == "recording":
            continue
        if rule["name"] == "Watchdog":
            table.append(("alert", "Watchdog", "fires all the time", None if rule["alerts"] else "it does not fire"))
        elif rule["name"] not in tried | proven:
            table.append(("alert", rule["name"], BY_PROMTOOL, None))


def check_notifications(webhook, alerts, table):
    for alert in alerts:
        counts = {status: webhook.count(alert, status) for status in ("firing", "resolved")}
        missing = [status for status, count in counts.items() if count == 0]
        table.append(("notification", alert, "firing and resolved arrived",
                      f"not notified: {', '.join(missing)}" if missing else None))


def print_table(table):
    print(f"\n{'':12} {'what':66} {'proof':46} result")
    for kind, name, proof, failure in table:
        print(f"{kind:12} {name[:66]:66} {proof[:46]:46} {'ok' if failure is None else 'FAILED: ' + failure}")
    failed = sum(1 for row in table if row[3] is not None)
    print(f"\n{len(table) - failed} of {len(table)} proven" + (f", {failed} FAILED" if failed else ""))
    return failed


def main(names):
    every = (*provocations.ALL, accounts.TWO_ACCOUNTS)  # its second stack runs on to the end
    chosen = [one for one in every if not names or one.name in names]
    unknown = set(names) - {one.name for one in every}
    if unknown:
        print(f"e2e: no such fault: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    begun = time.time()
    say("starting the stack, Prometheus and Alertmanager")
    run = Run(WORK)
    table = []
    ended = threading.Event()
    try:
        run.start(WORK)
        threading.Thread(target=use_the_api, args=(run, ended), daemon=True).start()
        rows = catalogue()
        stay_healthy(run, rows)
        for provocation in chosen:
            provoke(run, provocation, rows, table)
        recording = list(run.recording)
        proven = check_families(provable(rows, names) if names else rows, recording, table)
        check_that_checks_fail(proven, recording, table)
        if not names:
            check_panels(run.monitoring, begun, table)
            check_notifications(run.webhook, ["TradingHalted"], table)
        check_rules(run.monitoring, table)
    except Failed as failed:
        table.append(("run", "the run itself", "", str(failed)))
    finally:
        ended.set()
        ends = run.stop()
    table += [("stack", " ".join(("venue == journal == metrics", account)).strip(), "the launcher's closing comparison",
               None if code == 0 else " / ".join(last_lines[-3:])) for account, (code, last_lines) in ends.items()]
    table += [("scrape", "every scrape", "", text) for text in sorted(set(run.trouble))[:20]]
    failed = print_table(table)
    say(f"{time.time() - begun:.0f} s in all")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
