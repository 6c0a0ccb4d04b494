"""An operator's week in half an hour: two stacks with an account each under one Prometheus, on the shipped clock.

What a week brings is done to them in turn (WEEK below): an upgrade, kills, scaling, midnight, a venue outage, a halt
for maintenance, a full disk; for the second account a first start without a feed, an idle weekend, and its death.
Exit code 1 unless exactly the expected alerts were notified, each while something was wrong that a person could act on,
and no more often than EXPECTED says.

  python3 -m tests.e2e.week_test           31 minutes; the data of the first account is on a small disk of its own,
                                           which needs root or user namespaces
"""

import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.e2e.processes import Monitoring, Webhook
from tests.support import namespaces
from tests.support.exposition import Scrape
from tests.support.stack import PROGRAMS, Stack, changed_configuration
from tests.support.waiting import BUILD, Failed, say, wait_until

WORK = BUILD / "week"
MINUTES = 31
DISK_BYTES = 400_000_000
SERVICES = ("metrics-aggregator", "order-manager", "gateway", "strategy-runner")
MAIN, TWO = "main", "two"
DAY_BEGINS_AFTER_SECONDS = 400.0   # from the start of the stacks


@dataclass(frozen=True)
class Expected:
    """An alert of an account that shall be notified while the week is between two minutes."""
    account: str
    alert: str
    since: float
    until: float
    ends: bool = True      # and be told as resolved before the week ends
    most: int = 1          # notifications that say it fires: one, and one for each service or channel that joins it


# Everything that a person is told in this week, besides Watchdog.
EXPECTED = (
    Expected(TWO, "MarketDataStale", 0.0, 4.0),
    # The heartbeat joins late, and fails again beside the full disk before the others are told as over, each in turn.
    Expected(MAIN, "VenueDisconnected", 6.5, 11.0, most=5),
    Expected(MAIN, "TradingHalted", 14.0, 17.0),
    Expected(MAIN, "DiskFull", 14.0, 17.0, most=3),
    Expected(MAIN, "MetricsStateNotPersisted", 14.0, 21.0),
    Expected(TWO, "MetricsDown", 22.0, 26.0, ends=False),
)


def ready_again(stack):
    wait_until("everything is ready again", stack.not_ready)


# ---- what a week brings -----------------------------------------------------------------------------------

def replace_programs(week):
    """A new version of every program is put in the place of the old one, as a package does; then each is restarted."""
    for program in week.programs.iterdir():
        copy = program.with_name(program.name + ".new")
        shutil.copy2(program, copy)
        copy.rename(program)


def upgrade(week):
    replace_programs(week)
    for service in SERVICES:
        before = week.main.pid(service)
        week.main.signal(service, signal.SIGTERM)
        wait_until(f"another {service} runs",
                   lambda: "not yet" if week.main.pid(service) in (None, before) else None)
        ready_again(week.main)


def kill_each(week):
    for service in SERVICES:
        week.main.kill(service)
        ready_again(week.main)


def scale(runners):
    def action(week):
        week.main.scale(runners)
        wait_until(f"{runners} runners", lambda: None if len(week.main.replicas("strategy-runner")) == runners else
                   "not yet")
        ready_again(week.main)
    return action


def equity_at_opening(stack):
    """Of the present trading day: what is left of the lifetime's P&L without today's; None without a scrape."""
    text = stack.metrics()
    if text is None:
        return None
    scrape = Scrape(text)
    total, today = scrape.value("polybot_pnl_total"), scrape.value("polybot_daily_pnl_usd")
    return None if total is None or today is None else total - today


def before_midnight(week):
    week.opening = equity_at_opening(week.main)
    say(f"the day opened at an equity of {week.opening}")


def after_midnight(week):
    """Results of yesterday are not today's: the day opened again at another equity."""
    def missing():
        opening = equity_at_opening(week.main)
        if opening is None or week.opening is None:
            return "no scrape"
        return None if abs(opening - week.opening) > 0.01 else f"the day still begins at {opening:.2f}"
    wait_until("a new day has opened", missing)


def venue_outage(week):
    week.main.fault("venue-down", duration_ms=180_000)


