"""amphi-compose on folders made with ffmpeg of the clip of marks."""

import json
import os
import subprocess
import tempfile
import time
import unittest

import marks

COMPOSE = os.environ["AMPHI_COMPOSE"]
CLIPS = os.environ["AMPHI_MARKS"]
SECONDS = 8


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


def runs(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return "State:\tZ" not in f.read()
    except OSError:
        return False


class Compose(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="amphi-compose-")
        self.folder = self.temporary.name
        self.addCleanup(self.temporary.cleanup)
        os.mkdir(f"{self.folder}/tracks")
        for sender in (1, 2):
            ffmpeg("-i", f"{CLIPS}/{sender}/720p.ivf", "-t", str(SECONDS), "-c", "copy", f"{self.folder}/tracks/{sender}.webm")
        ffmpeg("-ss", "1", "-i", f"{CLIPS}/1/sound.opus", "-t", str(SECONDS), "-c:a", "libopus", f"{self.folder}/programme.webm")

    def describe(self, *files, duration=SECONDS, leaders=()):
        files = [dict(zip(("name", "kind", "peerId", "displayName", "offset", "duration"), f, strict=True)) for f in files]
        files.append({"name": "programme.webm", "kind": "programme", "offset": 0, "duration": SECONDS})
        with open(f"{self.folder}/recording.json", "w", encoding="utf-8") as f:
            json.dump({"duration": duration, "files": files, "leaders": list(leaders)}, f)

    def compose(self, *arguments):
        return subprocess.run([COMPOSE, *arguments, self.folder], capture_output=True, text=True, check=False)

    def test_sound_and_picture_stay_together(self):
        self.describe(("tracks/1.webm", "video", "ada", "", 0, SECONDS))
        for name in ("mp4", "webm"):
            done = self.compose("--format", name)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            told = [int(line.removeprefix("progress ")) for line in done.stdout.splitlines()]
            self.assertEqual((told[0], told[-1]), (0, 100))
            self.assertEqual(told, sorted(told))
            read = marks.all_of(f"{self.folder}/composed.{name}")
            self.assertEqual(read["errors"], [])
            self.assertEqual(len(read["pictures"]), SECONDS * marks.FRAME_RATE)
            self.assertEqual([mark for _, mark in read["pictures"] if mark is None or mark[1] != 1], [])
            self.assertGreaterEqual(len(read["skews"]), SECONDS - 1)
            self.assertLessEqual(max(map(abs, read["skews"])), 0.040, read["skews"])
        self.assertEqual(sorted(os.listdir(self.folder)), ["composed.mp4", "composed.webm", "programme.webm", "recording.json", "tracks"])

    def test_the_leader_is_large_once_it_leads(self):
        self.describe(
            ("tracks/1.webm", "video", "ada", "Ada", 0, SECONDS), ("tracks/2.webm", "video", "bob", "Bob", 0, SECONDS),
            leaders=({"time": 0, "peerId": "ada"}, {"time": 4, "peerId": "bob"}))
        self.assertEqual(self.compose("--layout", "speaker", "--output", f"{self.folder}/all.mp4").returncode, 0)
        # The large tile alone, without the names below.
        ffmpeg("-i", f"{self.folder}/all.mp4", "-vf", "crop=954:536:8:92", "-c:v", "libx264", "-qp", "10", f"{self.folder}/large.mp4")
        shown = marks.pictures_of(f"{self.folder}/large.mp4")
        senders = {second: {mark[1] for time, mark in shown if mark and int(time) == second} for second in range(SECONDS)}
        self.assertEqual(senders, {second: {1 if second < 4 else 2} for second in range(SECONDS)})

    def test_a_broken_or_missing_file_costs_only_its_picture(self):
        with open(f"{self.folder}/tracks/broken.webm", "wb") as f:
            f.write(b"no video")
        self.describe(("tracks/broken.webm", "video", "ada", "Ada", 0, 2), ("tracks/none.webm", "video", "bob", "Bob", 0, 2), duration=2)
        self.assertEqual(self.compose().stderr.count("is left out"), 1 + 1)
        self.assertEqual(marks.errors_of(f"{self.folder}/composed.mp4"), [])

    def test_refusals_say_what_is_accepted(self):
        done = self.compose("--layout", "mosaic")
        self.assertEqual((done.returncode, done.stderr), (2, "amphi-compose: --layout takes grid, speaker or share, not mosaic\n"))
        done = self.compose("--format", "avi")
        self.assertEqual((done.returncode, done.stderr), (2, "amphi-compose: --format takes mp4 or webm, not avi\n"))
        done = self.compose("--leave", "all")
        self.assertEqual((done.returncode, done.stderr), (2, "amphi-compose: --leave takes a number of MiB, not all\n"))
        done = self.compose()
        self.assertEqual(done.returncode, 1)
        self.assertIn("recording.json cannot be read: No such file or directory", done.stderr)
        self.assertFalse(os.path.exists(f"{self.folder}/composed.mp4"))

    def test_a_disk_is_not_filled(self):
        self.describe()
        done = self.compose("--leave", str(2**32 - 1))  # 4 PiB
        self.assertEqual(done.returncode, 3)
        self.assertIn("No space left on device", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ["programme.webm", "recording.json", "tracks"])

    def test_it_ends_with_its_parent(self):
        self.describe(duration=3600)
        self.assertEqual(self.compose("--parent", "1").returncode, 1)
        command = '"$0" --parent $$ "$1" >/dev/null & echo $!; wait'
        with subprocess.Popen(["sh", "-c", command, COMPOSE, self.folder], stdout=subprocess.PIPE, text=True) as parent:
            pid = int(parent.stdout.readline())
            while not os.path.exists(f"{self.folder}/composed.mp4.part"):
                self.assertTrue(runs(pid))
                time.sleep(0.02)
            parent.kill()
        deadline = time.monotonic() + 10
        while runs(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertFalse(runs(pid))


if __name__ == "__main__":
    unittest.main()
