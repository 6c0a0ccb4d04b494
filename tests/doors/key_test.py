"""The venue key stays in order-manager: nobody traces it, no core dump of it holds the key, and its memory holds the
key once, in one locked page.

  /usr/bin/python3 -B -m tests.doors.key_test        (builds nothing; as root it looks into the memory, too)

Each refusal stands beside the same attempt on an ordinary process, where it succeeds.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.doors.processes import Folder, Program, is_root, without_powers
from tests.support.stack import FIRST_FILL, PROGRAMS, Stack, free_port, request
from tests.support.waiting import wait_until

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
ADDRESSES = ("quotes", "signals", "orders", "orders_recovery", "metrics", "status")
PASSPHRASE = "correct horse battery staple"


def as_same_user(attempt):
    """What attempt() returns in a child that is the user without powers; it must be an integer from 0 to 99."""
    child = os.fork()
    if child == 0:
        try:
            without_powers()
            os._exit(attempt())
        except BaseException:  # a child must not return into the test
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def trace(pid):
    """0 when this process may trace that one, else the error number."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_ATTACH, pid, None, None) != 0:
        return ctypes.get_errno()
    os.waitpid(pid, 0)
    libc.ptrace(PTRACE_DETACH, pid, None, None)
    return 0


def opened(path):
    """0 when this process may open that file for reading, else the error number."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return error.errno
    return 0


def mappings(pid):
    """(first, last, flags) of each readable mapping with memory of its own."""
    found = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if head:
            readable = head[3].startswith("r") and head[4] not in ("[vvar]", "[vsyscall]", "[vvar_vclock]")
            found.append([int(head[1], 16), int(head[2], 16), readable, ""])
        elif line.startswith("VmFlags:"):
            found[-1][3] = line.split(":", 1)[1].split()
    return [(first, last, flags) for first, last, readable, flags in found if readable]


def places_of(pid, needles):
    """{needle: [flags of the mapping it lies in, once for each time]}"""
    found = {needle: [] for needle in needles}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for first, last, flags in mappings(pid):
            try:
                memory.seek(first)
                content = memory.read(last - first)
            except OSError:  # a page that is only reserved
                continue
            for needle in needles:
                found[needle] += [flags] * content.count(needle)
    return found


class Alone(unittest.TestCase):
    """order-manager without the others: it waits for its venue, with its key in hand."""

    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)
        self.folder.write("passphrase", PASSPHRASE + "\n")
        self.key = os.urandom(32)
        plain = self.folder.write("plain", self.key.hex())
        done = subprocess.run([PROGRAMS / "order-manager", "key", "import", self.folder.path / "key", "--from", plain,
                               "--passphrase-file", self.folder.path / "passphrase"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        plain.unlink()
        self.folder.give("key")
        (self.folder.path / "journal").mkdir()
        self.folder.give("journal")
        nowhere = f"127.0.0.1:{free_port()}"
        settings = {"POLYBOT_JOURNAL__FILE": str(self.folder.path / "journal" / "journal.db"),
                    "POLYBOT_VENUE__PRIVATE_KEY_FILE": str(self.folder.path / "key"),
                    "POLYBOT_VENUE__PRIVATE_KEY_PASSPHRASE_FILE": str(self.folder.path / "passphrase"),
                    "POLYBOT_VENUE__REST": "http://" + nowhere, "POLYBOT_VENUE__GAMMA": "http://" + nowhere,
                    "POLYBOT_VENUE__USER_WS": f"ws://{nowhere}/ws/user"}
        settings |= {f"POLYBOT_BUS__{name.upper()}": f"ipc://{self.folder.path}/{name}.ipc" for name in ADDRESSES}
        self.program = Program("order-manager", self.folder, settings)
        self.addCleanup(self.program.stop)
        self.program.wait_alive()
        wait_until("it has opened its key", self._not_open, 60)
        self.ordinary = subprocess.Popen(["/bin/sleep", "600"], preexec_fn=without_powers, cwd=self.folder.path)
        self.addCleanup(self.ordinary.wait)
        self.addCleanup(self.ordinary.kill)

    def _not_open(self):
        # The journal is made with the account of the key.
        return None if (self.folder.path / "journal" / "journal.db").exists() else "no journal yet"

    def test_its_own_user_can_neither_trace_nor_read_it(self):
        if as_same_user(lambda: trace(self.ordinary.pid)) != 0:
            self.skipTest("this system lets no process be traced (yama), ours or not")
        self.assertIn(as_same_user(lambda: trace(self.program.pid)), (1, 13))  # EPERM, EACCES
        for name in ("mem", "environ", "maps"):
            self.assertEqual(as_same_user(lambda name=name: opened(f"/proc/{self.ordinary.pid}/{name}")), 0, name)
            self.assertEqual(as_same_user(lambda name=name: opened(f"/proc/{self.program.pid}/{name}")), 13, name)
        gcore = shutil.which("gcore")
        if gcore:
            core = str(self.folder.path / "gcore")
            made = subprocess.run([gcore, "-o", core, str(self.program.pid)], preexec_fn=without_powers,
                                  capture_output=True, text=True, check=False)
            self.assertFalse(list(self.folder.path.glob("gcore*")), made.stdout)
        self.assertFalse(self.program.ended(), "the attempts ended it")

    def test_no_signal_leaves_a_core_dump(self):
        os.kill(self.ordinary.pid, signal.SIGABRT)
        status = os.waitpid(self.ordinary.pid, 0)[1]
        self.ordinary.returncode = 0
        if not os.WCOREDUMP(status):
            self.skipTest("this system writes no core dumps, ours or not")
        for core in self.folder.path.glob("core*"):
            core.unlink()
        os.kill(self.program.pid, signal.SIGABRT)
        status = self.program.wait_end()
        self.assertEqual(os.WTERMSIG(status), signal.SIGABRT)
        self.assertFalse(os.WCOREDUMP(status))
        self.assertEqual(list(self.folder.path.glob("core*")), [])

    @unittest.skipUnless(is_root(), "only root can look into its memory")
    def test_its_memory_holds_the_key_in_one_locked_page(self):
        here = str(self.folder.path).encode()  # stands for what is no secret, so that the search is known to find
        found = places_of(self.program.pid, [self.key, self.key.hex().encode(), PASSPHRASE.encode(), here])
        self.assertTrue(found[here])
        self.assertEqual(found[self.key.hex().encode()], [])
        self.assertEqual(found[PASSPHRASE.encode()], [])
        self.assertEqual(len(found[self.key]), 1)
        self.assertLessEqual({"lo", "dd", "wf"}, set(found[self.key][0]))

    @unittest.skipUnless(is_root() and shutil.which("gcore"), "needs root and gcore (Debian: gdb)")
    def test_not_even_a_dump_by_root_holds_the_key(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["gcore", "-o", f"{folder}/core", str(self.program.pid)], capture_output=True, check=True)
            dump = Path(f"{folder}/core.{self.program.pid}").read_bytes()
        self.assertIn(str(self.folder.path).encode(), dump)
        for secret in (self.key, self.key.hex().encode(), PASSPHRASE.encode()):
            self.assertNotIn(secret, dump)


@unittest.skipUnless(is_root(), "only root can look into its memory")
class Trading(unittest.TestCase):
    """order-manager after it has signed orders: signing leaves copies of the key on the stack unless wiped."""

    def test_signing_leaves_no_copy(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        stack = Stack(Path(folder.name))
        self.addCleanup(stack.stop)
        stack.wait_ready()
        wait_until("the stack trades", lambda: self._no_fill(stack), 120)
        digits = (Path(folder.name) / "data" / "secrets" / "venue-key").read_text().strip().removeprefix("0x")
        key = bytes.fromhex(digits)
        pid = stack.pid("order-manager")
        found = places_of(pid, [key, digits.encode(), key[:16], key[16:], b"POLY_ADDRESS"])
        self.assertTrue(found[b"POLY_ADDRESS"])
        self.assertEqual(found[digits.encode()], [])
        for piece in (key, key[:16], key[16:]):
            self.assertEqual([set(flags) >= {"lo", "dd"} for flags in found[piece]], [True])

    @staticmethod
    def _no_fill(stack):
        status, text = request(stack.api + FIRST_FILL, timeout=3)
        return None if status == 200 and json.loads(text).get("fills") else "no fill yet"


if __name__ == "__main__":
    unittest.main(verbosity=2)
