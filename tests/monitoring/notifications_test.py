"""What an operator is told of one trouble: the shipped Alertmanager configuration in a real Alertmanager.

Each case is the alerts that fire together; all of them but those named are silenced by another one.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import yaml

from tests.support.stack import free_port, request
from tests.support.waiting import ROOT, Failed, wait_until

CONFIGURATION = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"


def alert(text, account):
    """'VenueDisconnected channel=user' -> its labels."""
    name, *labels = text.split()
    severity = next(rule["labels"]["severity"] for group in rules() for rule in group["rules"]
                    if rule.get("alert") == name)
    return {"alertname": name, "account": account, "severity": severity, **dict(one.split("=") for one in labels)}


def text_of(labels):
    return " ".join([labels["alertname"], *(f"{name}={value}" for name, value in sorted(labels.items())
                                            if name not in ("alertname", "account", "severity"))])


@functools.cache
def rules():
    return yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]


def names_in(matchers):
    """Of `alertname = "X"` and `alertname =~ "X|Y"`."""
    for matcher in matchers:
        if matcher.startswith("alertname"):
            return set(matcher.split('"')[1].split("|"))
    return set()


class Alertmanager:
    """Started as the containers start it; `settings` are variables of start.sh."""

    def __init__(self, **settings):
        program = shutil.which("prometheus-alertmanager")
        if program is None:
            raise Failed("there is no prometheus-alertmanager: deploy/install-packages.sh e2e")
        self._folder = tempfile.TemporaryDirectory()
        self._url = f"http://127.0.0.1:{free_port()}"
        self._process = subprocess.Popen(
            ["sh", CONFIGURATION.parent / "start.sh", f"--storage.path={self._folder.name}",
             "--cluster.listen-address=", f"--web.listen-address={self._url.removeprefix('http://')}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "ALERTMANAGER": program, "TMPDIR": self._folder.name, **settings})
        wait_until("Alertmanager is ready", lambda: None if request(self._url + "/-/ready")[0] == 200 else "starting")

    def fire(self, alerts):
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        asked = urllib.request.Request(self._url + "/api/v2/alerts", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(asked, timeout=10).close()

    def told(self):
        """(account, text) of everything that fires and that nothing else silences."""
        _, answer = request(self._url + "/api/v2/alerts?inhibited=true")
        return [(one["labels"]["account"], text_of(one["labels"])) for one in json.loads(answer)
                if one["status"]["state"] != "suppressed"]

    def stop(self):
        self._process.terminate()
        self._process.wait(20)
        self._folder.cleanup()


class Switch(http.server.BaseHTTPRequestHandler):
    """A dead-man's switch: remembers what it hears."""

    heard = []

    def do_POST(self):
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class DeadMan(unittest.TestCase):
    def test_the_switch_that_is_configured_hears_the_watchdog_alone(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Switch)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        alertmanager = Alertmanager(DEADMAN_URL=f"http://127.0.0.1:{server.server_port}/ping/1")
        self.addCleanup(alertmanager.stop)
        alertmanager.fire([alert("Drawdown strategy=all", "main"), alert("Watchdog", "main")])
        wait_until("the switch hears something", lambda: None if Switch.heard else "nothing yet", 20)
        self.assertEqual({one["labels"]["alertname"] for told in Switch.heard for one in told["alerts"]}, {"Watchdog"})


