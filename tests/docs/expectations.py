"""What each fenced command of README.md and deploy/README.md must do, in the order of the documents.

A command without an expectation fails the test, and so does an expectation without a command. `Prints` is typed and
must print so and end with that code; `Starts` is a stack that is started, looked at and stopped with Ctrl-C; `Serves`
goes on in the background. `NotTyped` says why another test types a command.

Stacks beside and after the first one are left out by `docs_test.py --quick`, which is part of `make test`.
"""

import json
from dataclasses import dataclass
from typing import Callable

# ---- when a command is typed ---------------------------------------------------------------------------------------

RUNNING = "running"      # while the stack of the first `make run` trades
STOPPED = "stopped"      # when no stack runs any more
BESIDE = "beside"        # a second stack, while the first trades
AFTERWARDS = "afterwards"  # when the first stack has stopped, one after the other

# ---- why a command is not typed ------------------------------------------------------------------------------------

CONTAINERS = "needs a container engine: make compose-test"
PACKAGE = "needs root and an installed package: make package-test"
THIS_TEST = "is what runs this test"
RECORDING = "needs a recording, which no checkout has"
INTERNET = "reads the real venue: make paper-test"
REAL = "trades with real money: make live-test"


@dataclass(frozen=True)
class NotTyped:
    reason: str


@dataclass(frozen=True)
class Prints:
    pattern: str = r"\A\Z"  # searched in what it prints, line by line; unless told, it prints nothing
    when: str = RUNNING
    code: int = 0
    # What else must be so afterwards: None, or what is wrong.
    check: Callable = lambda terminal: None


@dataclass(frozen=True)
class Starts:
    until: str = r"^ready: "
    when: str = AFTERWARDS
    check: Callable = lambda terminal: None
    meanwhile: tuple = ()  # commands of the same document


@dataclass(frozen=True)
class Serves:
    check: Callable  # asked until it returns None


@dataclass(frozen=True)
class Meanwhile:
    """Typed while the stack runs that names it."""
    check: Callable
    pattern: str = ""


# ---- what must be so -----------------------------------------------------------------------------------------------


def _answers(port, path, wanted):
    def check(terminal):
        text = terminal.fetch(port, path)
        return None if wanted in text else f"{path} on {port} does not say {wanted}: {text[:200]}"
    return check


def _all(*checks):
    return lambda terminal: next((wrong for check in checks if (wrong := check(terminal)) is not None), None)


def _is_there(path):
    return lambda terminal: None if (terminal.folder / path).exists() else f"there is no {path}"


def _is_private(path):
    def check(terminal):
        mode = (terminal.folder / path).stat().st_mode & 0o777
        return None if mode == 0o600 else f"{path} has mode {mode:o}"
    return check


def _begins(path, line):
    def check(terminal):
        text = (terminal.folder / path).read_text()
        return None if text.startswith(line + "\n") else f"{path} begins {text[:100]!r}"
    return check


def _has(path, words):
    return lambda terminal: None if words in (terminal.folder / path).read_text() else f"{path} does not say {words!r}"


def _json_logs(terminal):
    line = (terminal.folder / "data/sim/logs/gateway.log").read_text().splitlines()[-1]
    try:
        return None if json.loads(line).get("service") == "gateway" else f"a log line of another: {line[:200]}"
    except ValueError:
        return f"a log line is no JSON: {line[:200]}"


def _runners(number):
    def check(terminal):
        runners = json.loads(terminal.fetch(8000, "/health") or "{}").get("services", {}).get("strategy-runner", {})
        return None if runners.get("ready") == number else f"runners: {str(runners)[:200]}"
    return check


def _state(strategy, key, value):
    """What the API says of a strategy right after the command."""
    def check(terminal):
        text = terminal.fetch(8080, "/api/v1/strategies")
        rows = {row["name"]: row for row in json.loads(text or "{}").get("strategies", [])}
        found = rows.get(strategy, {}).get(key)
        return None if found == value else f"{strategy} has {key} {found!r}, not {value!r}"
    return check