def halt_for_maintenance(week):
    week.command(week.main, "POST", "/api/v1/trading/halt?reason=maintenance&for=10m")


def resume(week):
    week.command(week.main, "POST", "/api/v1/trading/resume")


def fill_disk(week):
    with open(week.main.data / "filler", "wb") as filler:
        block = bytes(1 << 20)
        try:
            while True:
                filler.write(block)
        except OSError:
            pass  # full


def free_disk(week):
    (week.main.data / "filler").unlink()
    ready_again(week.main)
    if week.scrape_value("polybot_trading_state", strategy="all"):
        resume(week)


def idle_weekend(week):
    status, text = week.two.ask("venue-simulator", "/flow/pause", "POST")
    if status != 200:
        raise Failed(f"the market cannot be paused: {status} {text}")


def feed_comes(week):
    week.two.clear("feed-freeze")
    ready_again(week.two)


def second_account_dies(week):
    """The machine of the second account is gone: all at once, and nothing restarts it."""
    children = [pid for _, pid in week.two.children().values()]
    os.kill(week.two.launcher, signal.SIGKILL)
    for pid in children:
        with contextlib.suppress(ProcessLookupError):  # they may end with it
            os.kill(pid, signal.SIGKILL)


WEEK = (  # (minute, what is said, what is done)
    (0.5, "an upgrade of every service", upgrade),
    (2.0, "kill -9 of each service", kill_each),
    (3.0, "the second account's feed comes", feed_comes),
    (3.5, "three runners", scale(3)),
    (4.5, "one runner", scale(1)),
    (5.0, "the second account's markets stand still: an idle weekend", idle_weekend),
    (5.5, "soon midnight", before_midnight),
    (6.8, "midnight", after_midnight),
    (7.0, "a venue outage of three minutes", venue_outage),
    (11.5, "a halt for maintenance, acknowledged", halt_for_maintenance),
    (13.5, "trading goes on", resume),
    (14.0, "the disk is full", fill_disk),
    (20.5, "the disk is free again", free_disk),
    (21.5, "the second account dies", second_account_dies),
)


def mount_disk(folder):
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], check=True)


# ---- the run ----------------------------------------------------------------------------------------------

class Week:
    def __init__(self):
        self.programs = WORK / "programs"
        self.opening = None   # equity at the opening of the trading day
        self.main = self.two = None

    def start(self):
        """One stack after the other: each looks for ports that are free."""
        shutil.copytree(PROGRAMS, self.programs)
        begins = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=DAY_BEGINS_AFTER_SECONDS)
        day_start = f'"{begins.hour * 3600 + begins.minute * 60 + begins.second}s"'
        configuration = changed_configuration(WORK / "main-config", {"order-manager.toml": {"day_start": day_start}})
        disk = WORK / "main" / "data"
        mount_disk(disk)
        mount_disk(disk / "exchange")  # the venue has machines of its own
        self.main = Stack(WORK / "main", configuration, programs=self.programs)
        self.main.wait_ready()
        (WORK / "two").mkdir()
        self.two = Stack(WORK / "two")
        self.two.wait_ready()

    def stop(self):
        """What was wrong with the end, and the launcher's closing line."""
        if self.two is not None:
            self.two.stop()
        if self.main is None:
            return ["nothing was started"], ""
        code, lines = self.main.stop()
        return ([] if code == 0 else [" / ".join(lines[-3:])]), lines[-2] if len(lines) > 1 else ""

    def start_without_feed(self):
        """The second account is seen for the first time while no market data has come yet."""
        self.two.fault("feed-freeze")
        before = self.two.pid("gateway")
        self.two.kill("gateway")
        wait_until("another gateway runs", lambda: "not yet" if self.two.pid("gateway") in (None, before) else None)

    def scrape_value(self, name, **labels):
        text = self.main.metrics()
        return Scrape(text).value(name, **labels) if text is not None else None

    @staticmethod
    def command(stack, method, path):
        status = stack.command(method, path)
        if status != 200:
            raise Failed(f"{method} {path} is answered {status}")

    def live(self, begun):
        """Does everything at its minute until the week is over; returns what could not be done."""
        failures = []
        for minute, text, action in WEEK:
            time.sleep(max(0.0, begun + 60 * minute - time.time()))
            say(f"minute {(time.time() - begun) / 60:.1f}: {text}")
            try:
                action(self)
            except (Failed, OSError) as failed:
                failures.append(f"{text}: {failed}")
                say(f"FAILED: {failed}")
        time.sleep(max(0.0, begun + 60 * MINUTES - time.time()))
        return failures


