"""The real control plane, on its own port and in its own directory, without a data plane."""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ["AMPHI_CONTROLPLANE"]
CTL = os.environ["AMPHI_CTL"]
PAGE = "<!doctype html><title>page</title>"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificate(where, name="tls"):
    """Settings for a new certificate and its key, in files of this folder."""
    files = {"certificate": f"{where}/{name}.certificate", "private_key": f"{where}/{name}.key"}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", files["private_key"], "-out", files["certificate"]],
        check=True, capture_output=True)
    return files


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Server:
    """with Server(setting='value', …) as s: s.get('/path')"""

    def __init__(self, **settings):
        self.settings = settings
        self.port = free_port()

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="amphi-api-")
        where = self.directory.name
        os.mkdir(f"{where}/pages")
        for name in ("index.html", "meetBridgeApi.js"):
            with open(f"{where}/pages/{name}", "w") as f:
                f.write(PAGE)
        for coding, extension in (("br", "br"), ("gzip", "gz")):
            with open(f"{where}/pages/index.html.{extension}", "w") as f:
                f.write(f"{coding} of the page")
        settings = {"port": self.port, "pages": f"{where}/pages", "store": f"{where}/store.db", "log_level": "error"}
        settings.update(self.settings)
        with open(f"{where}/amphi.conf", "w") as f:
            lines = "".join(f"\t{k} = {json.dumps(v)};\n" for k, v in settings.items())
            f.write(f'link: {{ socket = "{where}/dataplane.sock"; }};\ncontrolplane: {{\n{lines}}};\n')
            f.write(f'recording: {{ directory = "{where}/recordings"; }};\n')
        self.log = open(f"{where}/log", "w+")
        self.start()
        return self

    def wait_until_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"no server: {self.log_text()}")

    def restart(self):
        """Kills the process, and starts it again on the same files."""
        self.process.kill()
        self.process.wait(30)
        self.start()

    def start(self):
        self.process = subprocess.Popen([BINARY, "-c", f"{self.directory.name}/amphi.conf"], stderr=self.log)
        self.wait_until_ready()

    def descriptors(self):
        """How many files and sockets the server has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log_text(self):
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        text = self.log_text()
        self.log.close()
        self.directory.cleanup()
        if status != 0:  # a sanitizer's finding, too
            raise AssertionError(f"the server ended with {status}: {text}")

    def ctl(self, *arguments):
        """Runs amphictl; returns its answer as JSON."""
        command = [CTL, "--socket", f"{self.directory.name}/admin.sock", "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.returncode} {done.stderr}")
        return json.loads(done.stdout)

    def api_token(self, account="default"):
        return self.ctl("token", "add", account, "test")["token"]

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            names = {k.replace("_", "-"): v for k, v in headers.items()}
            connection.request(method, path, body, names)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def raw(self, request, timeout=10):
        """Sends raw bytes, and returns everything that arrives until the end or the timeout."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as s:
            s.sendall(request)
            s.settimeout(timeout)
            answer = b""
            try:
                while piece := s.recv(65536):
                    answer += piece
            except TimeoutError:
                pass
            return answer
