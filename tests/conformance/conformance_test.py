"""The venue's official clients against the built-in venue, and our orders against theirs.

Both clients are installed into the build folder, the simulator starts on free ports, and each client calls every public
method that it has; a table shows call -> outcome. Then each makes a thousand random orders, and what it would send is
compared byte by byte with what common/polymarket makes of the same terms: body, EIP-712 digest, signature and HMAC.
Exit code 1 when anything failed or differed. A client that cannot be installed (no npm, no pip, no network) is skipped
with a message.

  python3 -m tests.conformance.conformance_test [COUNT]    so many orders of each client, 1000 unless told
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.support.stack import PROGRAMS, free_port, request
from tests.support.waiting import BUILD, ROOT, Failed, say, wait_until

WORK = BUILD / "conformance"
HERE = ROOT / "tests" / "conformance"
SIGNER = BUILD / "release" / "tests" / "conformance" / "conformance_signer"
# What was read when this was written. A newer one may call what the simulator does not answer: raise it on purpose.
TYPESCRIPT = "@polymarket/clob-client-v2@1.1.0"
PYTHON = "py-clob-client-v2==1.2.1"
NODE_AT_LEAST = 20
CALLS_SECONDS, ORDERS_SECONDS = 180, 600
SHOWN_MAX = 5  # differences in full


class Skipped(Exception):
    """A client cannot be tried here; the text says why."""


# ---- the clients ----------------------------------------------------------------------------------------------------

def _install(folder, wanted, command, environment=None):
    """Runs the installation once for what is wanted."""
    mark = folder / "installed"
    if mark.exists() and mark.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "install.log"
    with open(log, "w") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, timeout=600,
                              env=os.environ | (environment or {}))
    if done.returncode != 0:
        raise Skipped(f"{command[0]} cannot install {wanted} (see {log})")
    mark.write_text(wanted)


class TypeScript:
    name = "TypeScript"

    def __init__(self):
        for program in ("npm", "node"):
            if shutil.which(program) is None:
                raise Skipped(f"{program} is not installed")
        version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
        if int(version.lstrip("v").split(".")[0]) < NODE_AT_LEAST:
            raise Skipped(f"node {version} is older than {NODE_AT_LEAST}, which {TYPESCRIPT} needs")
        self._folder = WORK / "typescript"
        _install(self._folder, TYPESCRIPT, ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                                            "--fetch-retries=1", "--prefix", ".", TYPESCRIPT])
        shutil.copy(HERE / "typescript_client.mjs", self._folder)

    def command(self, *arguments):
        return ["node", "typescript_client.mjs", *arguments]

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), cwd=self._folder, stdout=subprocess.PIPE, text=True,
                                stdin=subprocess.DEVNULL)


class Python:
    name = "Python"

    def __init__(self):
        if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
            raise Skipped(f"pip is not installed for {sys.executable}")
        self._folder = WORK / "python"
        _install(self._folder, PYTHON, [sys.executable, "-m", "pip", "install", "--quiet", "--target", ".",
                                        "--disable-pip-version-check", "--retries", "1", PYTHON])

    def start(self, *arguments):
        return subprocess.Popen([sys.executable, "-B", HERE / "python_client.py", *arguments], stdout=subprocess.PIPE,
                                text=True, stdin=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(self._folder)})


def lines_of(client, seconds, *arguments):
    process = client.start(*arguments)
    try:
        text, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed(f"the {client.name} client did not end within {seconds} s") from None
    if process.returncode != 0:
        raise Failed(f"the {client.name} client ended with {process.returncode} (see above)")
    return [json.loads(line) for line in text.splitlines()]


# ---- the venue ------------------------------------------------------------------------------------------------------

class Venue:
    """The simulator in a process of its own, with settlement in a fraction of a second."""

    def __init__(self):
        self.url, self._admin = (f"http://127.0.0.1:{port}" for port in (free_port(), free_port()))
        settings = {"API__PORT": self.url.rsplit(":", 1)[1], "ADMIN__PORT": self._admin.rsplit(":", 1)[1],
                    "DATA__FOLDER": str(WORK / "exchange"), "LOG__FILE": str(WORK / "venue.log")}
        for name in ("MINED", "CONFIRMED"):
            settings |= {f"SETTLEMENT__{name}_AFTER_MIN": "100ms", f"SETTLEMENT__{name}_AFTER_MAX": "300ms"}
        shutil.rmtree(WORK / "exchange", ignore_errors=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYBOT_")}
        environment |= {f"POLYBOT_{name}": value for name, value in settings.items()}
        config = ROOT / "deploy" / "config" / "venue-simulator.toml"
        self._process = subprocess.Popen([PROGRAMS / "venue-simulator", "--config", config], env=environment,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def open(self):
        """Waits until it answers and has traded, then lets the crowd rest, so that every number stays what it was."""
        wait_until("the venue answers", lambda: self._missing("/ok"), 30)
        wait_until("the crowd has traded", self._untraded, 60)
        request(f"{self._admin}/flow/pause", "POST")

    def _missing(self, path):
        if self._process.poll() is not None:
            raise Failed(f"the venue ended (see {WORK / 'venue.log'})")
        return None if request(self.url + path, timeout=3)[0] == 200 else "no answer"

    def _untraded(self):
        status, text = request(f"{self.url}/sampling-markets", timeout=3)
        if status != 200:
            return f"{status} {text[:80]}"
        tokens = [{"token_id": one["tokens"][0]["token_id"]} for one in json.loads(text)["data"]]
        status, text = request(f"{self.url}/last-trades-prices", "POST", tokens, timeout=3)
        traded = sum(1 for one in json.loads(text) if one["side"]) if status == 200 else 0
        return None if traded >= 3 else f"{traded} markets have"

    def close(self):
        self._process.terminate()
        self._process.wait(30)


# ---- calls ----------------------------------------------------------------------------------------------------------

def try_calls(client, venue):
    """[(call, outcome, detail)]"""
    rows = [(line["call"], line["outcome"], line["detail"])
            for line in lines_of(client, CALLS_SECONDS, "calls", venue.url)]
    width = max(len(call) for call, _, _ in rows)
    print(f"\nThe {client.name} client:")
    for call, outcome, detail in rows:
        print(f"  {call:{width}}  {outcome:6}  {detail[:100]}".rstrip())
    return rows


# ---- orders ---------------------------------------------------------------------------------------------------------

def _sign(made):
    """What common/polymarket makes of the terms, in their order."""
    text = "".join(json.dumps(one["terms"]) + "\n" for one in made)
    done = subprocess.run([SIGNER], input=text, capture_output=True, text=True, timeout=ORDERS_SECONDS)
    if done.returncode != 0:
        raise Failed(f"conformance_signer ended with {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _sorted(body):
    return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))


def differences(theirs, ours, same_order):
    """What of one order is not the same. The Python client writes the same members in another order: there the bodies
    are compared with their members sorted, and ours with what our parser makes of its very bytes."""
    if "error" in ours:
        return [f"we cannot make it: {ours['error']}"]
    body = theirs["terms"]["body"]
    pairs = {"digest": (theirs["digest"], ours["digest"]), "signature": (theirs["signature"], ours["signature"]),
             "HMAC": (theirs["hmac"], ours["hmac"] if same_order else ours["hmacOfTheirs"]),
             "body": (body, ours["body"]) if same_order else (_sorted(body), _sorted(ours["body"])),
             "body read back": (ours["body"], ours["rewritten"])}
    return [f"{name}: {one} is not {other}" for name, (one, other) in pairs.items() if one != other]


def compare_orders(client, count, seed):
    """(how many differ, a line that says what was compared)"""
    made = lines_of(client, ORDERS_SECONDS, "orders", str(count), str(seed))
    if len(made) != count:
        raise Failed(f"the {client.name} client made {len(made)} of {count} orders")
    wrong = 0
    for theirs, ours in zip(made, _sign(made), strict=True):
        found = differences(theirs, ours, client.name == "TypeScript")
        wrong += bool(found)
        if found and wrong <= SHOWN_MAX:
            print(f"  {client.name} order of seed {seed}: " + "; ".join(found))
    kinds = Counter((one["terms"]["orderType"], one["terms"]["exchange"]) for one in made)
    types = sorted({one["terms"]["signatureType"] for one in made})
    shaved = sum(one.get("shaved", False) for one in made)
    told = f", {shaved} of them a hundredth share short by binary rounding" if shaved else ""
    return wrong, (f"{count - wrong} of {count} orders identical ({len(kinds)} kinds of order and exchange, signature "
                   f"types {', '.join(types)}, seed {seed}{told})")


# ---- all of it ------------------------------------------------------------------------------------------------------

def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(os.environ.get("SEED") or secrets.randbelow(1_000_000))
    WORK.mkdir(parents=True, exist_ok=True)
    failed, tried, ends = 0, 0, []
    for kind in (TypeScript, Python):
        try:
            client = kind()
        except Skipped as why:
            say(f"venue-conformance: the {kind.name} client is skipped: {why}")
            continue
        tried += 1
        venue = Venue()
        try:
            venue.open()
            rows = try_calls(client, venue)
            wrong, text = compare_orders(client, count, seed)
        except Failed as why:
            rows, wrong, text = [("the client", "FAILED", str(why))], 0, str(why)
        finally:
            venue.close()
        bad = sum(1 for _, outcome, _ in rows if outcome != "ok")
        failed += bad + wrong
        ends.append(f"{client.name}: {len(rows) - bad} of {len(rows)} calls as at the venue; {text}")
    print()
    for line in ends:
        print(line)
    if tried == 0:
        say("venue-conformance: skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
