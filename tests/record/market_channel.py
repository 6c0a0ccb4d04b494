"""A reader of the market channel that is no part of the product: follows books and tells each of their states."""

import base64
import json
import os
import socket
import struct
import threading

PING_SECONDS = 5.0


def _number(text):
    return round(float(text or 0) * 1_000_000)


class Books:
    """The books of tokens, {token: {(side, price): size}}; `on_state(token, venue_ms, state)` after each message."""

    def __init__(self, on_state):
        self._books = {}
        self._on_state = on_state

    def forget(self, token):
        self._books.pop(token, None)

    def forget_all(self):
        self._books.clear()

    def take(self, message, only=None):
        """Tokens that are not in `only` are left out."""
        wanted = (lambda token: True) if only is None else only.__contains__
        kind, at = message.get("event_type"), int(message.get("timestamp") or 0)
        changed = []
        if kind == "book" and wanted(message["asset_id"]):
            self._books[message["asset_id"]] = {(side, _number(level["price"])): _number(level["size"])
                                                for side in ("bids", "asks") for level in message[side]}
            changed.append(message["asset_id"])
        if kind == "price_change":
            for change in message["price_changes"]:
                book = self._books.get(change["asset_id"])
                if book is None or not wanted(change["asset_id"]):
                    continue
                place = ("bids" if change["side"] == "BUY" else "asks", _number(change["price"]))
                book[place] = _number(change["size"])
                if not book[place]:
                    del book[place]
                if change["asset_id"] not in changed:
                    changed.append(change["asset_id"])
        for token in changed:
            self._on_state(token, at, hash(frozenset(self._books[token].items())))

    def states(self):
        return {token: hash(frozenset(book.items())) for token, book in self._books.items()}


class MarketChannel(threading.Thread):
    """A WebSocket session of the market channel on loopback; `on_message(message)` for each one."""

    def __init__(self, port, tokens, on_message):
        super().__init__(daemon=True)
        self._on_message = on_message
        self._sending = threading.Lock()
        self._stopped = threading.Event()
        self.end = None  # why it does not hear the venue any more
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(f"GET /ws/market HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
                             .encode())
        self._input = self._socket.makefile("rb")
        while self._input.readline() not in (b"\r\n", b""):
            pass
        self._socket.settimeout(None)
        self._send(json.dumps({"type": "market", "assets_ids": list(tokens), "custom_feature_enabled": True}))
        self.start()
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def subscribe(self, tokens):
        self._send(json.dumps({"operation": "subscribe", "assets_ids": list(tokens)}))

    def _send(self, text, opcode=1):
        body = text.encode() if isinstance(text, str) else text
        head = bytes([0x80 | opcode])
        head += bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack(">H", len(body)) \
            if len(body) < 65536 else b"\xff" + struct.pack(">Q", len(body))
        with self._sending:
            self._socket.sendall(head + bytes(4) + body)  # masked, with a mask of zeros

    def _keep_alive(self):
        """The venue ends a session that says nothing for a minute."""
        while not self._stopped.wait(PING_SECONDS):
            try:
                self._send("PING")
            except OSError:
                return

    def _read_frame(self):
        head = self._input.read(2)
        if len(head) < 2:
            return None, b""
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._input.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._input.read(8))[0]
        return head[0] & 0x0F, self._input.read(size)

    def run(self):
        while True:
            try:
                opcode, body = self._read_frame()
                if opcode is None or opcode == 8:
                    self.end = f"the venue ended it: {body!r}"
                    return
                if opcode == 9:
                    self._send(body, 10)
            except OSError as error:
                self.end = str(error)
                return
            if opcode == 1 and body[:1] in (b"[", b"{"):
                messages = json.loads(body)
                for message in messages if isinstance(messages, list) else [messages]:
                    self._on_message(message)

    def stop(self):
        """Why it did not hear the venue to this moment; None when it did."""
        end = self.end
        self._stopped.set()
        if end is None:
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join(10)
        self._socket.close()
        return end
