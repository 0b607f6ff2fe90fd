"""Row 18 of the threats: slow, greedy and ambiguous HTTP clients."""

import resource
import select
import socket
import statistics
import time
import unittest

from server import Server

SLOW_CLIENTS = 10000


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


class Ambiguous(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def assert_refused(self, head, body=b""):
        answer = self.server.raw(b"POST /rooms/x/closeRoom HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + body)
        self.assertIn(status_of(answer), (400, 413), answer)
        self.assertNotIn(b"200 OK", answer, "no second request is seen")
        self.assertEqual(self.server.get("/healthz").status, 200)

    def test_two_lengths(self):
        self.assert_refused(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"{} {}")
        self.assert_refused(b"Content-Length: 2\r\nContent-Length: 30\r\n", b"{}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    def test_a_length_and_an_encoding(self):
        smuggled = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        length = b"Content-Length: %d\r\n" % len(smuggled)
        self.assert_refused(length + b"Transfer-Encoding: chunked\r\n", smuggled)
        self.assert_refused(b"Transfer-Encoding: chunked\r\n" + length, smuggled)

    def test_lengths_that_are_no_numbers(self):
        for length in (b"-1", b"+5", b"0x10", b"5 5", b"99999999999999999999", b"5;"):
            self.assert_refused(b"Content-Length: " + length + b"\r\n", b"{}")

    def test_bodies_and_headers_have_bounds(self):
        answer = self.server.ask("POST", "/rooms/x/closePeer", "x" * 70000)
        self.assertEqual((answer.status, answer.json()), (413, {"error": "body too large"}))
        answer = self.server.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 + b"\r\n\r\n")
        self.assertIn(status_of(answer), (400, 413, 431, None))
        answer = self.server.raw(b"GET /" + b"y" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(status_of(answer), (400, 413, 414, 431, None))
        self.assertEqual(self.server.get("/healthz").status, 200)

    def test_noise(self):
        for noise in (b"\0" * 1000, b"\r\n" * 100, b"GET", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
                      b"GET / HTTP/9.9\r\n\r\n", b"get / http/1.1\r\n\r\n", b"GET http://[::1/ HTTP/1.1\r\n\r\n"):
            self.server.raw(noise, timeout=0.3)
        self.assertEqual(self.server.get("/healthz").status, 200)


class Slow(unittest.TestCase):
    def test_slow_clients_do_not_slow_the_others_and_are_cut_off(self):
        need = SLOW_CLIENTS + 200
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, need), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        clients = min(SLOW_CLIENTS, min(hard, need) - 200)
        with Server() as server:
            sockets = []
            try:
                started = time.monotonic()
                for _ in range(clients):
                    s = socket.create_connection(("127.0.0.1", server.port), 10)
                    s.send(b"GET /healthz HTTP/1.1\r\nX-")
                    sockets.append(s)
                times = []
                for i in range(100):
                    for s in sockets[i::100]:  # each drips a byte on
                        s.send(b"a")
                    before = time.monotonic()
                    self.assertEqual(server.get("/healthz").status, 200)
                    times.append(time.monotonic() - before)
                print(f"{clients} slow clients: p50 {statistics.median(times) * 1e3:.1f} ms, max {max(times) * 1e3:.1f} ms")
                # The promise is below 100 ms at p99; here only that nobody starves: speed is the bench's.
                self.assertLess(statistics.median(times), 1)
                self.assert_cut_off(sockets, started + 45)
                self.assertEqual(server.get("/healthz").status, 200)
            finally:
                for s in sockets:
                    s.close()

    def assert_cut_off(self, sockets, deadline):
        poll = select.poll()
        waiting = {s.fileno() for s in sockets}
        for s in sockets:
            poll.register(s, select.POLLIN | select.POLLRDHUP)
        while waiting and time.monotonic() < deadline:
            for fd, _ in poll.poll(200):
                waiting.discard(fd)
                poll.unregister(fd)
        self.assertEqual(len(waiting), 0, "still connected, however slowly they send")


if __name__ == "__main__":
    unittest.main()
