"""The entrance: which requests are accepted from where, and what none of them may do."""

import os
import re
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from server import CTL, Server, make_certificate
from websocket import WebSocket, frame


def until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("in vain")
        time.sleep(0.05)


class Files(unittest.TestCase):
    def test_files_that_the_server_writes_are_private(self):
        with Server() as server, WebSocket(server, roomId="r", peerId="p") as w:
            self.assertTrue(w.ask("join", {"displayName": "P"})["ok"])
            where = server.directory.name
            made = [name for name in os.listdir(where) if ".db" in name or ".sock" in name]
            self.assertGreaterEqual(set(made), {"store.db", "store.db-wal", "accounts.db", "history.db", "admin.sock"})
            for name in made:
                self.assertEqual(stat.S_IMODE(os.stat(f"{where}/{name}").st_mode) & 0o077, 0, name)

    def test_files_that_an_earlier_version_left_readable_become_private(self):
        with Server() as server:
            where = server.directory.name
            for name in ("store.db", "store.db-wal", "accounts.db", "history.db"):
                os.chmod(f"{where}/{name}", 0o644)
            server.restart()
            for name in ("store.db", "store.db-wal", "accounts.db", "history.db"):
                self.assertEqual(stat.S_IMODE(os.stat(f"{where}/{name}").st_mode), 0o600, name)


class Methods(unittest.TestCase):
    def test_only_the_documented_methods_close_a_room(self):
        with Server() as server, WebSocket(server, roomId="r", peerId="p") as w:
            self.assertTrue(w.ask("join", {"displayName": "P"})["ok"])
            token = {"Authorization": f"Bearer {server.api_token()}"}
            for path in ("/rooms/r/closeRoom", "/r/closeRoom"):
                for method in ("HEAD", "OPTIONS", "TRACE", "PATCH", "PUT"):
                    answer = server.ask(method, path, **token)
                    self.assertEqual(answer.status, 405, method)
                    self.assertEqual(answer.headers["Allow"], "GET, POST, DELETE")
            self.assertEqual(server.get("/rooms/r/exists", **token).json(), {"exists": True})
            self.assertEqual(server.ask("HEAD", "/rooms/r/exists", **token).status, 200)
            self.assertEqual(server.get("/rooms/r/closeRoom", **token).json(), {"closed": True})
            self.assertEqual(w.ended(), 4000)


class Prices(unittest.TestCase):
    def test_joining_and_resuming_in_turn_is_slowed_down(self):
        with Server() as server, WebSocket(server, roomId="r", peerId="w") as witness:
            self.assertTrue(witness.ask("join", {"displayName": "W"})["ok"])
            with WebSocket(server, roomId="r", peerId="p") as w:
                lines = ['{"request":true,"id":%d,"method":"%s","data":{}}' % (i, ("join", "resume")[i % 2])
                         for i in range(140)]
                begun = time.monotonic()
                w.send(b"".join(frame(1, line.encode()) for line in lines))
                for _ in lines:
                    while witness.receive().get("method") not in ("newPeer", "peerClosed"):
                        pass
                # Each costs 21, of 1000 at once and 100 per second; one read takes up to 64.
                self.assertGreater(time.monotonic() - begun, 5)


class Hosts(unittest.TestCase):
    def test_a_host_of_no_account_is_404_and_the_log_says_what_to_do(self):
        with Server(log_level="warning") as server:
            for host, status in (("localhost", 200), ("127.0.0.1:8080", 200), ("[::1]", 200), ("meet.example", 404),
                                 ("192.168.1.5:8080", 404), ("[fd00::5]:8080", 404), ("", 404)):
                self.assertEqual(server.get("/call/?roomId=x", Host=host).status, status, host)
            self.assertIn("amphictl host add ACCOUNT meet.example", server.log_text())
            self.assertEqual(server.log_text().count("amphictl host add"), 1, "not a line for each")
            self.assertEqual(server.get("/healthz", Host="192.168.1.5").status, 200)  # a load balancer's check
            with WebSocket(server, host="meet.example", roomId="r", peerId="p") as w:
                self.assertEqual(w.status, 404)
            server.ctl("host", "add", "default", "meet.example")
            server.ctl("host", "add", "default", "192.168.1.5")
            server.ctl("host", "add", "default", "[FD00::5]")
            for host in ("meet.example", "192.168.1.5:8080", "[fd00::5]:8080"):
                self.assertEqual(server.get("/call/?roomId=x", Host=host).status, 200, host)
            with WebSocket(server, host="meet.example", roomId="r", peerId="p") as w:
                self.assertEqual(w.status, 101)

    def test_localhost_is_for_clients_on_the_machine_itself(self):
        with Server(proxies=["127.0.0.2"]) as server:
            path = "/call/?roomId=x"
            self.assertEqual(server.get(path, Host="localhost").status, 200)
            self.assertEqual(server.get(path, Host="localhost", X_Forwarded_For="192.0.2.1").status, 404)
            self.assertEqual(server.get(path, Host="localhost", Forwarded="for=192.0.2.1").status, 404)
            self.assertEqual(server.get(path, Host="localhost", X_Real_IP="192.0.2.1").status, 404)
            with WebSocket(server, roomId="r", peerId="p", headers={"X-Forwarded-For": "192.0.2.1"}) as w:
                self.assertEqual(w.status, 404)
        with Server(proxies=["127.0.0.1"]) as server:
            self.assertEqual(server.get(path, Host="localhost").status, 404)  # it does not name its client
            self.assertEqual(server.get(path, Host="localhost", X_Forwarded_For="192.0.2.1").status, 404)

    def test_an_operator_may_serve_unknown_hosts(self):
        with Server(unknown_hosts="default") as server:
            self.assertEqual(server.get("/call/?roomId=x", Host="192.168.1.5:8080").status, 200)
            with WebSocket(server, host="192.168.1.5:8080", roomId="r", peerId="p") as w:
                self.assertEqual(w.status, 101)


