"""What is small outside and large inside is refused, or passed over, in bounded memory: recordings that unpack to
gigabytes, compressed requests, JSON nested deep, a keystore whose derivation would take all memory.

  /usr/bin/python3 -B -m tests.doors.bombs_test      (builds nothing)
"""

import gzip
import json
import os
import socket
import struct
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from tests.doors.processes import Folder, Program
from tests.support.stack import PROGRAMS, free_port, request
from tests.support.waiting import wait_until

MIB = 1 << 20
# Of a process that reads such a thing; an idle one has some 30.
CEILING_MIB = 256
DEEP = "[" * 64 + "]" * 64


def zstd(*parts):
    """A frame of zstd (RFC 8878) by hand: bytes stand for themselves, (byte, count) for a run of that byte, of which
    four bytes hold 128 KiB."""
    blocks = []
    for part in parts:
        if isinstance(part, bytes):
            blocks += [(0, len(part[at:at + 65536]), part[at:at + 65536]) for at in range(0, len(part), 65536)]
        else:
            byte, count = part
            blocks += [(1, min(131072, count - at), byte) for at in range(0, count, 131072)]
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([10 << 3])  # a window of 1 MiB
    for index, (kind, size, content) in enumerate(blocks):
        last = index + 1 == len(blocks)
        frame += struct.pack("<I", last | kind << 1 | size << 3)[:3] + content
    return frame


def books(stamp):
    """The opening books of a market with two outcomes, as a line of a recording."""
    def book(token, bid, ask):
        return {"event_type": "book", "market": "0x" + "0" * 63 + "1", "asset_id": token, "timestamp": "1780795911767",
                "hash": "", "bids": [{"price": bid, "size": "100"}], "asks": [{"price": ask, "size": "80"}]}
    raw = json.dumps([book("11", "0.4", "0.45"), book("22", "0.55", "0.6")])
    return json.dumps({"ts_ms": stamp, "raw": raw}).encode() + b"\n"


