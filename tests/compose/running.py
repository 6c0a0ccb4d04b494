"""The stack in containers, as the checks that it shares with a stack under the launcher ask it (support/stack.py has
the same questions): from inside, with curl, wherever the engine runs."""

from concurrent.futures import ThreadPoolExecutor

from tests.compose.engine import Failed, docker
from tests.compose.view import AGGREGATOR

JOURNAL = "/var/lib/polybot/journal/journal.db"
# Place -> the service whose container has it, and its port there.
PLACES = {"api": ("gateway", 8080), "order-manager": ("order-manager", 8000),
          "venue-simulator": ("venue-simulator", 8000)}
REPLICA_DIGITS = 12      # a container's host name, which its replica is named after


class Running:
    def __init__(self, stack):
        self._stack = stack

    def ask(self, place, path, method="GET", timeout=10.0, token=None):
        """(status, text); status 0 without an answer."""
        if place == "metrics-aggregator":
            return self._stack.get(AGGREGATOR + path)
        service, port = PLACES[place]
        if place == "api" and token is None:
            token = self._token("read-token")
        options = ["--request", method] + (["--header", f"Authorization: Bearer {token}"] if token else [])
        try:
            return self._stack.curl(self._stack.container(service), f"http://localhost:{port}{path}", *options,
                                    timeout=timeout)
        except Failed:
            return 0, "it has no container"

    def metrics(self):
        """The text of a scrape; None while the aggregator does not answer."""
        status, text = self.ask("metrics-aggregator", "/metrics")
        return text if status == 200 else None

    def command(self, method, path, timeout=10.0):
        """A mutating API call; returns its status."""
        return self.ask("api", path, method, timeout, self._token("api-token"))[0]

    def _token(self, name):
        code, token = self._stack.execute("gateway", "cat", f"secrets/{name}")
        if code != 0:
            raise Failed(f"the API's {name} cannot be read")
        return token.strip()

    def journal_fold(self):
        """What order-manager says of the journal when it folds it again."""
        code, out = self._stack.execute("order-manager", "order-manager", "verify", "--json", "--orders", JOURNAL)
        if code != 0:
            raise Failed(f"the journal's fold is broken: {out.strip()[:300]}")
        return out

    def journal_export(self, what):
        """The rows of `order-manager export`, as text."""
        code, out = self._stack.execute("order-manager", "order-manager", "export", what, "--csv", JOURNAL)
        if code != 0:
            raise Failed(f"{what} cannot be exported: {out.strip()[:300]}")
        return out

    def replicas(self, service):
        """Names of those whose containers run."""
        names = self._stack.containers(service)
        if not names:
            return []
        with ThreadPoolExecutor(len(names)) as pool:
            told = pool.map(lambda name: docker("inspect", "--format", "{{.State.Running}} {{.Id}}", name), names)
            return sorted(line.split()[1][:REPLICA_DIGITS] for line in told if line.startswith("true"))
