"""kill -9 of each container's process: it comes back by itself; and while one is kept down, exactly what
expectations.KILLS lists changes, and nothing else."""

from tests.compose import expectations
from tests.compose.engine import Failed, docker, wait_until
from tests.compose.expectations import ON_BUS, SERVICES
from tests.compose.report import as_text, demand
from tests.compose.view import AGGREGATOR
from tests.support import leases

RECOVERY_SECONDS = 120
ALERT_SECONDS = 120      # for the slowest rule: 30 s of old market data, and its `for`
ROUNDS_AFTER = 8         # evaluations of all rules that must bring nothing further


class Kills:
    def __init__(self, table, stack, view, running):
        self.table = table
        self.stack = stack
        self.view = view
        self.running = running

    def check(self):
        for expected in expectations.KILLS:
            name = f"kill -9 {expected.service}"
            if not self.table.check(f"{name}: restarts", lambda e=expected: self.restarts_by_itself(e)):
                continue
            self.table.check(f"{name}: changes", lambda e=expected: self.changes_what_is_listed(e))

    def restarts_by_itself(self, expected):
        self.wait_for_quiet()
        before = self.stack.inspect(expected.service)["RestartCount"]
        ended = leases.epochs(self.leases()) if expected.leases_end else set()
        self.stack.kill_process(expected.service)

        def missing():
            count = self.stack.inspect(expected.service)["RestartCount"]
            if count != before + 1:
                return f"started {count - before} times since"
            return self.view.own_word(expected.service) if expected.service in SERVICES else None
        itself = wait_until("restarted and ready", missing, RECOVERY_SECONDS, 0.2)
        # No runner trades before that. Until they hear that their leases have ended, they are ready with those.
        leased = itself + wait_until("every shard leased again", lambda: self.not_leased_again(ended),
                                     RECOVERY_SECONDS, 0.2)
        all_ready = leased + wait_until("all runners ready", lambda: as_text(self.view.own_words()), RECOVERY_SECONDS)
        again = f"every shard leased again after {leased:.1f} s, " if ended else ""
        return f"ready again after {itself:.1f} s, {again}all runners warm and ready after {all_ready:.1f} s"

    def leases(self):
        table = leases.read(self.running)
        demand(table is not None, "order-manager does not answer")
        return table

    def not_leased_again(self, ended):
        """`ended`: epochs that may not be in force any more; empty when none had to end."""
        return leases.missing_anew(leases.read(self.running), ended)

    def changes_what_is_listed(self, expected):
        self.wait_for_quiet()
        container = self.stack.container(expected.service)
        docker("update", "--restart=no", container)
        try:
            self.stack.kill_process(expected.service)
            detail = self.watch(expected)
        finally:
            docker("update", "--restart=unless-stopped", container)
            docker("start", container)
        recovered = wait_until(f"recovery from the loss of {expected.service}", self.view.not_quiet_text,
                               RECOVERY_SECONDS)
        return f"{detail}; quiet again after {recovered:.1f} s"

    def watch(self, expected):
        """Until all that is listed has happened, and for ROUNDS_AFTER evaluations more; nothing else may."""
        not_ready, alerts, told = {}, set(), []

        def look():
            not_ready.update(self.view.not_ready())
            if expected.service != "prometheus":
                alerts.update(self.view.firing())

        def missing():
            look()
            rest = (expected.not_ready - set(not_ready)) | (expected.alerts - alerts)
            return ", ".join(sorted(rest)) or None

        def unlisted():
            services = [f"{name} is not ready ({reason})" for name, reason in sorted(not_ready.items())
                        if name not in expected.not_ready]
            return "; ".join(services + sorted(alerts - expected.alerts))

        if expected.service in ON_BUS and expected.service != "metrics-aggregator":
            for what in (expected.service, "stack"):
                url = f"{AGGREGATOR}/health/ready/{what}"
                told.append(wait_until(f"503 at {url}",
                                       lambda url=url: self.view.other_status(url, 503), 10, 0.2))
        try:
            took = wait_until("the listed changes", missing, ALERT_SECONDS)
        except Failed as failure:
            raise Failed(f"{failure}; beside it: {unlisted() or 'nothing'}") from failure
        self.watch_rounds(look)
        own = self.view.own_words()
        demand(set(own) == expected.not_ready, f"by their own word, not ready are: {as_text(own)}")
        demand(not unlisted(), f"changed as well, and is not listed: {unlisted()}")
        changes = " ".join(sorted(expected.alerts)) or "no alert"
        seen = f"aggregator says so after {max(told):.1f} s, " if told else ""
        gone = " ".join(sorted(expected.not_ready)) or "none"
        return f"not ready: {gone}; {changes} ({seen}all after {took:.0f} s)"

    def watch_rounds(self, look):
        """Watches for ROUNDS_AFTER evaluations of the rules; not at all while Prometheus itself is away."""
        begin = self.view.rule_rounds()

        def missing():
            look()
            now = self.view.rule_rounds()
            if begin is None or now is None:
                return None
            return None if now - begin >= ROUNDS_AFTER else f"{now - begin:.0f} of {ROUNDS_AFTER} rounds"
        wait_until("nothing further", missing, 60)

    def wait_for_quiet(self):
        wait_until("a quiet stack", self.view.not_quiet_text, ALERT_SECONDS)