class Origins(unittest.TestCase):
    def token(self, server, account):
        with tempfile.TemporaryDirectory() as where:
            key = f"{where}/key"
            subprocess.run([CTL, "jwt", "keygen", key], check=True, capture_output=True)
            server.ctl("key", "add", account, f"{key}.pub")
            done = subprocess.run([CTL, "jwt", "sign", key, "--room", "r"], check=True, capture_output=True, text=True)
            return done.stdout.strip()

    def status(self, server, **query):
        with WebSocket(server, host="a.example", origin=False, roomId="r", peerId="p", **query) as w:
            return w.status

    def test_without_an_origin_only_a_token_or_the_account_admits(self):
        with Server() as server:
            server.ctl("account", "add", "a")
            server.ctl("host", "add", "a", "a.example")
            token = self.token(server, "a")
            self.assertEqual(self.status(server), 403)
            self.assertEqual(self.status(server, token=token), 101)
            self.assertEqual(self.status(server, token=token[:-6] + "AAAAAA"), 403)
            self.assertEqual(self.status(server, token="x"), 403)
            # A participant with a place comes back with the session, like pages do, even if the token has expired.
            with WebSocket(server, host="a.example", origin=False, roomId="r", peerId="q", session="s1", token=token) as w:
                self.assertTrue(w.ask("join", {"displayName": "Q"})["ok"])
            back = {"roomId": "r", "peerId": "q", "host": "a.example", "origin": False, "token": "x"}
            for session, status in (("s2", 403), ("", 403), ("s1", 101)):
                with WebSocket(server, session=session, **back) as w:
                    self.assertEqual(w.status, status, session)
            server.ctl("account", "set", "a", "--native-clients", "on")
            self.assertEqual(self.status(server), 101)
            for origin in ("null", "https://evil.example", "file://"):  # sent by browsers; refused whatever else holds
                with WebSocket(server, host="a.example", origin=origin, roomId="r", peerId="p", token=token) as w:
                    self.assertEqual(w.status, 403, origin)

    # proves S08
    def test_web_views_of_apps_can_be_allowed(self):
        with Server() as server:
            for origin in ("capacitor://localhost", "ionic://localhost"):
                with WebSocket(server, origin=origin, roomId="r", peerId="p") as w:
                    self.assertEqual(w.status, 403)
                server.ctl("domain", "add", "default", origin)
                with WebSocket(server, origin=origin, roomId="r", peerId="p") as w:
                    self.assertEqual(w.status, 101)
            policy = server.get("/call/x").headers["Content-Security-Policy"]
            ancestors = re.search(r"frame-ancestors ([^;]*)$", policy)[1].split()
            self.assertEqual(ancestors, ["'self'", "http://localhost:*", "http://127.0.0.1:*", "capacitor://localhost", "ionic://localhost"])
            for source in ancestors[1:]:  # CSP 3, 2.3.1
                self.assertRegex(source, r"^[a-z][a-z0-9+.-]*://(\*\.)?[a-z0-9.-]+(:([0-9]+|\*))?$")


