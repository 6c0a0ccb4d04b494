"""Tokens: none, guessed, revoked, of the wrong kind; and reading where it needs one."""

import subprocess
import threading

from tests.doors.attack import Attack, ask, must, refused, timed
from tests.support.stack import PROGRAMS, environment_of, free_port
from tests.support.waiting import Failed, wait_until

HALT = "/api/v1/trading/halt"
GUESS = "0123456789abcdef" * 4
GUESSES = 5


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


def _gateway(run, *words):
    done = subprocess.run([PROGRAMS / "gateway", "token", *words, run.stack.data], capture_output=True, text=True,
                          timeout=20, check=False)
    if done.returncode != 0:
        raise Failed(f"gateway token {' '.join(words)}: {done.stderr.strip()[:200]}")
    return done.stdout.strip()


def _no_token(run):
    return must(ask(run.place("api"), "POST", HALT), 401)


def _guess(run):
    """One guess after the other takes longer and longer; many at once are cut short; the operator halts meanwhile."""
    times = [timed(lambda: must(ask(run.place("api"), "POST", HALT, _bearer(GUESS)), 403)) for _ in range(GUESSES)]
    if times[-1] < 1.0 or times[-1] < 4 * times[0]:
        raise Failed(f"guesses are answered after {', '.join(f'{took:.2f}' for took in times)} s")
    answers = []
    crowd = [threading.Thread(target=lambda: answers.append(ask(run.place("api"), "POST", HALT, _bearer(GUESS)).status))
             for _ in range(16)]
    for guesser in crowd:
        guesser.start()
    halted = run.halt(within=1.0)
    for guesser in crowd:
        guesser.join()
    if 429 not in answers or not set(answers) <= {403, 429}:
        raise Failed(f"guesses at once are answered {sorted(answers)}")
    log = (run.stack.data / "logs" / "gateway.log").read_text()
    if "refused a token" not in log or GUESS in log:
        raise Failed("the log does not tell of them, or tells the token")
    return f"403 after {times[0]:.1f} to {times[-1]:.1f} s, 429; {halted}"


def _revoked(run):
    token = _gateway(run, "add", "mallory")
    halted = run.halt(within=1.0, token=token)
    _gateway(run, "revoke", "mallory")
    answer = must(ask(run.place("api"), "POST", HALT, _bearer(token)), 403)
    rows = run.stack.journal_export("commands").splitlines()
    if not any(row.endswith(",accepted,none,mallory") for row in rows):
        raise Failed("the journal does not name the token")
    return f"{halted}; then {answer}"


def _reader_commands(run):
    token = _gateway(run, "add", "looker", "--read")
    return must(ask(run.place("api"), "POST", HALT, _bearer(token)), 403)


def _listens_without(run):
    """A gateway that would be reached from elsewhere, with no token for reading, says so and ends."""
    environment = environment_of(run.stack.pid("gateway")) | {"POLYBOT_API__ADDRESS": "0.0.0.0"}
    environment.pop("POLYBOT_LOG__FILE", None)
    done = subprocess.run([PROGRAMS / "gateway", "--config", "deploy/config/gateway.toml"], env=environment,
                          capture_output=True, text=True, timeout=20, check=False)
    said = done.stdout + done.stderr
    if done.returncode != 1 or "api.read_token_file" not in said:
        raise Failed(f"it ends with {done.returncode}: {said[-200:]}")


def _reads_elsewhere(run):
    """One that has such a token: nothing is read without it, neither by HTTP nor as a stream."""
    _listens_without(run)
    port = free_port()
    folder = run.folder / "open-door"
    folder.mkdir(mode=0o700)
    token_file = folder / "read-token"
    bus = {f"POLYBOT_BUS__{name}": f"ipc://{folder}/{name.lower()}"
           for name in ("MARKET_DATA", "MARKET_DATA_RECOVERY", "QUOTES")}
    gateway = run.stack.second("gateway", free_port(), POLYBOT_REPLICA="open-door", POLYBOT_API__ADDRESS="0.0.0.0",
                               POLYBOT_API__PORT=str(port), POLYBOT_API__READ_TOKEN_FILE=str(token_file), **bus)
    try:
        address = ("127.0.0.1", port)
        wait_until("the gateway answers", lambda: None if ask(address, "GET", "/").status else "not yet", 20)
        stream = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        refusals = [must(ask(address, "GET", path, headers), 401)
                    for path, headers in (("/", {}), ("/api/v1/pnl", {}), ("/ws", stream))]
        token = token_file.read_text().strip()
        must(ask(address, "GET", "/api/v1/pnl", _bearer(token)), 200)
        must(ask(address, "POST", HALT, _bearer(token)), 403)
        wait_until("they are counted", lambda: None if refused(reason="no_token")(run) >= len(refusals) else "not yet",
                   15)
        return f"does not start without; {'/'.join(refusals)} with"
    finally:
        gateway.terminate()
        gateway.wait(20)


ATTACKS = (
    Attack("somebody commands without a token", _no_token, refused(port="api", reason="no_token")),
    Attack("somebody guesses tokens", _guess, refused(port="api", reason="wrong_token"), least=GUESSES + 16),
    Attack("a revoked token commands", _revoked, refused(port="api", reason="revoked_token")),
    Attack("a token for reading commands", _reader_commands, refused(port="api", reason="read_only_token")),
    Attack("somebody reads an API that listens beyond loopback", _reads_elsewhere,
           refused(port="api", reason="no_token"), least=3),
)
