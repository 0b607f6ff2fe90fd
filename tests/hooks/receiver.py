#!/usr/bin/env python3
"""An integrator's server for tests: real HTTPS with a certificate of a test authority, and answers that
the called URL itself programs.

    receiver.py DIRECTORY [--port N] [--name NAME] [--address ADDRESS]

Makes DIRECTORY/authority.pem (what the caller must trust) and a certificate for localhost, 127.0.0.1 and
NAME, prints "ready PORT", and serves until its standard input ends. Each request becomes a line of JSON
in DIRECTORY/log.jsonl: method, path, query (an object), headers (lower case), body, connection (number),
at (seconds), status. GET /log answers the same as a list.

A path's first part is a program, key=value by commas; without one the answer is 200 at once:

    https://localhost:PORT/status=423,delay=200,body=Full%20until%20noon/joinPeer?…

    status=N      the answer (200)
    delay=MS      before it
    body=TEXT     percent-encoded, twice where the caller decodes
    type=TYPE     Content-Type (text/plain)
    location=URL  a header for redirects
    fail=N        the first N requests to this path and peer get status, the others 200
    join=N        status for joinPeer alone
    close=N       status for closePeer alone
    down=FILE     while DIRECTORY/FILE exists, the connection is cut without an answer
    mode=MODE     silent: never answers · cut: closes the connection · endless: a body without end ·
                  trickle: one byte of it a second · bomb: 10 MB of zeros as 10 kB of gzip
"""
import argparse
import gzip
import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

LIFE_S = 600  # a test that forgot us does not leave us behind


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def certificates_make(directory, name):
    """An authority and a certificate of it, as files in the directory."""
    if not (directory / "authority.pem").exists():
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=Amphi test authority", "-keyout", directory / "authority.key",
                "-out", directory / "authority.pem")
    extensions = directory / "extensions"
    extensions.write_text(f"subjectAltName = DNS:localhost, DNS:{name}, IP:127.0.0.1, IP:::1\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", directory / "server.key", "-out", directory / "server.csr")
    openssl("x509", "-req", "-in", directory / "server.csr", "-CA", directory / "authority.pem", "-CAkey",
            directory / "authority.key", "-CAcreateserial", "-days", "2", "-extfile", extensions,
            "-out", directory / "server.pem")


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address, directory):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)
        self.directory = directory
        self.lock = threading.Lock()
        self.log = open(directory / "log.jsonl", "w", buffering=1)
        self.requests = []
        self.seen = {}  # (path, peer): how often
        self.connections = 0
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(directory / "server.pem", directory / "server.key")

    def connection_number(self):
        with self.lock:
            self.connections += 1
            return self.connections

    def keep(self, entry):
        with self.lock:
            self.requests.append(entry)
            self.log.write(json.dumps(entry) + "\n")

    def count(self, key):
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]

    def handle_error(self, request, client_address):
        pass  # callers that hang up are what the tests are about


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.number = self.server.connection_number()
        self.request.settimeout(60)
        # The handshake belongs to this thread, not to the one that accepts.
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def log_message(self, *_):
        pass

    def program(self):
        first = self.path.split("?")[0].lstrip("/").split("/")[0]
        return dict(part.split("=", 1) for part in first.split(",") if "=" in part)

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_badly(self, mode, status):
        self.close_connection = True
        if mode == "silent":
            time.sleep(20)
        elif mode in ("endless", "trickle"):
            self.send_response(status)
            self.end_headers()
            chunk, pause = (b"x" * 16384, 0) if mode == "endless" else (b"x", 1)
            for _ in range(20 if pause else 100000):
                self.wfile.write(chunk)
                self.wfile.flush()
                time.sleep(pause)
        elif mode == "bomb":
            self.answer(status, gzip.compress(bytes(10 << 20)), {"Content-Encoding": "gzip"})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/log":
            self.answer(200, json.dumps(self.server.requests).encode(), {"Content-Type": "application/json"})
            return
        program = self.program()
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        event = json.loads(body).get("event") if body else None
        event = event or url.path.rsplit("/", 1)[-1]
        status = int(program.get("status", 200))
        if event == "joinPeer" and "join" in program:
            status = int(program["join"])
        if event == "closePeer" and "close" in program:
            status = int(program["close"])
        peer = query.get("peerId") or (json.loads(body).get("peerId") if body else None)
        times = self.server.count((url.path, event, peer))
        if "fail" in program and times > int(program["fail"]):
            status = 200
        mode = program.get("mode")
        if "down" in program and (self.server.directory / program["down"]).exists():
            mode = "cut"
        self.server.keep({
            "method": self.command, "path": url.path, "query": query, "body": body,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "connection": self.number, "at": time.time(), "status": None if mode in ("cut", "silent") else status})
        if "delay" in program:
            time.sleep(int(program["delay"]) / 1000)
        if mode:
            self.answer_badly(mode, status)
            return
        headers = {"Content-Type": program.get("type", "text/plain; charset=utf-8")}
        if "location" in program:
            headers["Location"] = urllib.parse.unquote(program["location"])
        self.answer(status, urllib.parse.unquote_to_bytes(program.get("body", "")), headers)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="hook.test")
    parser.add_argument("--address", default="127.0.0.1")
    options = parser.parse_args()
    certificates_make(options.directory, options.name)
    server = Receiver((options.address, options.port), options.directory)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Timer(LIFE_S, lambda: os._exit(1)).start()
    print("ready", server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