class Addresses(unittest.TestCase):
    def test_ipv4_is_the_same_on_an_ipv6_socket(self):
        with tempfile.TemporaryDirectory() as where:
            with Server(listen="::", metrics_addresses=["127.0.0.1"], **make_certificate(where)) as server:
                for address in ("127.0.0.1", "[::1]"):
                    done = subprocess.run(
                        ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", f"https://{address}:{server.port}/metrics"],
                        check=True, capture_output=True, text=True)
                    self.assertEqual(done.stdout, "200" if address == "127.0.0.1" else "403", address)

    def test_connections_of_an_address_are_limited(self):
        with Server(address_connections=5, log_level="warning") as server:
            def answer(address):
                s = socket.create_connection(("127.0.0.1", server.port), 10, (address, 0))
                self.addCleanup(s.close)
                try:
                    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    return s, s.recv(4096)
                except ConnectionError:
                    return s, b""

            held = [answer("127.0.0.2") for _ in range(5)]
            for _, text in held:
                self.assertIn(b"200 OK", text)
            for _ in range(3):
                self.assertEqual(answer("127.0.0.2")[1], b"")
            self.assertEqual(server.log_text().count("controlplane.address_connections; address=127.0.0.2"), 1)
            self.assertIn(b"200 OK", answer("127.0.0.3")[1])  # another client's
            held[0][0].close()
            until(lambda: b"200 OK" in answer("127.0.0.2")[1])

    def test_clients_behind_a_proxy_are_counted_separately(self):
        with Server(address_connections=2, address_websockets=3, proxies=["127.0.0.1"], unknown_hosts="default") as server:
            def comes(client, peer):
                w = WebSocket(server, roomId="r", peerId=peer, headers={"X-Forwarded-For": client})
                opened.append(w)
                return w

            opened = []

            held = [comes("192.0.2.1", f"a{i}") for i in range(3)]
            self.assertEqual([w.status for w in held], [101] * 3)
            refused = comes("192.0.2.1", "a3")
            self.assertEqual(refused.status, 429)
            self.assertIn(b'"reason":"too-many-connections"', refused.refusal())
            self.assertEqual(comes("::ffff:192.0.2.1", "a4").status, 429)  # the same client
            for client, status in (("192.0.2.1", 429), ("192.0.2.2", 200)):  # for a page, which cannot see it
                answer = server.ask("POST", "/api/handshake?roomId=r&peerId=a3", Host="localhost",
                                    Origin="http://localhost", X_Forwarded_For=client)
                self.assertEqual(answer.status, status, client)
                if status == 429:
                    self.assertEqual(answer.json()["reason"], "too-many-connections")
                    self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            self.assertEqual(comes("203.0.113.7, 192.0.2.1", "a5").status, 429)  # whatever it claims
            held += [comes("192.0.2.2", "b0"), *(comes(f"2001:db8:1:2::{i}", f"c{i}") for i in range(3))]
            self.assertEqual([w.status for w in held], [101] * 7)
            self.assertEqual(comes("2001:db8:1:2:ffff::9", "c3").status, 429)  # a /64 is one client
            self.assertEqual(comes("2001:db8:1:3::9", "d").status, 101)
            held[0].socket.close()
            # Now opened too fast: as many at once as may be open, then 50 per second.
            until(lambda: comes("192.0.2.1", "a6").status == 101)
            for w in opened:
                w.socket.close()

    def test_without_the_configuration_no_proxy_is_trusted(self):
        with Server(address_websockets=2, log_level="warning", unknown_hosts="default") as server:
            held = [WebSocket(server, roomId="r", peerId=f"p{i}", headers={"X-Forwarded-For": f"192.0.2.{i}"})
                    for i in range(3)]
            self.assertEqual([w.status for w in held], [101, 101, 429])
            self.assertIn("ignoring X-Forwarded-For from an unknown proxy", server.log_text())
            self.assertIn("controlplane.address_websockets; address=127.0.0.1", server.log_text())
            for w in held:
                w.socket.close()


