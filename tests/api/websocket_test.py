"""WebSocket clients that break the protocol, flood, or do not read."""

import json
import re
import socket
import time
import unittest

from server import Server
from websocket import BINARY, CLOSE, PING, PONG, TEXT, WebSocket, frame

METHODS = re.findall(r'^\s*\{"(\w+)", handle_', open("../../controlplane/signaling/requests.c").read(), re.M)
CONTINUATION = 0
FRAMES_MAX = 256  # of a message, as controlplane/http/websocket.h has it
MESSAGE_MAX = 131072
QUEUE_MAX = 4 << 20


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def open(self, peer="p", **more):
        w = WebSocket(self.server, roomId="hostile", peerId=peer, **more)
        self.addCleanup(w.socket.close)
        self.assertEqual(w.status, 101)
        return w

    def assert_closed(self, data, code):
        w = self.open()
        w.send(data)
        self.assertEqual(w.ended(), code, data[:64])
        self.assert_alive()

    def assert_alive(self):
        with WebSocket(self.server, roomId="alive", peerId="witness") as w:
            self.assertTrue(w.ask("getTransportStats")["ok"])

    # proves A17
    def test_frames_against_the_protocol_are_1002(self):
        for data in (
            frame(TEXT, b"{}", masked=False),
            frame(TEXT, b"{}", rsv=1),
            frame(TEXT, b"{}", rsv=4),
            frame(3, b"x"),
            frame(7, b"x"),
            frame(11, b"x"),
            frame(15, b"x"),
            frame(CONTINUATION, b"x"),  # continues nothing
            frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"),  # a message within a message
            frame(PING, b"x", fin=False),
            frame(PING, b"x" * 126),
            frame(CLOSE, b"\x03\xec"),  # 1004, 1005 and 1006 are never sent (RFC 6455 7.4.1)
            frame(CLOSE, b"\x03\xed"),
            frame(CLOSE, b"\x03\xee"),
            frame(CLOSE, b"\0\0"),
            b"\x81\xfe\x00\x02\0\0\0\0{}",  # 2 bytes, with a length in 16 bits
            frame(TEXT, b"{}", length=2),  # 2 bytes, with a length in 64
        ):
            self.assert_closed(data, 1002)

    # proves A17
    def test_lengths_beyond_the_limit_are_1009(self):
        for length in (MESSAGE_MAX + 1, 2**31, 2**32, 2**62, 2**63 - 1):
            self.assert_closed(frame(TEXT, b"{", length=length), 1009)
        for length in (2**63, 2**64 - 1):  # the highest bit must be 0 (RFC 6455 5.2)
            self.assert_closed(frame(TEXT, length=length), 1002)
        whole = frame(TEXT, b" " * 70000, fin=False) + frame(CONTINUATION, b" " * 70000)
        self.assert_closed(whole, 1009)

    def test_text_that_is_not_utf_8_is_1007(self):
        for text in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'{"a":"\xc3'):
            self.assert_closed(frame(TEXT, text), 1007)
        self.assert_closed(frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"(", fin=True), 1007)
        self.assert_closed(frame(CLOSE, b"\x03\xe8\xff"), 1007)

    def test_binary_is_1003_and_nothing_after_it_is_read(self):
        self.assert_closed(frame(BINARY, b"x") + frame(TEXT, b"{}") * 10, 1003)

    # proves A17
    def test_fragments_are_put_together_up_to_a_number(self):
        w = self.open()
        text = json.dumps({"request": True, "id": 9, "method": "getTransportStats", "data": {}}).encode()
        pieces = [text[i : i + 1] for i in range(len(text))]
        w.send(frame(TEXT, pieces[0], fin=False))
        for piece in pieces[1:-1]:
            w.send(frame(CONTINUATION, piece, fin=False) + frame(PING, b"between"))
        w.send(frame(CONTINUATION, pieces[-1]))
        while not (message := w.receive()).get("response"):
            pass
        self.assertEqual((message["id"], message["ok"]), (9, True))
        for piece in (b"", b" "):
            endless = frame(CONTINUATION, piece, fin=False) * FRAMES_MAX
            self.assert_closed(frame(TEXT, b" ", fin=False) + endless, 1009)

    # proves A17
    def test_pings_are_answered_and_a_flood_of_them_hurts_nobody(self):
        w = self.open()
        w.send(frame(PING, b"hello"))
        while (received := w.receive_frame())[0] != PONG:
            pass
        self.assertEqual(received, (PONG, b"hello"))
        w.socket.setblocking(False)
        flood = frame(PING, b"x" * 125) * 1000
        try:
            for _ in range(1000):
                w.socket.send(flood)
            self.fail("all of it was read")
        except BlockingIOError:
            pass  # what a client floods waits in its own socket
        self.assert_alive()

    def test_a_flood_of_messages_waits_and_is_answered_in_order(self):
        w = self.open()
        request = [{"request": True, "id": i, "method": "nonsense"} for i in range(1500)]
        w.send(b"".join(frame(TEXT, json.dumps(r).encode()) for r in request))
        self.assert_alive()
        for i in range(1500):
            while not (message := w.receive()).get("response"):
                pass
            self.assertEqual((message["id"], message["errorCode"]), (i, 500))

    def test_messages_to_everyone_cost_more(self):
        witness = self.open("witness")
        self.assertTrue(witness.ask("join", {"displayName": "W"})["ok"])
        w = self.open()
        self.assertTrue(w.ask("join", {"displayName": "p"})["ok"])
        names = [{"request": True, "id": i, "method": "changeDisplayName", "data": {"displayName": f"n{i}"}}
                 for i in range(100, 200)]
        begun = time.monotonic()
        w.send(b"".join(frame(TEXT, json.dumps(r).encode()) for r in names))
        heard = 0
        while heard < len(names):
            heard += witness.receive().get("method") == "peerDisplayNameChanged"
        # Each costs 21, of 1000 at once and 100 per second; one read takes up to 40.
        self.assertGreater(time.monotonic() - begun, 2)

    def test_a_slow_reader_gets_all_of_it_in_order(self):
        w = self.open(receive_buffer=4096)
        whole = w.ask("getRouterRtpCapabilities")["data"]
        requests = [{"request": True, "id": i, "method": "getRouterRtpCapabilities"} for i in range(400)]
        w.send(b"".join(frame(TEXT, json.dumps(r).encode()) for r in requests))
        time.sleep(0.5)  # what the kernel does not take waits
        self.assert_alive()
        for i in range(400):
            while not (message := w.receive()).get("response"):
                pass
            self.assertEqual((message["id"], message["data"]), (i, whole))

    # proves A17
    def test_a_client_that_does_not_read_is_cut_off(self):
        method = "getRouterRtpCapabilities"
        request = frame(TEXT, json.dumps({"request": True, "id": 1, "method": method}).encode())
        w = self.open(receive_buffer=4096)
        enough = 3 * QUEUE_MAX // 2 // len(json.dumps(w.ask(method)))
        w.send(request * enough)
        self.assert_alive()
        time.sleep(max(0, enough - 1000) / 100)  # at the rate at which requests are read
        answers = 0
        while (message := w.receive()) is not None:
            answers += "response" in message
        self.assertLess(answers, enough)
        self.assert_alive()

    def test_the_server_survives_any_message(self):
        deep = b"[" * 60000
        texts = [
            deep, b'{"a":' * 20000, deep + b"]" * 60000, b'{"request":true,"id":1,"method":"' + b"j" * 100000 + b'"}',
            b'{"request":true,"request":false,"id":1,"id":"x","method":"join","method":{}}',
            b'{"request":true,"id":1e400,"method":"join"}', b'{"request":true,"id":-0,"method":"join\\u0000"}',
            b'"\\ud800"', b'{"\\u0000":1}', b"\0" * 100, b"NaN", b"1" * 100000, b"{}" * 1000, b"", b"  ", b"\xef\xbb\xbf{}",
            b'{"response":true,"id":1,"ok":true}', b'{"response":true,"id":4294967297,"ok":false}',
            b'{"notification":true,"method":"newConsumer","data":{}}',
        ]
        w = self.open()
        for text in texts:
            w.send(frame(TEXT, text))
        self.assertTrue(w.ask("getTransportStats")["ok"])

    def test_every_method_survives_every_value(self):
        self.assertGreater(len(METHODS), 30)
        values = [None, True, 0, -1, 1e308, "", "x" * 5000, "ffffffffffffffff", [], [[]], {}, {"a": {}}, "\ud7ff\u0000"]
        keys = ("transportId", "producerId", "consumerId", "peerId", "kind", "rtpParameters", "rtpCapabilities", "appData",
                "dtlsParameters", "displayName", "device", "session", "consumerIds", "producerIds", "spatialLayer",
                "temporalLayer", "priority", "producing", "consuming", "text", "raised", "bitrate")
        datas = [*values, *({key: value for key in keys} for value in values)]
        for joined in (False, True):
            for method in METHODS:
                w = self.open(f"m-{method}")
                w.socket.settimeout(60)
                if joined:
                    self.assertTrue(w.ask("join", {"displayName": "M"})["ok"])
                for data in datas:
                    try:
                        answer = w.ask(method, data)
                        self.assertIn("ok", answer, method)
                    except ConnectionError:
                        self.fail(f"{method} {data} ends the connection with {w.close_code}")
                w.socket.close()
        self.assert_alive()

    def test_half_a_handshake_and_data_sent_with_it(self):
        request = (b"GET /call/?roomId=extra&peerId=p HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
                   b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: protoo\r\n\r\n")
        early = frame(TEXT, b'{"request":true,"id":3,"method":"getTransportStats"}')
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
            s.sendall(request + early)  # in one packet
            answer = b""
            while b'"id":3' not in answer:
                self.assertTrue(piece := s.recv(65536))
                answer += piece
        for cut in range(20, len(request), 37):
            with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
                s.sendall(request[:cut])
        self.assert_alive()


class End(unittest.TestCase):
    def test_a_client_that_does_not_close_leaves_nothing_behind(self):
        with Server() as server:  # its exit status reveals leaks
            w = WebSocket(server, roomId="end", peerId="p")
            self.addCleanup(w.socket.close)
            self.assertTrue(w.ask("getTransportStats")["ok"])


if __name__ == "__main__":
    unittest.main()