def _up(terminal):
    text = terminal.fetch(9090, '/api/v1/query?query=up{job="polybot"}')
    found = json.loads(text or "{}").get("data", {}).get("result", [])
    return None if found and found[0]["value"][1] == "1" else "Prometheus does not see the stack yet"


# README.md, "What `make run` shows".
_SHOWN = _all(_answers(8080, "/", "polybot gateway"), _answers(8000, "/metrics", "polybot_build_info"),
              _answers(8000, "/health", '"order-manager"'), _is_there("data/sim/journal/journal.db"),
              _is_there("data/sim/logs/gateway.log"), _is_there("data/sim/secrets/api-token"))
_ACCEPTED = r'"status":"accepted"'
_VERIFIED = r"^journal [0-9a-f]{16}, record \d+, digest [0-9a-f]{16}$"
_ACCOUNT = r"^0x[0-9a-fA-F]{40}$"
_PNL = "record,time,strategy,realized,unrealized,total,daily,drawdown"

EXPECTATIONS = {
    "README.md": [
        ("make run", Starts(when=RUNNING, check=_SHOWN)),
        ("make test", NotTyped(THIS_TEST)),
        ("make run SEED=7 DATA=/tmp/seven", Starts(check=_is_there("tmp/seven/journal/journal.db"))),
        ("make run RUNNERS=3", Starts(check=_runners(3), meanwhile=("make scale RUNNERS=2",))),
        ("make scale RUNNERS=2", Meanwhile(check=_runners(2))),
        ("make run PORT_OFFSET=100 DATA=/tmp/second",
         Starts(when=BESIDE, check=_answers(8180, "/", "polybot gateway"))),
        ("make run EDGE=0", Starts()),
        ("make run RECORDING=frames.jsonl.zst SPEED=20", NotTyped(RECORDING)),
        ("make token", Prints(r"^[0-9a-f]{32,}$")),
        ("LOG_FORMAT=json make run", Starts(check=_json_logs)),
        ("make run MODE=paper", NotTyped(INTERNET)),
        ("build/release/bin/polybot doctor", NotTyped(REAL)),
        ("make run MODE=live CONFIG=my-config", NotTyped(REAL)),
        ("build/release/bin/polybot livetest", NotTyped(REAL)),
        ("docker compose up", NotTyped(CONTAINERS)),
        ("make package", NotTyped(PACKAGE)),
        ("sudo apt install ./polybot_0.1.0-1~deb12_amd64.deb", NotTyped(PACKAGE)),
        ("sudo systemctl enable --now polybot.target", NotTyped(PACKAGE)),
    ],
    "deploy/README.md": [
        ("make run", Starts(check=_answers(8080, "/", "polybot gateway"))),
        ("make run DATA=/srv/polybot SEED=7", Starts(check=_is_there("srv/polybot/journal/journal.db"))),
        ("make run DATA=/srv/two PORT_OFFSET=100", Starts(when=BESIDE, check=_answers(8180, "/", "polybot gateway"))),
        ("systemctl enable --now polybot.target", NotTyped(PACKAGE)),
        ("systemctl enable --now polybot-strategy-runner@2", NotTyped(PACKAGE)),
        ("systemctl stop polybot.target 'polybot-*'", NotTyped(PACKAGE)),
        ("journalctl -u 'polybot-*' -f", NotTyped(PACKAGE)),
        ("cat /var/lib/polybot/gateway/secrets/api-token", NotTyped(PACKAGE)),
        ("polybot-order-manager verify /var/lib/polybot/journal/journal.db", NotTyped(PACKAGE)),
        ("mkdir -p /tmp/polybot-monitoring/user", Prints()),
        ("cp deploy/prometheus/alerts.yml /tmp/polybot-monitoring/", Prints()),
        ("cp deploy/README.md /tmp/polybot-monitoring/user/runbook.txt", Prints()),
        ("sed 's/polybot:8000/127.0.0.1:8000/; s/alertmanager:9093/127.0.0.1:9093/' deploy/prometheus/prometheus.yml"
         " >/tmp/polybot-monitoring/prometheus.yml", Prints()),
        ("prometheus-alertmanager --config.file=deploy/alertmanager/alertmanager.yml --cluster.listen-address="
         " --storage.path=/tmp/polybot-monitoring/alertmanager --web.listen-address=127.0.0.1:9093 &",
         Serves(_answers(9093, "/-/ready", "OK"))),
        ("prometheus --config.file=/tmp/polybot-monitoring/prometheus.yml --web.listen-address=127.0.0.1:9090"
         " --web.external-url=http://127.0.0.1:9090 --rules.alert.for-grace-period=0s --rules.alert.resend-delay=2m"
         " --storage.tsdb.path=/tmp/polybot-monitoring/data --storage.tsdb.retention.time=30d"
         " --storage.tsdb.retention.size=8GB --web.user-assets=/tmp/polybot-monitoring/user", Serves(_up)),
        ('curl -fs http://127.0.0.1:8000/health/ready/stack || echo "somebody is not ready"',
         Prints(r'"status":"ready"')),
        ("curl -fs $API/api/v1/status", Prints(r'"trading_state":"active"')),
        ("build/release/bin/order-manager export pnl --csv data/sim/journal/journal.db >pnl.csv",
         Prints(check=_begins("pnl.csv", _PNL))),
        ("docker compose exec order-manager order-manager verify journal/journal.db", NotTyped(CONTAINERS)),
        ("docker compose exec -T order-manager order-manager export pnl --csv journal/journal.db >pnl.csv",
         NotTyped(CONTAINERS)),
        ("docker compose run --rm --no-deps order-manager order-manager verify journal/journal.db",
         NotTyped(CONTAINERS)),
        ("amtool check-config deploy/alertmanager/alertmanager.yml", Prints("SUCCESS")),
        ("amtool alert add alertname=test severity=critical --annotation='summary=\"A test\"'"
         " --alertmanager.url=http://127.0.0.1:9093",
         Prints(check=_answers(9093, "/api/v2/alerts", '"alertname":"test"'))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" $API/api/v1/trading/halt',
         Prints(_ACCEPTED, check=_state("momentum", "trading_state", "halted"))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" "$API/api/v1/trading/halt?reason=venue+upgrade&for=2h"',
         Prints(_ACCEPTED, check=_state("momentum", "stated_reason", "venue upgrade"))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" $API/api/v1/trading/reduce',
         Prints(_ACCEPTED, check=_state("momentum", "trading_state", "reducing"))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" $API/api/v1/trading/flatten',
         Prints(_ACCEPTED, check=_state("momentum", "trading_state", "reducing"))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" $API/api/v1/trading/resume',
         Prints(_ACCEPTED, check=_state("momentum", "trading_state", "active"))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" "$API/api/v1/trading/halt?strategy=momentum"',
         Prints(_ACCEPTED, check=_state("momentum", "trading_state", "halted"))),
        ('curl -fsX POST -H "Authorization: Bearer $TOKEN" $API/api/v1/strategies/momentum/stop',
         Prints(_ACCEPTED, check=_state("momentum", "enabled", False))),
        ("build/release/bin/gateway token add alice data/sim", Prints(r"^[0-9a-f]{64}$")),
        ("build/release/bin/gateway token add dashboard --read data/sim", Prints(r"^[0-9a-f]{64}$")),
        ("build/release/bin/gateway token list data/sim", Prints(r"\Aalice command\ndashboard read\n?\Z")),
        ("build/release/bin/gateway token revoke alice data/sim",
         Prints(check=_has("data/sim/secrets/api-tokens", "alice revoked "))),
        ("build/release/bin/order-manager export commands --csv data/sim/journal/journal.db",
         Prints(r"^\d+,[^,]+,[0-9a-f]{32},accepted,none,default$")),
        ("build/release/bin/order-manager backup data/sim/journal/journal.db backup.db",
         Prints(r"^backup\.db: up to record \d+$", check=_is_there("backup.db"))),
        ("build/release/bin/order-manager verify backup.db", Prints(_VERIFIED)),
        ("docker compose exec order-manager mkdir journal/backup", NotTyped(CONTAINERS)),
        ("docker compose exec order-manager order-manager backup journal/journal.db journal/backup/journal.db",
         NotTyped(CONTAINERS)),
        ("docker compose exec order-manager order-manager verify journal/backup/journal.db", NotTyped(CONTAINERS)),
        ('docker cp "$(docker compose ps -q order-manager)":/var/lib/polybot/journal/backup .', NotTyped(CONTAINERS)),
        ("docker compose exec order-manager rm -r journal/backup", NotTyped(CONTAINERS)),
        ('build/release/bin/order-manager backup data/sim/journal/journal.db "backup-$(date -u +%F).db"',
         Prints(r"^backup-\d{4}-\d\d-\d\d\.db: up to record \d+$")),
        ("build/release/bin/order-manager backup --force data/sim/journal/journal.db backup.db",
         Prints(r"^backup\.db: up to record \d+$")),
        ("build/release/bin/order-manager restore backup.db data/sim/journal/journal.db",
         Prints(r"^data/sim/journal/journal\.db: restored up to record \d+", when=STOPPED)),
        ("docker compose stop order-manager", NotTyped(CONTAINERS)),
        ("tar -c backup | docker compose run --rm --no-deps -T order-manager tar -C journal -x", NotTyped(CONTAINERS)),
        ("docker compose run --rm --no-deps order-manager order-manager restore journal/backup/journal.db",
         NotTyped(CONTAINERS)),
        ("docker compose run --rm --no-deps order-manager rm -r journal/backup", NotTyped(CONTAINERS)),
        ("docker compose up -d", NotTyped(CONTAINERS)),
        ("(umask 077; head -c 24 /dev/urandom | base64 >passphrase)", Prints(check=_is_there("passphrase"))),
        ("build/release/bin/order-manager key new venue.json --passphrase-file passphrase",
         Prints(_ACCOUNT, check=_is_private("venue.json"))),
        ("build/release/bin/order-manager key import own.json --from data/sim/secrets/venue-key"
         " --passphrase-file passphrase", Prints(_ACCOUNT, check=_is_private("own.json"))),
        ("(umask 077; head -c 24 /dev/urandom | base64 >next)", Prints(check=_is_there("next"))),
        ("build/release/bin/order-manager key change own.json --passphrase-file passphrase --new-passphrase-file next",
         Prints(_ACCOUNT, check=_is_private("own.json"))),
        ("build/release/bin/order-manager key show own.json --passphrase-file next", Prints(_ACCOUNT)),
        ("build/release/bin/order-manager key wallets own.json --passphrase-file next",
         Prints(r"^  safe +signature type 2  0x[0-9a-fA-F]{40}$")),
        ("build/release/bin/order-manager archive --before 2026-10-01 data/sim/journal/journal.db",
         Prints("^nothing to move: ", when=STOPPED)),
        ("build/release/bin/order-manager verify data/sim/journal/journal.db", Prints(_VERIFIED, when=STOPPED)),
        ("docker compose stop order-manager", NotTyped(CONTAINERS)),
        ("docker compose run --rm --no-deps order-manager order-manager archive --before 2026-10-01"
         " journal/journal.db", NotTyped(CONTAINERS)),
        ("docker compose run --rm --no-deps order-manager order-manager verify journal/journal.db",
         NotTyped(CONTAINERS)),
        ("docker compose start order-manager", NotTyped(CONTAINERS)),
        ("UPDATES=$(date -u +%F) docker compose build", NotTyped(CONTAINERS)),
        ("docker compose down", NotTyped(CONTAINERS)),
        ("docker compose up -d", NotTyped(CONTAINERS)),
    ],
}