class Bodies(unittest.TestCase):
    def begun(self, server, head):
        """The answer to a request of which only the headers and one byte of the body were sent."""
        return server.raw(b"POST /rooms/x/" + head + b"Host: localhost\r\nContent-Length: 60000\r\n\r\n{", timeout=2)

    def test_a_body_is_read_only_if_its_sender_may_ask(self):
        with Server() as server:
            token = server.api_token().encode()
            for authorization in (b"", b"Authorization: Bearer wrong\r\n"):
                answer = self.begun(server, b"closePeer HTTP/1.1\r\n" + authorization)
                self.assertIn(b" 403 ", answer.split(b"\r\n")[0])
                self.assertIn(b"Connection: close", answer)
            self.assertIn(b" 404 ", self.begun(server, b"nothing HTTP/1.1\r\n").split(b"\r\n")[0])
            self.assertIn(b" 405 ", self.begun(server, b"exists HTTP/1.1\r\n").split(b"\r\n")[0])
            self.assertEqual(self.begun(server, b"closePeer HTTP/1.1\r\nAuthorization: Bearer " + token + b"\r\n"), b"")
            answer = server.ask("POST", "/rooms/x/closePeer", {"peerId": "p"}, Authorization=f"Bearer {token.decode()}")
            self.assertEqual((answer.status, answer.json()), (400, {"error": "room not found"}))

    def test_a_websocket_request_has_no_body(self):
        with Server() as server:
            answer = server.raw(
                b"GET /call/?roomId=r&peerId=p HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Sec-WebSocket-Protocol: protoo\r\nContent-Length: 2\r\n\r\n{}")
            self.assertIn(b" 400 ", answer.split(b"\r\n")[0])


class KeepAlive(unittest.TestCase):
    def test_idle_connections_outlive_those_of_balancers_and_say_so(self):
        with Server() as server, socket.create_connection(("127.0.0.1", server.port), 10) as s:
            request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            s.sendall(request)
            answer = s.recv(4096)
            seconds = int(re.search(rb"Keep-Alive: timeout=(\d+)\r\n", answer)[1])
            self.assertGreater(seconds, 60)  # the limit of AWS and nginx
            s.settimeout(25)  # longer than a request may take to arrive
            with self.assertRaises(TimeoutError):
                s.recv(1)
            s.settimeout(10)
            s.sendall(request)
            self.assertIn(b"200 OK", s.recv(4096))

    def test_an_answer_that_ends_the_connection_promises_nothing(self):
        with Server() as server:
            answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertNotIn(b"Keep-Alive:", answer)


class WaitingRooms(unittest.TestCase):
    def test_an_account_may_turn_its_own_off_again(self):
        def comes(peer):
            w = WebSocket(server, roomId="r", peerId=peer)
            self.addCleanup(w.socket.close)
            while (message := w.receive()).get("method") not in ("admitted", "waiting"):
                pass
            if message["method"] == "admitted":
                self.assertFalse(message["data"]["room"]["waitingRoom"])
            return message["method"], w

        def leaves(w):
            w.send(frame(8, b"\x03\xe8"))
            self.assertEqual(w.ended(), 1000)

        with Server() as server:
            server.ctl("account", "set", "default", "--waiting-room", "on")
            first = comes("first")
            self.assertEqual(first[0], "waiting")
            server.ctl("account", "set", "default", "--waiting-room", "off")
            second = comes("second")  # into the same room
            self.assertEqual(second[0], "admitted")
            for _, w in (first, second):
                leaves(w)
            third = comes("third")  # into one that was empty
            self.assertEqual(third[0], "admitted")
            server.ctl("account", "set", "default", "--waiting-room", "on")
            fourth = comes("fourth")
            self.assertEqual(fourth[0], "waiting")
            for _, w in (third, fourth):
                leaves(w)


class Quotas(unittest.TestCase):
    def test_one_account_cannot_take_everything(self):
        with Server(log_level="warning") as server:
            for name in ("a", "b"):
                server.ctl("account", "add", name, "--max-rooms", "2", "--max-peers", "3")
                server.ctl("host", "add", name, f"{name}.example")

            held = []

            def comes(account, room, peer):
                w = WebSocket(server, host=f"{account}.example", roomId=room, peerId=peer)
                held.append(w)
                message = w.receive()
                while message.get("method") not in ("admitted", "sessionClosed"):
                    message = w.receive()
                return message["data"].get("reason"), w

            self.assertIsNone(comes("a", "r1", "p")[0])
            second = comes("a", "r2", "p")
            self.assertIsNone(second[0])
            self.assertEqual(comes("a", "r3", "p")[0], "busy")  # rooms
            self.assertIsNone(comes("a", "r1", "q")[0])
            self.assertEqual(comes("a", "r1", "r")[0], "busy")  # people
            self.assertIsNone(comes("b", "r3", "p")[0])
            self.assertIn("amphictl account set a --max-rooms", server.log_text())
            second[1].send(frame(8, b"\x03\xe8"))  # leaves
            self.assertEqual(second[1].ended(), 1000)
            self.assertIsNone(comes("a", "r3", "p")[0])
            server.ctl("account", "set", "a", "--max-peers", "4")
            self.assertIsNone(comes("a", "r1", "r")[0])
            for w in held:
                w.socket.close()


if __name__ == "__main__":
    unittest.main()
