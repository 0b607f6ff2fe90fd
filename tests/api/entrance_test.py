"""The entrance: what may come in from where, and what none of it may do."""

import os
import stat
import unittest

from server import Server
from websocket import WebSocket, frame


class Files(unittest.TestCase):
    def test_all_that_is_written_is_the_servers_own_alone(self):
        with Server() as server, WebSocket(server, roomId="r", peerId="p") as w:
            self.assertTrue(w.ask("join", {"displayName": "P"})["ok"])
            where = server.directory.name
            made = [name for name in os.listdir(where) if ".db" in name or ".sock" in name]
            self.assertGreaterEqual(set(made), {"store.db", "store.db-wal", "accounts.db", "history.db", "admin.sock"})
            for name in made:
                self.assertEqual(stat.S_IMODE(os.stat(f"{where}/{name}").st_mode) & 0o077, 0, name)

    def test_what_an_earlier_version_left_open_is_closed(self):
        with Server() as server:
            where = server.directory.name
            for name in ("store.db", "store.db-wal", "accounts.db", "history.db"):
                os.chmod(f"{where}/{name}", 0o644)
            server.restart()
            for name in ("store.db", "store.db-wal", "accounts.db", "history.db"):
                self.assertEqual(stat.S_IMODE(os.stat(f"{where}/{name}").st_mode), 0o600, name)


class Methods(unittest.TestCase):
    def test_only_the_methods_that_say_so_close_a_room(self):
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
    def test_who_joins_and_resumes_in_turn_is_slowed(self):
        with Server() as server, WebSocket(server, roomId="r", peerId="w") as witness:
            self.assertTrue(witness.ask("join", {"displayName": "W"})["ok"])
            with WebSocket(server, roomId="r", peerId="p") as w:
                turn = "".join(
                    '{"request":true,"id":%d,"method":"%s","data":{}}\n' % (i, ("join", "resume")[i % 2])
                    for i in range(200)
                )
                w.send(b"".join(frame(1, line.encode()) for line in turn.splitlines()))
                heard = 0
                witness.socket.settimeout(1)  # a tenth of what all of them take
                with self.assertRaises(TimeoutError):
                    while message := witness.receive():
                        heard += message.get("method") in ("newPeer", "peerClosed")
                self.assertTrue(0 < heard < 200, heard)


if __name__ == "__main__":
    unittest.main()
