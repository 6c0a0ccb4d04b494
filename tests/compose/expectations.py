"""What the stack promises, as tables: how each container is made, and what a killed process changes."""

from dataclasses import dataclass, field

# The five programs; on `bus` those that send heartbeats to the aggregator.
SERVICES = ("venue-simulator", "order-manager", "gateway", "strategy-runner", "metrics-aggregator")
ON_BUS = ("order-manager", "gateway", "strategy-runner", "metrics-aggregator")
OBSERVERS = ("prometheus", "alertmanager", "grafana")
# What runs to its end before the others start.
ONCE = ("permissions", "setup")

# All that is left to a container of root's powers: into folders that are closed, to open them.
CAPABILITIES = {"permissions": {"DAC_READ_SEARCH", "FOWNER"}}

# `down` stops them rank by rank, each when those before it have ended.
STOP_ORDER = ({"strategy-runner"}, {"gateway"}, {"order-manager"}, {"venue-simulator", "metrics-aggregator"})

NETWORKS = {
    "venue-simulator": {"venue"},
    "order-manager": {"bus", "venue"},
    "gateway": {"bus", "venue"},
    "strategy-runner": {"bus"},
    "metrics-aggregator": {"bus", "monitoring"},
    "prometheus": {"monitoring"},
    "alertmanager": {"monitoring"},
    "grafana": {"monitoring"},
}

# Container port -> the variable of .env that moves it; all on 127.0.0.1.
PORTS = {
    "gateway": {"8080/tcp": "API_PORT"},
    "metrics-aggregator": {"8000/tcp": "METRICS_PORT"},
    "prometheus": {"9090/tcp": "PROMETHEUS_PORT"},
    "grafana": {"3000/tcp": "GRAFANA_PORT"},
}

# Volume -> who mounts it, and whether for writing.
VOLUMES = {
    "venue-key": {"setup": True, "order-manager": False},
    "bus-authorities": {"setup": True, **dict.fromkeys(ON_BUS, False)},
    **{f"bus-{service}": {"setup": True, service: False} for service in ON_BUS},
    "journal": {"order-manager": True},
    "exchange": {"venue-simulator": True},
    "gateway": {"gateway": True},
    "metrics": {"metrics-aggregator": True},
    "prometheus": {"prometheus": True},
    "alertmanager": {"alertmanager": True},
    "grafana": {"grafana": True},
}

HEALTHCHECK = {
    "Test": ["CMD", "curl", "-f", "http://localhost:8000/health/live"],
    "Interval": 30 * 10**9,
    "Timeout": 10 * 10**9,
    "StartPeriod": 60 * 10**9,
    "Retries": 3,
}

LOGGING = {
    "Type": "json-file",
    "Config": {"max-size": "10m", "max-file": "5", "mode": "non-blocking", "max-buffer-size": "4m"},
}


@dataclass(frozen=True)
class Kill:
    """A process that is gone and stays gone, and all that this changes.

    not_ready: services whose own /health/ready no longer answers 200, the killed one among them.
    alerts: what fires, by name; those about one service as Name(service).
    leases_end: no lease survives it, even when it comes back at once.
    """

    service: str
    not_ready: frozenset = field(default_factory=frozenset)
    alerts: frozenset = field(default_factory=frozenset)
    leases_end: bool = False


def kill(service, not_ready, alerts, leases_end=False):
    return Kill(service, frozenset(not_ready.split()), frozenset(alerts.split()), leases_end)


# With Watchdog, which always fires, left out.
KILLS = (
    # No venue: the feed is stale and no order can be sent. Strategies still hear the clock, and wait.
    kill("venue-simulator",
         not_ready="venue-simulator gateway order-manager",
         alerts="ServiceNotReady(gateway) ServiceNotReady(order-manager) MarketDataStale VenueDisconnected"),
    # Leases are not renewed and orders not published: runners do not trade, the API does not know the orders, and
    # shards are not counted.
    kill("order-manager",
         not_ready="order-manager gateway strategy-runner",
         alerts="ServiceDown(order-manager) ServiceNotReady(order-manager) ServiceNotReady(gateway) "
                "ServiceNotReady(strategy-runner) StrategyNotRunning",
         leases_end=True),
    # No books: runners hear nothing and strategies have nothing to evaluate, which is no stall. With the shipped ranges
    # MarketDataStale follows; a range of 10 s instead of 5 m has forgotten the gateway's last time stamp
    # before that is 30 s old.
    kill("gateway",
         not_ready="gateway strategy-runner",
         alerts="ServiceDown(gateway) ServiceNotReady(gateway) ServiceNotReady(strategy-runner)"),
    kill("strategy-runner",
         not_ready="strategy-runner",
         alerts="ServiceDown(strategy-runner) ServiceNotReady(strategy-runner) StrategyNotRunning "
                "ShardsUnleased",
         leases_end=True),
    # Trading goes on unseen, and Prometheus says that it cannot see.
    kill("metrics-aggregator", not_ready="metrics-aggregator", alerts="MetricsDown"),
    kill("alertmanager", not_ready="", alerts="AlertDeliveryFailing"),
    # No process is left to raise an alert: its return raises none either.
    kill("prometheus", not_ready="", alerts=""),
)
