"""Recordings over REST: the rows and files are put in place, as the recorder and the control plane leave them."""

import http.client
import os
import socket
import sqlite3
import threading
import time
import unittest
import urllib.parse

from server import Server
from websocket import WebSocket

PROGRAMME = bytes(range(256)) * 4  # 1024 bytes, each at its own place
TRACK = b"a track of Ada"
LARGE = 16 << 20
READY, STOPPING = 4, 3
START_MS = 1800000000000  # 2027-01-15T08:00:00Z


class Archive:
    """The recordings of a server's default account."""

    def __init__(self, server):
        self.server = server
        db = self.database()
        self.account = dict(db.execute("SELECT name, id FROM a.accounts"))["default"]
        db.close()

    def database(self):
        db = sqlite3.connect(f"{self.server.directory.name}/history.db", timeout=10)
        db.execute("ATTACH ? AS a", (f"{self.server.directory.name}/accounts.db",))
        return db

    def execute(self, *statements):
        db = self.database()
        with db:
            for statement in statements:
                db.execute(*statement)
        db.close()

    def folder(self, number, room):
        return f"{self.server.directory.name}/recordings/{self.account}/{room}/{number:016x}"

    def put_file(self, number, name, length):
        track = "audio" in name
        self.execute((
            "INSERT INTO recording_files(recording_id, name, kind, codec, peer_id, display_name, offset_ms, duration_ms,"
            " bytes) VALUES(?, ?, ?, ?, ?, ?, 0, 1500, ?)",
            (number, name, "audio" if track else "programme", "opus" if track else "vp8", "ada" if track else "",
             "Ада" if track else "", length)))

    def put(self, number, room, at_ms, state=READY, files=None):
        files = files or {"programme.webm": PROGRAMME, "tracks/1-audio.webm": TRACK}
        folder = self.folder(number, room)
        os.makedirs(f"{folder}/tracks")
        for name, content in files.items():
            with open(f"{folder}/{name}", "wb") as f:
                f.write(content)
            self.put_file(number, name, len(content))
        self.execute((
            "INSERT INTO recordings(id, account_id, room_number, at_ms, started_ms, stopped_ms, duration_ms, bytes,"
            " state, reason, room, directory, by_id, by_name) VALUES(?, ?, 1, ?, ?, ?, 1500, ?, ?, 1, ?, ?, 'mod', 'Mo')",
            (number, self.account, at_ms, at_ms, at_ms + 2000, sum(map(len, files.values())), state, room,
             f"{self.account}/{room}/{number:016x}")))