# ---- what was told ----------------------------------------------------------------------------------------

def minute_of(text, begun):
    return (datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp() - begun) / 60


def told(notifications, begun):
    """{(account, alert): minute at which it began, notifications that say it fires, whether the last said it ended}."""
    found = {}
    for notification in notifications:
        labels = notification["groupLabels"]
        key = (labels.get("account", ""), labels["alertname"])
        if key[1] == "Watchdog":
            continue
        entry = found.setdefault(key, {"began": None, "firing": 0, "resolved": False})
        entry["resolved"] = notification["status"] == "resolved"
        if notification["status"] == "firing":
            entry["firing"] += 1
            began = min(minute_of(alert["startsAt"], begun) for alert in notification["alerts"])
            entry["began"] = began if entry["began"] is None else min(began, entry["began"])
    return found


def judge(found):
    """Rows (account, alert, expected, seen, what is wrong or None)."""
    rows = []
    for one in EXPECTED:
        expected = f"in minutes {one.since:g} to {one.until:g}, at most {one.most} times"
        entry = found.get((one.account, one.alert))
        if entry is None or entry["began"] is None:
            rows.append((one.account, one.alert, expected, "nothing", "nobody was told"))
            continue
        seen = f"minute {entry['began']:.1f}, {entry['firing']} times, " + (
            "its end told" if entry["resolved"] else "still firing")
        wrong = None
        if not one.since <= entry["began"] <= one.until:
            wrong = "not at its time"
        elif entry["firing"] > one.most:
            wrong = "told too often"
        elif entry["resolved"] != one.ends:
            wrong = "its end was not told" if one.ends else "it was said to be over"
        rows.append((one.account, one.alert, expected, seen, wrong))
    known = {(one.account, one.alert) for one in EXPECTED}
    for (account, alert), entry in sorted(found.items()):
        if (account, alert) not in known:
            began = "?" if entry["began"] is None else f"{entry['began']:.1f}"
            rows.append((account, alert, "nothing", f"minute {began}, {entry['firing']} times", "nobody can act on it"))
    return rows


def print_rows(rows):
    print(f"\n{'account':8} {'alert':26} {'expected':38} {'seen':44} result")
    for account, alert, expected, seen, wrong in rows:
        print(f"{account or '-':8} {alert:26} {expected:38} {seen:44} {'ok' if wrong is None else 'FAILED: ' + wrong}")


def main():
    if not namespaces.inside():
        code = namespaces.start_again(["--mount"], "tests.e2e.week_test")
        if code is None:
            print("week: nothing is proven: the small disk that gets full needs root or user namespaces")
        return 1 if code is None else code
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    failures, rows = [], []
    webhook, monitoring, week = Webhook(), None, Week()
    try:
        say("starting two stacks, Prometheus and Alertmanager")
        week.start()
        week.start_without_feed()
        begun = time.time()
        monitoring = Monitoring(WORK, week.main, webhook, 1)
        monitoring.wait_ready()
        monitoring.watch(TWO, week.two.aggregator)
        failures += week.live(begun)
        rows = judge(told(webhook.notifications, begun))
        if not any(one["groupLabels"]["alertname"] == "Watchdog" for one in webhook.notifications):
            failures.append("Watchdog was not notified")
    except Failed as failed:
        failures.append(str(failed))
    finally:
        if monitoring is not None:
            monitoring.stop()
        webhook.stop()
        wrong_end, closing = week.stop()
    failures += wrong_end
    print_rows(rows)
    wrong = sum(1 for row in rows if row[-1] is not None)
    for failure in failures:
        print(f"week: FAILED: {failure}")
    if not failures and not wrong:
        print(f"week: {len(rows)} alerts, each expected, in {MINUTES} minutes; {closing}")
    return 1 if failures or wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