class Notifications(unittest.TestCase):
    """Each test has an account of its own, and accounts do not meet."""

    @classmethod
    def setUpClass(cls):
        cls.alertmanager = Alertmanager()
        cls.addClassCleanup(cls.alertmanager.stop)

    def assert_told(self, expected, *texts):
        """Of these, which fire together, exactly the expected ones reach somebody."""
        account = f"{self._testMethodName} {len(expected)} {texts[0]}"
        self.alertmanager.fire([alert(text, account) for text in texts])

        def told():
            return sorted(text for of, text in self.alertmanager.told() if of == account)
        try:
            wait_until("the expected notifications", lambda: None if told() == sorted(expected) else "others", 20)
        except Failed:
            self.assertEqual(told(), sorted(expected))

    def test_a_venue_that_is_away_is_one_page(self):
        channels = [f"VenueDisconnected channel={channel}" for channel in ("market", "user", "rest", "heartbeat")]
        self.assert_told(channels, *channels, "MarketDataStale venue=polymarket", "MarksStale strategy=x",
                         "StrategyStalled strategy=x", "ServiceNotReady service=gateway",
                         "ServiceNotReady service=order-manager", "ServiceNotReady service=strategy-runner",
                         "OrderStuck strategy=x", "OrdersAmbiguous strategy=x", "SubmissionsPaused reason=forbidden")

    def test_a_feed_that_stands_still_is_one_page(self):
        self.assert_told(["MarketDataStale venue=polymarket"], "MarketDataStale venue=polymarket",
                         "MarksStale strategy=x", "StrategyStalled strategy=x", "ServiceNotReady service=gateway",
                         "ServiceNotReady service=strategy-runner")

    def test_a_service_that_is_down_is_one_page(self):
        self.assert_told(["ServiceDown service=order-manager"], "ServiceDown service=order-manager",
                         "ServiceNotReady service=order-manager", "ServiceNotReady service=gateway",
                         "ServiceNotReady service=strategy-runner", "StrategyNotRunning strategy=x",
                         "ShardsUnleased strategy=x")
        self.assert_told(["ServiceDown service=gateway"], "ServiceDown service=gateway",
                         "ServiceNotReady service=gateway", "ServiceNotReady service=strategy-runner",
                         "MarksStale strategy=x", "MarketDataStale venue=polymarket")
        self.assert_told(["ServiceDown service=strategy-runner"], "ServiceDown service=strategy-runner",
                         "ServiceNotReady service=strategy-runner", "StrategyNotRunning strategy=x",
                         "ShardsUnleased strategy=x")

    def test_a_service_that_ends_again_and_again_is_one_page(self):
        self.assert_told(["ServiceCrashLooping service=order-manager"], "ServiceCrashLooping service=order-manager",
                         "ServiceNotReady service=order-manager", "ServiceNotReady service=strategy-runner",
                         "StrategyNotRunning strategy=x", "ShardsUnleased strategy=x")
        self.assert_told(["ReplicaCrashLooping service=strategy-runner", "ServiceNotReady service=gateway"],
                         "ReplicaCrashLooping service=strategy-runner", "ReplicaNotReady service=strategy-runner",
                         "ShardsUnleased strategy=x", "ServiceNotReady service=gateway")

    def test_a_full_disk_silences_its_consequences_alone(self):
        told = ["DiskFull service=order-manager", "TradingHalted strategy=all", "VenueDisconnected channel=heartbeat"]
        effects = ["ServiceNotReady service=order-manager", "ServiceNotReady service=gateway",
                   "ServiceNotReady service=strategy-runner", "StrategyNotRunning strategy=x"]
        self.assert_told(told, *told, *effects, "DiskFillingUp service=order-manager")

    def test_a_disk_that_is_only_low_silences_nothing(self):
        told = ["DiskFillingUp service=order-manager", "ServiceNotReady service=order-manager",
                "StrategyNotRunning strategy=x"]
        self.assert_told(told, *told)

    def test_a_heartbeat_that_is_not_taken_silences_no_trouble_of_orders(self):
        told = ["VenueDisconnected channel=heartbeat", "OrderStuck strategy=x", "AccountReadingsFailing"]
        self.assert_told(told, *told)

    def test_an_api_that_fails_is_one_page(self):
        burns = ["ApiErrorRatio", "ApiAvailabilityBurnFast", "ApiAvailabilityBurnSlow", "ApiLatencyBurnFast",
                 "ApiLatencyBurnSlow"]
        self.assert_told(["ApiAvailabilityBurnFast", "ApiLatencyBurnFast"], *burns)
        self.assert_told(["ServiceDown service=order-manager"], "ServiceDown service=order-manager", *burns)

    def test_a_probe_repeats_nobody(self):
        probe = "ProbeFailing target=http://polybot:8000/health/ready/stack"
        self.assert_told([probe], probe)
        for cause in ("MetricsDown", "ServiceDown service=gateway", "VenueDisconnected channel=rest",
                      "MarketDataStale venue=polymarket", "ServiceNotReady service=gateway"):
            self.assert_told([cause], cause, probe)
        other = "ProbeFailing target=http://gateway:8080/api/v1/status"
        self.assert_told(["ServiceNotReady service=gateway", other], "ServiceNotReady service=gateway", other)

    def test_what_is_about_money_is_told_whatever_else_is_down(self):
        money = ["DailyLossBreached", "DailyLossNear strategy=all", "Drawdown strategy=all", "VenueDrift kind=cash",
                 "TradingHalted strategy=all", "LegsUnhedged strategy=x", "OrderAccountingBroken strategy=x",
                 "AccountRowsUnread kind=trade", "CommandUnacknowledged method=POST"]
        self.assert_told([*money, "MetricsDown"], *money, "MetricsDown", "ServiceDown service=order-manager",
                         "VenueDisconnected channel=rest")

    def test_no_account_silences_another(self):
        self.assert_told(["VenueDisconnected channel=market"], "VenueDisconnected channel=market")
        self.assert_told(["ServiceDown service=gateway"], "ServiceDown service=gateway")
        effects = ["MarketDataStale venue=polymarket", "ServiceNotReady service=order-manager"]
        self.assert_told(effects, *effects)

    def test_what_may_be_silenced_waits_for_its_cause(self):
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        waiting = set().union(*(names_in(route["matchers"]) for route in configuration["route"]["routes"]
                                if route["group_wait"] == "45s"))
        causes = set().union(*(names_in(rule["source_matchers"]) for rule in configuration["inhibit_rules"]))
        silenced = set().union(*(names_in(rule["target_matchers"]) for rule in configuration["inhibit_rules"]))
        # A cause does not wait, unless it may itself be the consequence of another one.
        self.assertEqual(silenced - waiting, {"ServiceDown", "VenueDisconnected"})
        self.assertEqual(causes & waiting, {"MarketDataStale", "StrategyNotRunning", "ServiceNotReady",
                                            "ApiAvailabilityBurnFast", "ApiLatencyBurnFast"})

    def test_a_cause_outlasts_what_it_silences(self):
        """Else its consequences would be told when all is over."""
        kept = {rule["alert"]: int(rule["keep_firing_for"].removesuffix("m"))
                for group in rules() for rule in group["rules"] if "keep_firing_for" in rule}
        for rule in yaml.safe_load(CONFIGURATION.read_text())["inhibit_rules"]:
            for cause in names_in(rule["source_matchers"]) & kept.keys():
                for effect in names_in(rule["target_matchers"]) & kept.keys() - {cause}:
                    self.assertGreater(kept[cause], kept[effect], f"{cause} silences {effect}")

    def test_every_name_is_an_alert(self):
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        known = {rule["alert"] for group in rules() for rule in group["rules"] if "alert" in rule}
        named = set().union(*(names_in(route["matchers"]) for route in configuration["route"]["routes"]),
                            *(names_in(rule[which]) for rule in configuration["inhibit_rules"]
                              for which in ("source_matchers", "target_matchers")))
        self.assertEqual(named - known, set())


if __name__ == "__main__":
    unittest.main()
