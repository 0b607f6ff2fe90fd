"""Videos of recordings, made by the real amphi-compose of the clip of marks."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

import server
from recordings_test import START_MS, STOPPING, Archive
from server import Server

CLIPS = os.environ.get("AMPHI_MARKS")  # without it amphi-compose is not built, since FFmpeg's headers are missing
SECONDS = 8
LONG_S = 86400  # many seconds until its first per cent is told
FAILED = 5
PATIENCE_S = 60

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../marks"))
import marks  # noqa: E402


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


def wait(what, condition, seconds=PATIENCE_S):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come")
        time.sleep(0.02)
    return result


def exists(pid):
    return os.path.exists(f"/proc/{pid}")


@unittest.skipUnless(CLIPS, "amphi-compose is not built")
class Composing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {}
        with tempfile.TemporaryDirectory(prefix="amphi-composing-") as where:
            sources = {"tracks/1-video.webm": ("-i", f"{CLIPS}/1/720p.ivf", "-t", str(SECONDS), "-c", "copy"),
                       "programme.webm": ("-ss", "1", "-i", f"{CLIPS}/1/sound.opus", "-t", str(SECONDS), "-c:a", "libopus")}
            for name, arguments in sources.items():
                made = f"{where}/{os.path.basename(name)}"
                ffmpeg(*arguments, made)
                with open(made, "rb") as f:
                    cls.files[name] = f.read()

    def setUp(self):
        self.serve()

    def serve(self, **settings):
        self.server = self.enterContext(Server(unknown_hosts="default", rest_per_s=10000, **settings))
        self.token = self.server.api_token()
        self.archive = Archive(self.server)

    def ask(self, method, path, body=None, **headers):
        return self.server.ask(method, path, body, **{"Authorization": f"Bearer {self.token}", **headers})

    def put(self, number=1, seconds=SECONDS, **row):
        """A recording of so many seconds, whose picture and sound end after SECONDS."""
        self.archive.put(number, "room", START_MS, files=self.files, **row)
        self.archive.execute(("UPDATE recordings SET duration_ms = ? WHERE id = ?", (seconds * 1000, number)))
        described = [
            {"name": "tracks/1-video.webm", "kind": "video", "peerId": "ada", "displayName": "Ada", "offset": 0, "duration": SECONDS},
            {"name": "programme.webm", "kind": "programme", "offset": 0, "duration": SECONDS}]
        with open(f"{self.archive.folder(number, 'room')}/recording.json", "w", encoding="utf-8") as f:
            json.dump({"duration": seconds, "files": described, "leaders": []}, f)

    def compose(self, body=None, number=1, **headers):
        return self.ask("POST", f"/api/recordings/{number:016x}/compose", body, **headers)

    def recording(self, number=1):
        answer = self.ask("GET", f"/api/recordings/{number:016x}")
        self.assertEqual(answer.status, 200)
        return answer.json()

    def wait_state(self, state, number=1):
        return wait(state, lambda: (c := self.recording(number)["composition"])["state"] == state and c)

    def children(self):
        """The programs that the server runs."""
        with open(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children", encoding="ascii") as f:
            return [int(pid) for pid in f.read().split()]

    def folder(self):
        return f"{self.server.directory.name}/recordings"

    def leftovers(self):
        return [name for name in os.listdir(self.folder()) if "compos" in name]

    def run_long(self, number=1):
        """Begins what takes minutes; returns the program's process id once it has said "progress 0" and writes."""
        self.put(number, seconds=LONG_S)
        self.assertEqual(self.compose(number=number).status, 202)
        self.wait_state("running", number)
        (pid,) = self.children()
        wait("the file", lambda: self.leftovers() and os.path.getsize(f"{self.folder()}/{self.leftovers()[0]}") > 50000)
        return pid

    # proves X03
    def test_a_video_is_made_and_plays(self):
        self.put(seconds=20)
        self.assertIsNone(self.recording()["composition"])
        before = self.recording()["bytes"]
        answer = self.compose()
        self.assertEqual(answer.status, 202)
        self.assertEqual(answer.json(), {"composition": {
            "state": "queued", "percent": 0, "layout": "share", "format": "mp4", "name": "composed.mp4", "reason": None}})
        seen, deadline = [], time.monotonic() + 3 * PATIENCE_S
        while (c := self.recording()["composition"])["state"] != "done":
            self.assertIn(c["state"], ("queued", "running"))
            seen.append(c["percent"])
            again = self.compose({"layout": "share", "format": "mp4"})
            self.assertIn(again.status, (200, 202))
            self.assertEqual(again.json()["composition"]["name"], "composed.mp4")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(seen, sorted(seen))
        self.assertGreater(len({percent for percent in seen if 0 < percent < 100}), 3, seen)
        self.assertEqual(c, {**answer.json()["composition"], "state": "done", "percent": 100})
        self.assertEqual(self.compose().status, 200)
        self.assertEqual(self.leftovers(), [])

        (file,) = (f for f in self.recording()["files"] if f["kind"] == "composed")
        content = self.ask("GET", f"/api/recordings/{1:016x}/files/composed.mp4")
        self.assertEqual((content.status, content.headers["Content-Type"]), (200, "video/mp4"))
        self.assertEqual(file, {
            "name": "composed.mp4", "kind": "composed", "codec": "h264", "peerId": None, "displayName": None, "offset": 0,
            "duration": 20, "bytes": len(content.body)})
        self.assertEqual(self.recording()["bytes"], before + len(content.body))
        link = self.ask("POST", f"/api/recordings/{1:016x}/links", {"name": "composed.mp4", "seconds": 60}).json()["url"]
        url = urllib.parse.urlsplit(link)
        self.assertEqual(self.server.get(f"{url.path}?{url.query}").body, content.body)
        with tempfile.NamedTemporaryFile(prefix="amphi-composing-", suffix=".mp4") as f:
            f.write(content.body)
            f.flush()
            read = marks.all_of(f.name)
        self.assertEqual(read["errors"], [])
        self.assertEqual(len(read["pictures"]), 20 * marks.FRAME_RATE)
        self.assertLessEqual(max(map(abs, read["skews"])), 0.040, read["skews"])

    def test_a_video_may_be_made_in_another_way(self):
        self.put(seconds=1)
        for body, name in (({"layout": "grid"}, "composed.mp4"), ({"layout": "speaker", "format": "webm"}, "composed.webm")):
            self.assertEqual(self.compose(body).status, 202)
            c = self.wait_state("done")
            self.assertEqual((c["layout"], c["name"]), (body["layout"], name))
            self.assertEqual(self.ask("HEAD", f"/api/recordings/{1:016x}/files/{name}").status, 200)
        rows = [f for f in self.recording()["files"] if f["kind"] == "composed"]
        self.assertEqual([f["codec"] for f in rows], ["h264", "vp9"])
        self.assertEqual(self.recording()["bytes"], sum(f["bytes"] for f in self.recording()["files"]))

    def test_a_removed_recording_ends_its_program(self):
        pid = self.run_long()
        self.assertEqual(self.compose({"layout": "grid"}).status, 409)
        self.put(2, seconds=1)
        self.assertEqual(self.compose(number=2).json()["composition"]["state"], "queued")
        self.assertEqual(self.ask("DELETE", f"/api/recordings/{1:016x}").status, 200)
        wait("its end", lambda: not exists(pid))
        self.assertFalse(os.path.exists(self.archive.folder(1, "room")))
        self.wait_state("done", 2)  # the next one has its turn
        self.assertEqual(self.ask("GET", f"/api/recordings/{1:016x}").status, 404)
        self.assertEqual(self.leftovers(), [])

    def test_the_program_ends_with_a_killed_server(self):
        pid = self.run_long()
        self.server.restart()
        wait("its end", lambda: not exists(pid), seconds=3)  # long before it would miss its reader
        wait("the removal", lambda: not self.leftovers())
        self.assertIsNone(self.recording()["composition"])
        self.assertEqual(self.compose().status, 202)
        self.wait_state("running")

    def test_the_program_ends_with_the_server(self):
        pid = self.run_long()
        self.server.process.terminate()
        self.assertEqual(self.server.process.wait(30), 0)
        self.assertFalse(exists(pid))
        self.assertEqual(self.leftovers(), [])
        self.server.start()

    def test_requests_for_what_is_unknown_name_what_is_accepted(self):
        self.put()
        for body, text in (({"layout": "mosaic"}, "layout must be grid, speaker or share"),
                           ({"layout": 5}, "layout must be grid, speaker or share"),
                           ({"layout": "x" * 1000}, "layout must be grid, speaker or share"),
                           ({"format": "avi"}, "format must be mp4 or webm"), ({"format": ""}, "format must be mp4 or webm"),
                           ([], "the body must be a JSON object"), ("{", "the body must be a JSON object")):
            answer = self.compose(body)
            self.assertEqual((answer.status, answer.json()), (400, {"error": text}), body)
        self.assertEqual(self.recording()["composition"], None)

    def test_only_the_account_s_ready_recordings_are_composed(self):
        self.put(1, state=STOPPING)
        self.put(2, state=FAILED)
        self.put(3)
        for number in (1, 2):
            answer = self.compose(number=number)
            self.assertEqual((answer.status, answer.json()), (409, {"error": "the recording is not ready"}))
        self.server.ctl("account", "add", "other")
        foreign = {"Authorization": f"Bearer {self.server.api_token('other')}"}
        self.assertEqual(self.compose(number=3, **foreign).status, 404)
        self.assertEqual(self.compose(number=4).status, 404)
        self.assertEqual(self.ask("POST", "/api/recordings/3/compose").status, 404)
        self.assertEqual(self.ask("GET", f"/api/recordings/{3:016x}/compose").status, 405)
        self.assertEqual(self.server.ask("POST", f"/api/recordings/{3:016x}/compose").status, 403)

    def test_a_failure_is_told_and_logged(self):
        self.put()
        path = f"{self.archive.folder(1, 'room')}/recording.json"
        with open(path, encoding="utf-8") as f:
            described = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write("{")
        self.assertEqual(self.compose().status, 202)
        self.assertEqual(self.wait_state("failed")["reason"], "error")
        self.assertRegex(self.server.log_text(), 'composer: no video was made; recording=0{15}1 reason=error error=".*no file was made')
        with open(path, "w", encoding="utf-8") as f:
            f.write(described)
        self.assertEqual(self.compose().status, 202)
        self.wait_state("done")

    def test_a_full_account_gets_no_video(self):
        self.put()
        self.archive.execute(("UPDATE recordings SET bytes = 5000000",))
        self.server.restart()
        self.server.ctl("account", "set", "default", "--max-recorded-mib", "4")
        self.assertEqual(self.compose().status, 507)
        self.server.ctl("account", "set", "default", "--max-recorded-mib", "5")
        self.assertEqual(self.compose().status, 202)

    def test_an_event_says_that_the_video_is_there(self):
        self.put(seconds=1)
        self.server.ctl("account", "set", "default", "--hook-secret", "new", "--hook-version", "2",
                        "--api-event", "https://127.0.0.1:1/")
        for layout in ("grid", "share"):
            self.assertEqual(self.compose({"layout": layout}).status, 202)
            self.wait_state("done")
        events = wait("the events", lambda: len(e := self.ask("GET", "/api/events").json()["data"]) == 2 and e)
        self.assertEqual([e["event"] for e in events], ["recordingComposed"] * 2)
        self.assertEqual([e["eventId"] for e in events], [f"{1:016x}-composed-{e['sequence']}" for e in events])
        self.assertEqual(events[1]["recording"]["bytes"], self.recording()["bytes"])
        self.assertEqual(events[1]["recording"]["files"], [self.recording()["files"][-1]])

    def test_without_the_program_it_is_said_what_to_install(self):
        with tempfile.TemporaryDirectory(prefix="amphi-composing-") as where:
            binary = server.BINARY
            server.BINARY = shutil.copy(binary, where)
            try:
                self.serve()
                self.put()
                answer = self.compose()
                self.assertEqual(answer.status, 501)
                self.assertIn("install the development packages of FFmpeg and Pango", answer.json()["error"])
                os.symlink(f"{os.path.dirname(binary)}/amphi-compose", f"{where}/amphi-compose")
                self.assertEqual(self.compose().status, 202)
                self.wait_state("done")
            finally:
                server.BINARY = binary


if __name__ == "__main__":
    unittest.main()
