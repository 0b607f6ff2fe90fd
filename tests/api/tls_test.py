"""HTTP and WebSockets over TLS: content, cost on the wire, and clients that stall or vanish."""

import json
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest

from server import BINARY, Server, free_port, make_certificate
from websocket import TEXT, WebSocket, frame

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("it never came true")
        time.sleep(0.02)


def client_context(**settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context


class Tls:
    """TLS over a connected socket, which counts the bytes on the wire."""

    def __init__(self, tcp, context=None):
        self.tcp, self.received = tcp, 0
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = (context or client_context()).wrap_bio(self.incoming, self.outgoing)
        self.close = tcp.close
        self.settimeout = tcp.settimeout
        self.drive(self.session.do_handshake)

    def flush(self):
        if piece := self.outgoing.read():
            self.tcp.sendall(piece)

    def drive(self, step, *arguments):
        while True:
            try:
                done = step(*arguments)
                self.flush()
                return done
            except ssl.SSLWantReadError:
                self.flush()
                piece = self.tcp.recv(65536)
                self.received += len(piece)
                if piece:
                    self.incoming.write(piece)
                else:
                    self.incoming.write_eof()

    def sendall(self, data):
        self.drive(self.session.write, data)

    def recv(self, size):
        try:
            return self.drive(self.session.read, size)
        except ssl.SSLZeroReturnError:  # close_notify
            return b""

    def rest(self):
        whole = b""
        while piece := self.recv(65536):
            whole += piece
        return whole

    def end(self):
        """Announces that it sends no more (close_notify), and goes on reading."""
        try:
            self.session.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()


class OverTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        where = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.certificate = make_certificate(where)
        cls.server = cls.enterClassContext(Server(address_connections=20, log_level="warning", **cls.certificate))

    def connect(self, address="127.0.0.1"):
        s = socket.create_connection(("127.0.0.1", self.server.port), 10, (address, 0))
        self.addCleanup(s.close)
        return s

    def open(self, peer="p", **more):
        w = WebSocket(self.server, roomId="tls", peerId=peer, wrap=Tls, **more)
        self.addCleanup(w.socket.close)
        self.assertEqual(w.status, 101)
        return w

    def assert_answers(self, w, count):
        method = "getRouterRtpCapabilities"
        whole = w.ask(method)["data"]
        before = w.socket.received
        requests = [{"request": True, "id": i, "method": method} for i in range(1000, 1000 + count)]
        w.send(b"".join(frame(TEXT, json.dumps(r).encode()) for r in requests))
        yield
        size = 0
        for request in requests:
            while not (message := w.receive()).get("response"):
                pass
            self.assertEqual((message["id"], message["data"]), (request["id"], whole))
            size += len(json.dumps(message, separators=(",", ":")))
        yield (w.socket.received - before) / size

    def test_records_are_full(self):
        w = self.open()
        *_, wire = self.assert_answers(w, 200)
        self.assertLess(wire, 1.1)  # records of 4 bytes would come to 6.5

    def test_a_large_message_arrives_whole(self):
        w = self.open()
        for size in (16383, 60000, 130000):
            answer = w.ask("nonsense", {"x": "x" * size})
            self.assertFalse(answer["ok"])
            self.assertEqual(answer["errorReason"], "unknown method")

    def test_a_slow_reader_gets_all_of_it_in_order(self):
        w = self.open(receive_buffer=4096)
        steps = self.assert_answers(w, 400)
        next(steps)
        time.sleep(0.5)  # what the kernel does not take waits
        self.assertTrue(self.open("other").ask("getTransportStats")["ok"])
        next(steps)

    def test_requests_are_answered_even_after_the_clients_end(self):
        t = Tls(self.connect())
        t.sendall(REQUEST)
        t.end()
        head = t.rest().split(b"\r\n\r\n")[0]
        self.assertIn(b"200 OK", head)
        self.assertIn(b"Strict-Transport-Security: max-age=31536000", head)

    def test_a_client_that_vanishes_leaves_nothing_behind(self):
        before = self.server.descriptors()
        for ending in ("reset", "end", "handshake"):
            if ending == "handshake":
                tcp = self.connect()
                tcp.sendall(b"\x16\x03\x01\x02\x00\x01")  # the start of a ClientHello
            else:
                w = WebSocket(self.server, roomId="tls", peerId=ending, wrap=Tls)
                tcp = w.socket.tcp
            if ending == "reset":
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            tcp.close()
        until(lambda: self.server.descriptors() <= before)

    def test_handshakes_count_as_connections_of_their_address(self):
        silent = [self.connect("127.0.0.2") for _ in range(20)]
        self.assertEqual(self.connect("127.0.0.2").recv(1), b"")
        self.assertIn("address=127.0.0.2", self.server.log_text())
        self.assertIn(b"200 OK", (t := Tls(self.connect("127.0.0.3")), t.sendall(REQUEST), t.rest())[-1])
        silent[0].close()

        def let_in():
            try:
                t = Tls(self.connect("127.0.0.2"))
                t.sendall(REQUEST)
                return b"200 OK" in t.rest()
            except OSError:
                return False
        until(let_in)

    def test_handshakes_of_an_address_are_limited(self):
        with Server(address_handshakes=1, metrics_token="a-token-of-the-test", log_level="warning", **self.certificate) as server:
            def connect(address):
                s = socket.create_connection(("127.0.0.1", server.port), 10, (address, 0))
                self.addCleanup(s.close)
                return s

            def ask(address, request=REQUEST):
                t = Tls(connect(address))
                t.sendall(request)
                return t.rest()

            greedy = [connect("127.0.0.6") for _ in range(60)]  # ten seconds' worth may come at once
            self.assertIn(b"200 OK", ask("127.0.0.7"))  # by now, each of those has been handled
            refused = 0
            for s in greedy:
                s.setblocking(False)
                try:
                    refused += s.recv(1) == b""
                except BlockingIOError:
                    pass
            self.assertTrue(0 < refused <= 50)
            self.assertIn("controlplane.address_handshakes; address=127.0.0.6", server.log_text())
            metrics = ask("127.0.0.7", b"GET /metrics HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer a-token-of-the-test\r\n\r\n")
            self.assertIn(f"amphi_controlplane_handshakes_refused_total {refused}\n".encode(), metrics)

            def let_in():
                try:
                    return b"200 OK" in ask("127.0.0.6")
                except OSError:
                    return False
            until(let_in)

    def test_a_client_that_does_not_close_keeps_its_place(self):
        with Server(address_connections=2, **self.certificate) as server:
            def connect(address):
                s = socket.create_connection(("127.0.0.1", server.port), 10, (address, 0))
                self.addCleanup(s.close)
                return s

            stay = [Tls(connect("127.0.0.4")) for _ in range(2)]
            for t in stay:
                t.sendall(REQUEST)
                self.assertIn(b"200 OK", t.rest())  # and the server's end
            self.assertEqual(connect("127.0.0.4").recv(1), b"")
            for t in stay:
                t.close()
            self.assertIn(b"200 OK", (t := Tls(connect("127.0.0.5")), t.sendall(REQUEST), t.rest())[-1])

    def test_old_versions_and_plain_text_are_refused(self):
        old = client_context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(ssl.SSLError):
            Tls(self.connect(), old)
        plain = self.connect()
        plain.sendall(REQUEST)
        try:
            answer = plain.recv(4096)
        except ConnectionResetError:  # part of the request was not read
            answer = b""
        self.assertNotIn(b"HTTP", answer)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            t = Tls(self.connect(), client_context(minimum_version=version, maximum_version=version))
            t.sendall(REQUEST)
            self.assertIn(b"200 OK", t.rest())


class Files(unittest.TestCase):
    def test_a_close_frame_arrives_before_the_server_ends(self):
        with tempfile.TemporaryDirectory() as where:
            with Server(**make_certificate(where)) as server:
                w = WebSocket(server, roomId="r", peerId="p", wrap=Tls)
                server.process.terminate()
                self.assertEqual(w.ended(), 1012)
                w.socket.close()

    def test_errors_in_the_certificate_files_are_reported(self):
        with tempfile.TemporaryDirectory() as where:
            one, two = make_certificate(where, "one"), make_certificate(where, "two")
            for certificate, key, text in (
                (one["certificate"], two["private_key"], "check that it belongs to the certificate"),
                (one["private_key"], one["private_key"], "controlplane.certificate"),
                (one["certificate"], one["certificate"], "controlplane.private_key"),
                (one["certificate"], f"{where}/none", "No such file"),
            ):
                settings = f'listen = "127.0.0.1"; certificate = "{certificate}"; private_key = "{key}"'
                with open(f"{where}/amphi.conf", "w") as f:
                    f.write(f'controlplane: {{ store = "{where}/s.db"; pages = "{where}"; port = {free_port()}; {settings}; }};\n')
                done = subprocess.run([BINARY, "-c", f"{where}/amphi.conf"], capture_output=True, text=True, timeout=20)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(text, done.stderr)