class Bombs(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.remove)

    def start(self, name, settings):
        program = Program(name, self.folder, settings)
        self.addCleanup(program.stop)
        return program

    def replay(self, content):
        """A simulated venue that plays these bytes."""
        (self.folder.path / "exchange").mkdir()
        self.folder.give("exchange")
        recording = self.folder.write("frames.jsonl.zst", content)
        self.api = free_port()
        return self.start("venue-simulator", {
            "POLYBOT_API__PORT": str(self.api), "POLYBOT_DATA__FOLDER": str(self.folder.path / "exchange"),
            "POLYBOT_REPLAY__RECORDING": str(recording), "POLYBOT_REPLAY__SPEED": "1000"})

    def replayed(self, program):
        """What it says of its replay, once that has ended."""
        def missing():
            status, text = request(program.admin + "/status", timeout=3)
            if status != 200:
                return "no answer"
            self.said = json.loads(text)["replay"]
            return None if self.said["finished"] else "it replays"
        wait_until("the replay ends", missing, 60)
        return self.said

    def test_a_recording_of_one_endless_line_is_refused(self):
        bomb = zstd((b"x", 4096 * MIB))
        self.assertLess(len(bomb), MIB)
        program = self.replay(bomb)
        started = time.monotonic()
        self.assertEqual(os.waitstatus_to_exitcode(program.wait_end()), 1)
        self.assertLess(time.monotonic() - started, 30)
        self.assertIn("frames.jsonl.zst is no recording of the market channel: its first line has more than 32 MiB",
                      program.said())
        self.assertLess(program.usage.ru_maxrss / 1024, CEILING_MIB)

    def test_a_recording_ends_at_its_bomb(self):
        deep = b'{"ts_ms":1001,"raw":"x","y":' + DEEP.encode() + b"}\n"
        program = self.replay(zstd(books(1000) + deep + books(1002), (b"x", 4096 * MIB), b"\n" + books(1003)))
        program.wait_alive()
        replay = self.replayed(program)
        self.assertEqual((replay["frames"], replay["skipped_lines"]), (2, 2))
        file = str(self.folder.path / "frames.jsonl.zst")
        self.assertEqual(replay["first_skipped"], file + ":2: its JSON is nested too deep")
        self.assertTrue(replay["damage"].startswith(file + ":4: no frame in"), replay["damage"])
        self.assertLess(program.peak_mib(), CEILING_MIB)

    def test_a_bomb_of_moderate_size_costs_its_line_alone(self):
        program = self.replay(zstd(books(1000), (b"x", 100 * MIB), b"\n" + books(1003)))
        program.wait_alive()
        replay = self.replayed(program)
        self.assertEqual((replay["frames"], replay["skipped_lines"], replay["damage"]), (2, 1, ""))
        self.assertLess(program.peak_mib(), CEILING_MIB)

    def test_a_window_of_gigabytes_is_refused(self):
        program = self.replay(b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\0" * 64)
        self.assertEqual(os.waitstatus_to_exitcode(program.wait_end()), 1)
        self.assertIn("frames.jsonl.zst is no recording", program.said())
        self.assertIn("too much memory", program.said())
        self.assertLess(program.usage.ru_maxrss / 1024, CEILING_MIB)

    def test_a_venue_unpacks_no_request(self):
        program = self.replay(zstd(books(1000)))
        program.wait_alive()
        address = f"http://127.0.0.1:{self.api}"
        body = gzip.compress(b"[" + b'{"token_id":"11"},' * MIB + b'{"token_id":"11"}]')
        self.assertEqual(self.post(address + "/books", body, {"Content-Encoding": "gzip"}), 415)
        self.assertEqual(self.post(address + "/books", DEEP.encode(), {}), 400)
        self.assertEqual(self.post(address + "/books", b'[{"token_id":"11"}]', {}), 200)
        self.assertLess(program.peak_mib(), CEILING_MIB)

    @staticmethod
    def post(url, body, headers):
        made = urllib.request.Request(url, data=body, method="POST", headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(made, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def gateway(self):
        (self.folder.path / "gateway").mkdir()
        self.folder.give("gateway")
        nowhere = f"127.0.0.1:{free_port()}"
        self.api = free_port()
        names = ("market_data", "market_data_recovery", "quotes", "commands", "orders", "orders_recovery", "metrics",
                 "status")
        settings = {f"POLYBOT_BUS__{name.upper()}": f"ipc://{self.folder.path}/{name}.ipc" for name in names}
        program = self.start("gateway", settings | {
            "POLYBOT_API__PORT": str(self.api), "POLYBOT_DATA__FOLDER": str(self.folder.path / "gateway"),
            "POLYBOT_VENUE__REST": "http://" + nowhere, "POLYBOT_VENUE__GAMMA": "http://" + nowhere,
            "POLYBOT_VENUE__MARKET_WS": f"ws://{nowhere}/ws/market"})
        program.wait_alive()
        wait_until("its API answers", self._no_api, 30)
        return program

    def _no_api(self):
        status, text = request(f"http://127.0.0.1:{self.api}/api/v1/status", timeout=3)
        return None if status else text

    def test_the_api_unpacks_no_request(self):
        program = self.gateway()
        url = f"http://127.0.0.1:{self.api}/api/v1/strategies/arbitrage/stop"
        body = gzip.compress(b"{}" * (8 * MIB))
        for coding in ("gzip", "deflate", "zstd", "br"):
            self.assertEqual(self.post(url, body, {"Content-Encoding": coding}), 415, coding)
        self.assertEqual(self.post(url, b"{}" * MIB, {}), 413)
        self.assertLess(program.peak_mib(), CEILING_MIB)

    def test_the_stream_takes_no_compressed_and_no_deep_message(self):
        program = self.gateway()
        connection, head = self.websocket()
        self.assertIn("101", head.splitlines()[0])
        self.assertNotIn("sec-websocket-extensions", head.lower())  # permessage-deflate was offered, and is not taken
        connection.sendall(self.frame(0x81, DEEP.encode()))
        self.assertIn(b"a JSON object is expected", connection.recv(65536))
        connection.sendall(self.frame(0x81 | 0x40, b"\x00" * 64))  # RSV1: a compressed message
        self.assertEqual(self.close_code(connection), 1002)
        self.assertLess(program.peak_mib(), CEILING_MIB)

    def websocket(self):
        connection = socket.create_connection(("127.0.0.1", self.api), timeout=10)
        self.addCleanup(connection.close)
        connection.sendall(f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self.api}\r\nConnection: Upgrade\r\n"
                           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(1)
            if not piece:
                break
            head += piece
        return connection, head.decode()

    @staticmethod
    def frame(first, payload):
        """A client's frame of RFC 6455; its mask of zeros changes nothing."""
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        return bytes([first]) + length + b"\0" * 4 + payload

    @staticmethod
    def close_code(connection):
        """Of the first close frame that comes; None when the connection ends without."""
        received = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                return None
            received += piece
            while len(received) >= 2:
                size = received[1] & 0x7F
                at = 4 if size == 126 else 2
                size = struct.unpack(">H", received[2:4])[0] if size == 126 else size
                if len(received) < at + size:
                    break
                if received[0] & 0x0F == 8:
                    return struct.unpack(">H", received[at:at + 2])[0]
                received = received[at + size:]

    def test_a_keystore_cannot_ask_for_all_memory(self):
        crypto = {"cipher": "aes-128-ctr", "cipherparams": {"iv": "0" * 32}, "ciphertext": "0" * 64, "mac": "0" * 64,
                  "kdf": "scrypt", "kdfparams": {"dklen": 32, "n": 1 << 30, "r": 8, "p": 1, "salt": "00" * 32}}
        passphrase = self.folder.write("passphrase", "x")
        bombs = {"greedy": (json.dumps({"version": 3, "crypto": crypto}), "asks for more memory than the 256 MiB"),
                 "deep": ('{"version":3,"crypto":' + "[" * 8000 + "]" * 8000 + "}", "it is no JSON"),
                 "large": ("{", "is too large for a secret")}
        for name, (text, says) in bombs.items():
            file = self.folder.write(name, text)
            if name == "large":
                os.truncate(file, 1024 * MIB)
            child = subprocess.Popen([PROGRAMS / "order-manager", "key", "show", file, "--passphrase-file", passphrase],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            said = child.stderr.read()
            child.stderr.close()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 1, name)
            self.assertIn(str(file), said)
            self.assertIn(says, said)
            self.assertLess(usage.ru_maxrss / 1024, 64, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
