"""A network of the run's own in which the bus loses packets; TCP sends them again, each time a little later.

Resets it does not send again, and more of them are lost.
"""

import shutil
import subprocess

# A reset is sent once: when it is lost, nobody tells the other end that a killed process is gone.
RESETS_LOST = 0.2
FIRST_BUS_PORT, LAST_BUS_PORT = 5550, 5577   # before the stack's offset


def lose(percent, offset):
    """From now on, of what arrives at the bus's ports or comes from them. Needs a network namespace of our own."""
    if shutil.which("iptables") is None:
        raise SystemExit("chaos: LOSS needs iptables; install the package iptables")
    ports = f"{FIRST_BUS_PORT + offset}:{LAST_BUS_PORT + offset}"
    for end in ("--dport", "--sport"):
        for flags, share in ((["--tcp-flags", "RST", "RST"], RESETS_LOST), ([], percent / 100)):
            subprocess.run(["iptables", "-A", "INPUT", "-p", "tcp", end, ports, *flags, "-m", "statistic",
                            "--mode", "random", "--probability", f"{share:.4f}", "-j", "DROP"], check=True)


def begin():
    """A new network namespace has a loopback that is down."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def lost():
    """How many packets were."""
    listed = subprocess.run(["iptables", "-L", "INPUT", "-v", "-x", "-n"], check=True, capture_output=True, text=True)
    return sum(int(line.split()[0]) for line in listed.stdout.splitlines() if "DROP" in line.split())
