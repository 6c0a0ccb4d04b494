"""TLS before a venue that speaks plain HTTP, and what can be wrong with such a way: dead, frozen, garbage, 403, a
certificate that has ended."""

import contextlib
import select
import socket
import ssl
import subprocess
import threading

FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nforbidden"


def make_certificates(folder):
    """An authority, and two certificates of localhost: one that is good, one that ended yesterday."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj",
            "/CN=Test authority", "-days", "2")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "venue.key", "-out", "venue.csr", "-subj",
            "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name, days in (("good", "2"), ("expired", "-1")):
        openssl("x509", "-req", "-in", "venue.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                days, "-extfile", "names", "-out", f"{name}.pem")


class TlsFront:
    """Passes connections on to `port` of this host as long as `state` is "pass"; `hear` gets what the venue says."""

    def __init__(self, folder, port, hear=lambda data: None):
        self._target = port
        self._hear = hear
        self._contexts = {}
        for name in ("good", "expired"):
            self._contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._contexts[name].load_cert_chain(folder / f"{name}.pem", folder / "venue.key")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.state = "pass"
        self._open = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def become(self, state):
        """What is open ends, unless it freezes or says garbage."""
        self.state = state
        if state in ("freeze", "garbage"):
            return
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, raw):
        with self._lock:
            self._open.add(raw)
        try:
            if self.state == "dead":
                return
            context = self._contexts["expired" if self.state == "expired" else "good"]
            with context.wrap_socket(raw, server_side=True) as client:
                with self._lock:
                    self._open.add(client)
                if self.state == "403":
                    client.recv(65536)
                    client.sendall(FORBIDDEN)
                    return
                with socket.create_connection(("127.0.0.1", self._target)) as venue:
                    self._pass_on(client, venue)
                with self._lock:
                    self._open.discard(client)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(raw)
            raw.close()

    def _pass_on(self, client, venue):
        while True:
            if not client.pending():
                readable, _, _ = select.select([client, venue], [], [], 0.2)
            else:
                readable = [client]
            if self.state == "freeze":
                if readable:
                    threading.Event().wait(0.05)
                continue
            for source, sink in ((client, venue), (venue, client)):
                if source not in readable:
                    continue
                data = source.recv(65536)
                if not data:
                    return
                if source is venue:
                    self._hear(data)
                if self.state == "garbage" and source is venue:
                    data = bytes(byte ^ 0x5A for byte in data)
                sink.sendall(data)
