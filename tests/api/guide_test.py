"""The integrators' guide: its commands run exactly as written, one after the other, in one shell."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from server import CTL, Server

GUIDE = pathlib.Path(__file__).parent / "../../controlplane/docs/integration.md"


class Guide(unittest.TestCase):
    # proves S04
    def test_every_command_of_the_guide_works(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.S | re.M)
        self.assertGreater(len(blocks), 5)
        with Server() as server, tempfile.TemporaryDirectory() as where:
            environment = {
                **os.environ,
                "AMPHI": f"http://localhost:{server.port}",
                "AMPHI_ADMIN_SOCKET": f"{server.directory.name}/admin.sock",
                "PATH": f"{os.path.dirname(CTL)}:{os.environ['PATH']}",
            }
            script = "set -euo pipefail\n" + "\necho ---\n".join(blocks)
            done = subprocess.run(["bash", "-c", script], cwd=where, env=environment, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            answers = done.stdout.split("---\n")
            self.assertEqual(len(answers), len(blocks))
            self.assertIn("https://*.company.example", answers[1])
            self.assertRegex(answers[3], r"token=[\w-]+\.[\w-]+\.[\w-]+\n$")
            self.assertIn('{"exists":false}', answers[5])
            self.assertEqual(answers[5].count('{"error":"room not found"}'), 3)
            self.assertIn('"errors":["', answers[5])
            self.assertEqual(answers[8].count('{"error":"room not found"}'), 5)
            self.assertIn('{"data":[],"next":null}', answers[10])
            self.assertRegex(answers[11], '{"error":"(recording not found|this server has no amphi-compose.*)"}')
            self.assertEqual(os.listdir(where), [])


if __name__ == "__main__":
    unittest.main()
