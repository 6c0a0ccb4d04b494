"""What a web page in a browser on this host can try: it rebinds its name to loopback and reads, or posts elsewhere."""

import json

from tests.doors.attack import Attack, ask, must, refused
from tests.support.waiting import Failed

EVIL = "evil.example"


def _rebind(place, path):
    def make(run):
        host, port = run.place(place)
        answer = must(ask((host, port), "GET", path, {"Host": f"{EVIL}:{port}"}), 403)
        must(ask((host, port), "GET", path), 200, 503)  # health may be 503; it is told
        return answer
    return make


def _cross_site(place, method, path, untouched):
    def make(run):
        answer = must(ask(run.place(place), method, path, {"Origin": f"https://{EVIL}", "Content-Length": "0"}), 403)
        untouched(run)
        return answer
    return make


def _venue(run):
    return json.loads(run.stack.ask("venue-simulator", "/status")[1])


def _still_flows(run):
    if not _venue(run)["running"]:
        raise Failed("the page paused the venue")


def _still_trades(run):
    if json.loads(run.stack.ask("api", "/api/v1/status")[1])["trading"]["state"] != "active":
        raise Failed("the page changed the trading state")


def _venue_refused(reason):
    return lambda run: _venue(run)["refused_requests"][reason]


ATTACKS = (
    Attack("a page rebinds its name and reads /metrics", _rebind("metrics-aggregator", "/metrics"),
           refused(service="metrics-aggregator", port="admin", reason="host")),
    Attack("the same at order-manager's health", _rebind("order-manager", "/health"),
           refused(service="order-manager", port="admin", reason="host")),
    Attack("the same at the API's P&L", _rebind("api", "/api/v1/pnl"),
           refused(service="gateway", port="api", reason="host")),
    Attack("the same at the simulator's books", _rebind("venue-simulator", "/state"), _venue_refused("host")),
    Attack("a page of another site pauses the venue",
           _cross_site("venue-simulator", "POST", "/flow/pause", _still_flows), _venue_refused("origin")),
    Attack("a page of another site flattens",
           _cross_site("api", "POST", "/api/v1/trading/flatten", _still_trades),
           refused(service="gateway", port="api", reason="origin")),
)