class Recordings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(rest_per_s=10000, unknown_hosts="default"))
        cls.server.ctl("account", "add", "other")
        cls.token = cls.server.api_token()
        cls.other = cls.server.api_token("other")
        cls.archive = Archive(cls.server)
        for n in range(1, 6):
            cls.archive.put(n, "even" if n % 2 == 0 else "odd", START_MS + n * 60000)
        cls.archive.put(6, "even", START_MS + 360000, state=STOPPING)

    def ask(self, method, path, body=None, **headers):
        headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.server.ask(method, path, body, **headers)

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def file(self, name="programme.webm", number=1, method="GET", **headers):
        return self.ask(method, f"/api/recordings/{number:016x}/files/{name}", **headers)

    def ids(self, query):
        answer = self.get(f"/api/recordings?{query}")
        self.assertEqual(answer.status, 200)
        return [int(r["id"], 16) for r in answer.json()["data"] if int(r["id"], 16) <= 6]

    # proves X03
    def test_recordings_are_listed_newest_first_with_their_files(self):
        answer = self.get(f"/api/recordings/{1:016x}")
        self.assertEqual(answer.status, 200)
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertEqual(answer.json(), {
            "id": "0000000000000001", "roomId": "odd", "state": "ready", "reason": "moderator",
            "startedAt": "2027-01-15T08:01:00.000Z", "stoppedAt": "2027-01-15T08:01:02.000Z", "duration": 1.5,
            "bytes": 1038, "by": {"peerId": "mod", "displayName": "Mo"}, "composition": None,
            "files": [
                {"name": "programme.webm", "kind": "programme", "codec": "vp8", "peerId": None, "displayName": None,
                 "offset": 0, "duration": 1.5, "bytes": 1024},
                {"name": "tracks/1-audio.webm", "kind": "audio", "codec": "opus", "peerId": "ada", "displayName": "Ада",
                 "offset": 0, "duration": 1.5, "bytes": 14}]})
        self.assertEqual(self.ids(""), [6, 5, 4, 3, 2, 1])

    def test_lists_are_filtered(self):
        self.assertEqual(self.ids("room=odd"), [5, 3, 1])
        self.assertEqual(self.ids("room=nobody"), [])
        self.assertEqual(self.ids("from=2027-01-15T08:03:00Z&to=2027-01-15T08:05:00Z"), [4, 3])
        self.assertEqual(self.ids("room=even&from=2027-01-15T08:03:00Z"), [6, 4])

    def test_lists_come_in_pages(self):
        seen, after = [], ""
        while True:
            answer = self.get(f"/api/recordings?room=odd&limit=1{after}").json()
            seen += [int(r["id"], 16) for r in answer["data"]]
            if answer["next"] is None:
                break
            after = f"&after={answer['next']}"
        self.assertEqual(seen, [5, 3, 1])

    def test_bad_filters_are_named(self):
        for query, word in (("from=x", "from"), ("to=yesterday", "to"), ("limit=0", "limit"), ("limit=101", "limit"),
                            ("limit=x", "limit"), ("after=1", "after"), ("after=-0000000000000001", "after"),
                            ("after=5-x", "after"), ("room=a%20b", "room"), ("room=", "room")):
            answer = self.get(f"/api/recordings?{query}")
            self.assertEqual(answer.status, 400, query)
            self.assertTrue(answer.json()["error"].startswith(word), query)

    def test_what_is_foreign_is_absent(self):
        foreign = {"Authorization": f"Bearer {self.other}"}
        own = f"/api/recordings/{1:016x}"
        self.assertEqual(self.get("/api/recordings", **foreign).json(), {"data": [], "next": None})
        self.assertEqual(self.get(own, **foreign).status, 404)
        self.assertEqual(self.ask("DELETE", own, **foreign).status, 404)
        self.assertEqual(self.file(**foreign).status, 404)
        answer = self.ask("POST", f"{own}/links", {"name": "programme.webm", "seconds": 60}, **foreign)
        self.assertEqual(answer.status, 404)
        for path in ("", "/files/programme.webm"):
            self.assertEqual(self.server.get(own + path).status, 403)

    def test_bad_ids_are_absent(self):
        for id in ("1", f"{99:016x}", "0" * 16, "000000000000000G", "00000000000000001", "%00", "..", "0000000000000001%20"):
            for path in (f"/api/recordings/{id}", f"/api/recordings/{id}/files/programme.webm"):
                answer = self.get(path)
                self.assertEqual(answer.status, 404, path)
                self.assertIn("error", answer.json())

    # proves X03
    def test_a_file_comes_whole(self):
        answer = self.file()
        self.assertEqual((answer.status, answer.body), (200, PROGRAMME))
        self.assertEqual(answer.headers["Content-Type"], "video/webm")
        self.assertEqual(answer.headers["Accept-Ranges"], "bytes")
        self.assertEqual(answer.headers["Content-Length"], "1024")
        self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        self.assertRegex(answer.headers["Last-Modified"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(
            answer.headers["Content-Disposition"],
            'inline; filename="odd-2027-01-15-0801-programme.webm";'
            " filename*=UTF-8''odd-2027-01-15-0801-programme.webm")

    def test_a_name_may_have_a_folder(self):
        for name in ("tracks/1-audio.webm", "tracks%2F1-audio.webm"):
            answer = self.file(name + "?download=true")
            self.assertEqual((answer.status, answer.body), (200, TRACK))
            self.assertEqual(answer.headers["Content-Type"], "audio/webm")
            disposition = answer.headers["Content-Disposition"]
            self.assertTrue(disposition.startswith('attachment; filename="odd-2027-01-15-0801-tracks-1-audio.webm";'))
            self.assertTrue(disposition.endswith(urllib.parse.quote("tracks-1-audio-Ада.webm")))

    def test_a_range_comes_alone(self):
        for range, first, last in (("0-99", 0, 99), ("500-599", 500, 599), ("1000-", 1000, 1023), ("-24", 1000, 1023),
                                   ("1000-5000", 1000, 1023), ("1023-1023", 1023, 1023), ("0-", 0, 1023)):
            answer = self.file(Range=f"bytes={range}")
            self.assertEqual((answer.status, answer.body), (206, PROGRAMME[first:last + 1]), range)
            self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{last}/1024")
            self.assertEqual(answer.headers["Content-Length"], str(last + 1 - first))

    def test_a_range_beyond_the_end_is_refused(self):
        for range in ("1024-", "5000-6000", "-0"):
            answer = self.file(Range=f"bytes={range}")
            self.assertEqual(answer.status, 416, range)
            self.assertEqual(answer.headers["Content-Range"], "bytes */1024")
            self.assertIn("error", answer.json())

    def test_several_ranges_are_answered_with_the_whole_file(self):
        for range in ("bytes=0-1,5-6", "bytes=5-4", "items=0-1", "bytes=a", "bytes=" + "1" * 200):
            answer = self.file(Range=range)
            self.assertEqual((answer.status, answer.body), (200, PROGRAMME), range)
            self.assertNotIn("Content-Range", answer.headers)

    def test_head_has_the_headers_alone(self):
        whole = self.file()
        for range in ({}, {"Range": "bytes=0-1"}):
            answer = self.file(method="HEAD", **range)
            self.assertEqual((answer.status, answer.body), (200, b""))
            for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Content-Disposition"):
                self.assertEqual(answer.headers[name], whole.headers[name])
        self.assertEqual(self.file("nothing.webm", method="HEAD").status, 404)

    def test_what_the_client_has_is_not_sent_again(self):
        headers = self.file().headers
        tag, date = headers["ETag"], headers["Last-Modified"]
        self.assertTrue(tag.startswith('"'))
        for condition in ({"If_None_Match": tag}, {"If_None_Match": f'"x", W/{tag}'}, {"If_None_Match": "*"},
                          {"If_Modified_Since": date}, {"If_None_Match": tag, "Range": "bytes=0-1"}):
            answer = self.file(**condition)
            self.assertEqual((answer.status, answer.body), (304, b""), condition)
            self.assertEqual(answer.headers["ETag"], tag)
        self.assertEqual(self.file(If_None_Match='"x"', If_Modified_Since=date).status, 200)
        for condition, status in ((tag, 206), (date, 206), ('"x"', 200), (f"W/{tag}", 200)):
            self.assertEqual(self.file(Range="bytes=0-1", If_Range=condition).status, status, condition)

    def test_a_file_that_grows_has_a_weak_tag(self):
        tag = self.file(number=6).headers["ETag"]
        self.assertTrue(tag.startswith('W/"'))
        self.assertEqual(self.file(number=6, Range="bytes=0-1").status, 206)
        self.assertEqual(self.file(number=6, Range="bytes=0-1", If_Range=tag).status, 200)

    def test_no_name_leads_out_of_the_recording(self):
        folder = self.archive.folder(1, "odd")
        with open(f"{folder}/secret.txt", "w") as f:
            f.write("no row has this name")
        os.symlink("/etc/passwd", f"{folder}/link.webm")
        self.archive.put_file(1, "link.webm", 0)
        up = "../../../../history.db"
        for name in ("secret.txt", "link.webm", "..", "../" + f"{3:016x}" + "/programme.webm", up, up.replace("/", "%2F"),
                     "..%2f..%2f..%2f..%2fhistory.db", "%2e%2e/%2e%2e", "/etc/passwd", "%2Fetc%2Fpasswd", "tracks/",
                     "tracks/../programme.webm", "tracks%2F..%2Fprogramme.webm", "./programme.webm", "programme.webm%00",
                     "programme.webm/", "tracks//1-audio.webm", "a" * 500, "a" * 129, "tracks/" + "a" * 500):
            answer = self.file(name)
            self.assertIn(answer.status, (400, 404), name)
            self.assertNotIn(b"root:", answer.body)
            self.assertNotIn(b"SQLite", answer.body)
        self.archive.execute(("DELETE FROM recording_files WHERE name = 'link.webm'",))

    def link(self, **body):
        answer = self.ask("POST", f"/api/recordings/{1:016x}/links", {"name": "programme.webm", "seconds": 60, **body})
        self.assertEqual(answer.status, 200)
        return answer.json()

    # proves X03
    def test_a_link_needs_no_token(self):
        link = self.link()
        url = urllib.parse.urlsplit(link["url"])
        self.assertEqual(f"{url.scheme}://{url.netloc}", f"http://127.0.0.1:{self.server.port}")
        self.assertRegex(link["expires"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$")
        answer = self.server.get(f"{url.path}?{url.query}")
        self.assertEqual((answer.status, answer.body), (200, PROGRAMME))
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertEqual(answer.headers["Cross-Origin-Resource-Policy"], "cross-origin")
        answer = self.server.get(f"{url.path}?{url.query}", Range="bytes=-1")
        self.assertEqual((answer.status, answer.body), (206, PROGRAMME[-1:]))
        self.assertEqual(self.server.ask("HEAD", f"{url.path}?{url.query}").status, 200)
        self.assertEqual(self.server.ask("DELETE", f"{url.path}?{url.query}").status, 405)
        url = urllib.parse.urlsplit(self.link(name="tracks/1-audio.webm", download=True)["url"])
        answer = self.server.get(f"{url.path}?{url.query}")
        self.assertEqual((answer.status, answer.body), (200, TRACK))
        self.assertTrue(answer.headers["Content-Disposition"].startswith("attachment"))
        secure = self.ask("POST", f"/api/recordings/{1:016x}/links", {"name": "programme.webm", "seconds": 9},
                          Host="meet.example", X_Forwarded_Proto="https")
        self.assertTrue(secure.json()["url"].startswith(f"https://meet.example/api/recordings/{1:016x}/files/programme.webm?"))

    def test_a_changed_link_admits_nobody(self):
        url = urllib.parse.urlsplit(self.link()["url"])
        query = dict(urllib.parse.parse_qsl(url.query))
        other = urllib.parse.urlsplit(self.link(name="tracks/1-audio.webm")["url"])
        changed = [(url.path.replace("programme", "tracks/1-audio"), query), (other.path, query),
                   (url.path.replace(f"{1:016x}", f"{3:016x}"), query)]
        for key, value in (("expires", int(query["expires"]) + 1), ("account", int(query["account"]) + 1), ("account", ""),
                           ("expires", "-1"), ("signature", ""), ("signature", query["signature"][:-1]),
                           ("signature", query["signature"] + "A"), ("signature", "A" * 43)):
            changed.append((url.path, {**query, key: value}))
        for key in query:
            changed.append((url.path, {k: v for k, v in query.items() if k != key}))
        for path, parameters in changed:
            answer = self.server.get(f"{path}?{urllib.parse.urlencode(parameters)}")
            self.assertIn(answer.status, (403, 429), parameters)
            if answer.status == 403 and "signature" in parameters:
                self.assertEqual(answer.json(), {"error": "the link is not valid"})
            time.sleep(0.02)

    def test_a_link_expires(self):
        url = urllib.parse.urlsplit(self.link(seconds=1)["url"])
        time.sleep(2.1)
        answer = self.server.get(f"{url.path}?{url.query}")
        self.assertEqual((answer.status, answer.json()), (403, {"error": "the link has expired"}))

    def test_those_who_follow_links_take_nothing_from_the_accounts_budget(self):
        with Server(unknown_hosts="default", rest_per_s=1) as server:  # and 100 at once
            token = server.api_token()
            Archive(server).put(1, "odd", START_MS)
            own = {"Authorization": f"Bearer {token}"}
            answer = server.ask("POST", f"/api/recordings/{1:016x}/links", {"name": "programme.webm", "seconds": 60}, **own)
            url = urllib.parse.urlsplit(answer.json()["url"])
            statuses = [server.get(f"{url.path}?{url.query}").status for _ in range(130)]
            self.assertEqual(set(statuses), {200, 429})
            self.assertEqual(server.get("/api/recordings", **own).status, 200)

    def test_a_link_outlives_a_restart(self):
        with Server(unknown_hosts="default") as server:
            token = server.api_token()
            Archive(server).put(1, "odd", START_MS)
            answer = server.ask("POST", f"/api/recordings/{1:016x}/links", {"name": "programme.webm", "seconds": 60},
                                Authorization=f"Bearer {token}")
            url = urllib.parse.urlsplit(answer.json()["url"])
            server.restart()
            self.assertEqual(server.get(f"{url.path}?{url.query}").body, PROGRAMME)

    def test_bad_requests_for_links_are_refused(self):
        path = f"/api/recordings/{1:016x}/links"
        for body in ({}, {"name": "programme.webm"}, {"seconds": 60}, {"name": "programme.webm", "seconds": 0},
                     {"name": "programme.webm", "seconds": 604801}, {"name": 5, "seconds": 60}, [],
                     {"name": "programme.webm", "seconds": "60"}, {"name": "a" * 129, "seconds": 60}):
            answer = self.ask("POST", path, body)
            self.assertEqual(answer.status, 400, body)
            self.assertRegex(answer.json()["error"], "^(name|seconds) must be")
        self.assertEqual(self.ask("POST", path, {"name": "other.webm", "seconds": 60}).status, 404)
        self.assertEqual(self.server.ask("POST", path, {"name": "programme.webm", "seconds": 60}).status, 403)

    # proves X03
    def test_a_removed_recording_is_gone(self):
        self.archive.put(20, "gone", START_MS - 1000)
        path = f"/api/recordings/{20:016x}"
        self.assertEqual(self.get(path).status, 200)
        answer = self.ask("DELETE", path)
        self.assertEqual((answer.status, answer.json()), (200, {"removed": True}))
        self.assertFalse(os.path.exists(self.archive.folder(20, "gone")))
        for _ in range(100):  # the row goes with the next transaction
            if self.get(path).status == 404:
                break
            time.sleep(0.02)
        self.assertEqual(self.get(path).status, 404)
        self.assertEqual(self.file(number=20).status, 404)

    def test_a_recording_under_way_is_not_removed(self):
        answer = self.ask("DELETE", f"/api/recordings/{6:016x}")
        self.assertEqual(answer.status, 409)
        self.assertIn("stop it first", answer.json()["error"])
        self.assertTrue(os.path.exists(self.archive.folder(6, "even")))

    def test_expired_recordings_go(self):
        with Server(unknown_hosts="default") as server:
            token, archive = server.api_token(), Archive(server)
            now = int(time.time() * 1000)
            for n in range(1, 8):
                archive.put(n, "room", now - n * 86400000)
            folders = [archive.folder(n, "room") for n in range(1, 8)]
            server.ctl("account", "set", "default", "--record-days", "3")
            server.restart()
            for _ in range(200):
                data = server.get("/api/recordings", Authorization=f"Bearer {token}").json()["data"]
                if len(data) == 2:
                    break
                time.sleep(0.05)
            self.assertEqual([int(r["id"], 16) for r in data], [1, 2])
            self.assertEqual([os.path.exists(f) for f in folders], [True] * 2 + [False] * 5)

    def open_download(self, number, server=None, token=None, buffer=4096):
        """A download whose body has not been read."""
        server, token = server or self.server, token or self.token
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.addCleanup(connection.close)
        connection.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.request("GET", f"/api/recordings/{number:016x}/files/programme.webm",
                           headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse()

    def put_large(self, number):
        if not os.path.exists(self.archive.folder(number, "large")):
            self.archive.put(number, "large", START_MS - 2000, files={"programme.webm": os.urandom(1 << 20) * (LARGE >> 20)})
        with open(f"{self.archive.folder(number, 'large')}/programme.webm", "rb") as f:
            return f.read()

    def test_slow_readers_hold_up_nobody(self):
        content = self.put_large(30)
        slow = [self.open_download(30, buffer=65536) for _ in range(20)]
        self.assertEqual({r.status for r in slow}, {200})
        time.sleep(0.5)
        longest = 0
        for _ in range(50):
            start = time.monotonic()
            self.assertEqual(self.server.get("/healthz").status, 200)
            self.assertEqual(self.file().body, PROGRAMME)
            longest = max(longest, time.monotonic() - start)
        self.assertLess(longest, 1)
        self.assertEqual(slow[7].read(100000), content[:100000])
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.file(number=30).body == content)) for _ in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(answers, [True] * 6)

    def test_a_range_of_a_large_file(self):
        content = self.put_large(30)
        for first, last in ((0, 131071), (131072, 262143), (1, 131073), (LARGE - 200000, LARGE - 1)):
            answer = self.file(number=30, Range=f"bytes={first}-{last}")
            self.assertEqual(answer.status, 206)
            self.assertTrue(answer.body == content[first:last + 1])

    def test_a_file_that_shrinks_does_not_pass_for_whole(self):
        self.archive.put(31, "large", START_MS - 3000, files={"programme.webm": bytes(LARGE)})
        download = self.open_download(31, buffer=65536)
        os.truncate(f"{self.archive.folder(31, 'large')}/programme.webm", 1000)
        with self.assertRaises(http.client.IncompleteRead):
            download.read()
        self.assertEqual(self.server.get("/healthz").status, 200)

    def test_downloads_of_an_account_are_bounded(self):
        self.put_large(30)
        downloads = [self.open_download(30) for _ in range(64)]
        self.assertEqual({r.status for r in downloads}, {200})
        answer = self.file()
        self.assertEqual(answer.status, 429)
        self.assertIn("downloads", answer.json()["error"])
        self.assertIn("Retry-After", answer.headers)
        for r in downloads:
            r.close()
        self.doCleanups()
        for _ in range(200):
            if self.file().status == 200:
                break
            time.sleep(0.05)
        self.assertEqual(self.file().status, 200)

    def test_the_end_cuts_off_downloads(self):
        with Server(unknown_hosts="default") as server:
            token = server.api_token()
            Archive(server).put(1, "large", START_MS, files={"programme.webm": bytes(LARGE)})
            downloads = [self.open_download(1, server, token, 65536) for _ in range(5)]
            self.assertEqual({r.status for r in downloads}, {200})
        for r in downloads:
            with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                r.read()

    # proves G09
    def test_without_a_recorder_nothing_starts(self):
        self.assertEqual(self.ask("POST", "/rooms/nobody/recording/start").status, 404)
        self.assertEqual(self.get("/rooms/nobody/recording").status, 404)
        with WebSocket(self.server, roomId="live", peerId="p") as w:
            w.notified("admitted")
            self.assertEqual(self.get("/rooms/live/recording").json(), {"recording": None})
            answer = self.ask("POST", "/rooms/live/recording/start")
            self.assertEqual(answer.status, 503)
            self.assertIn("recorder", answer.json()["error"])
            for verb in ("stop", "pause", "resume"):
                answer = self.ask("POST", f"/rooms/live/recording/{verb}")
                self.assertEqual(answer.status, 404)
                self.assertEqual(answer.json()["error"], "nothing is being recorded in this room")
            foreign = {"Authorization": f"Bearer {self.other}"}
            self.assertEqual(self.get("/rooms/live/recording", **foreign).status, 404)
            self.assertEqual(self.ask("POST", "/rooms/live/recording/start", **foreign).status, 404)
            self.assertEqual(self.server.ask("POST", "/rooms/live/recording/start").status, 403)

    def test_the_page_is_told_before_joining(self):
        for query in ("?roomId=live", "?roomId=nobody", "", "?roomId=%22"):
            answer = self.server.get(f"/api/recording{query}")
            self.assertEqual((answer.status, answer.json()), (200, {"recording": None}))


if __name__ == "__main__":
    unittest.main()
