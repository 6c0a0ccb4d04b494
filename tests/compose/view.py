"""The stack as its own parts see it: who is ready, what Prometheus scrapes, which alerts fire."""

import json
from concurrent.futures import ThreadPoolExecutor

from tests.compose.engine import Failed, run
from tests.compose.expectations import SERVICES
from tests.compose.report import as_text

PROMETHEUS = "http://prometheus:9090"
AGGREGATOR = "http://polybot:8000"


class View:
    def __init__(self, stack):
        self._stack = stack

    def other_status(self, url, wanted):
        """None when a GET answers with the wanted status, else what it answers."""
        status, _ = self._stack.get(url)
        return None if status == wanted else f"it answers {status}"

    def own_word(self, service):
        """Why a service is not ready, by its own /health/ready; None when it is."""
        containers = self._stack.containers(service)
        reasons = set() if containers else {"it has no container"}
        for container in containers:
            code, out, _ = run(["docker", "exec", container, "curl", "-s", "-m", "5",
                                "http://localhost:8000/health/ready"], timeout=20)
            answer = json.loads(out) if code == 0 else {"reasons": ["no answer"]}
            if answer.get("status") != "ready":
                reasons.add("; ".join(answer["reasons"]))
        return ", ".join(sorted(reasons)) or None

    def own_words(self, services=SERVICES):
        """{service: reason} of those that say themselves that they are not ready, or say nothing."""
        with ThreadPoolExecutor(len(services)) as pool:
            words = zip(services, pool.map(self.own_word, services))
            return {service: reason for service, reason in words if reason}

    def not_ready(self):
        """{service: reason} by the aggregator's word; by their own while it is away, and the simulator's."""
        status, body = self._stack.get(AGGREGATOR + "/health/ready/stack")
        if status == 0:
            return self.own_words()
        found = {entry["service"]: "; ".join(entry["reasons"]) for entry in json.loads(body)["not_ready"]}
        return found | self.own_words(["venue-simulator"])

    def not_ready_text(self):
        return as_text(self.not_ready())

    def ask(self, what, **query):
        """The data of an answer of Prometheus' API; Failed when there is none."""
        options = [option for key, value in query.items() for option in ("--data-urlencode", f"{key}={value}")]
        status, body = self._stack.get(f"{PROMETHEUS}/api/v1/{what}", "--get", *options)
        if status != 200:
            raise Failed(f"Prometheus does not answer {what} ({status})")
        return json.loads(body)["data"]

    def query(self, expression):
        """The value of an expression of one sample; 0 when it has none."""
        result = self.ask("query", query=expression)["result"]
        return float(result[0]["value"][1]) if result else 0.0

    def rule_rounds(self):
        """How often the rules were evaluated since Prometheus started; None when it is away."""
        try:
            return self.query("sum(prometheus_rule_group_iterations_total)")
        except Failed:
            return None

    def firing(self):
        """Alerts that fire, Watchdog aside; empty while Prometheus is away."""
        return self._alerts({"firing"})

    def _alerts(self, states):
        try:
            alerts = self.ask("alerts")["alerts"]
        except Failed:
            return set()
        found = set()
        for alert in alerts:
            labels = alert["labels"]
            if alert["state"] in states and labels["alertname"] != "Watchdog":
                service = f"({labels['service']})" if "service" in labels else ""
                found.add(labels["alertname"] + service)
        return found

    def not_quiet_text(self):
        """None when everything is ready and scraped, and nothing but Watchdog fires or is about to."""
        if text := self.not_ready_text():
            return text
        fine = self.query("min(up)") == 1 and self.query('count(ALERTS{alertname="Watchdog"})') == 1
        if not fine:
            return "Prometheus does not scrape everything yet"
        return ", ".join(sorted(self._alerts({"pending", "firing"}))) or None
