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
    body=TEXT     all values are percent-encoded, also a slash and a comma
    repeat=N      the body N times over
    type=TYPE     Content-Type (text/plain)
    location=URL  a header for redirects
    fail=N        the first N requests to this path and peer get status, the others 200
    join=N        status for joinPeer alone
    close=N       status for closePeer alone
    started=N     status for recordingStarted alone
    down=FILE     while DIRECTORY/FILE exists, the connection is cut without an answer
    mode=MODE     silent: never answers · cut: closes the connection · endless: a body without end ·
                  trickle: one byte of it a second · bomb: 10 MB of zeros as 10 kB of gzip
"""
import argparse
import asyncio
import gzip
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.parse

LIFE_S = 600  # ends even if a test forgets to end it


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


class Request:
    def __init__(self, method, target, headers, body, connection):
        self.method, self.headers, self.body, self.connection = method, headers, body, connection
        url = urllib.parse.urlsplit(target)
        self.path = url.path
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        parts = (part.split("=", 1) for part in url.path.lstrip("/").split("/")[0].split(",") if "=" in part)
        self.values = {key: urllib.parse.unquote_to_bytes(value) for key, value in parts}
        data = json.loads(body) if body else {}
        self.event = data.get("event") or url.path.rsplit("/", 1)[-1]
        self.peer = self.query.get("peerId") or data.get("peerId")

    def value(self, key, default=None):
        return self.values[key].decode(errors="replace") if key in self.values else default

    def status(self, times):
        """The programmed answer for the times-th request of its kind."""
        status = self.value("status", 200)
        if self.event == "joinPeer":
            status = self.value("join", status)
        if self.event == "closePeer":
            status = self.value("close", status)
        if self.event == "recordingStarted":
            status = self.value("started", status)
        return 200 if times > int(self.value("fail", times)) else int(status)


class Receiver:
    def __init__(self, directory):
        self.directory = directory
        self.log = open(directory / "log.jsonl", "w", buffering=1)
        self.requests = []
        self.seen = {}  # (path, event, peer): how often
        self.connections = 0

    def keep(self, request, status):
        entry = {
            "method": request.method, "path": request.path, "query": request.query, "body": request.body,
            "headers": request.headers, "connection": request.connection, "at": time.time(), "status": status}
        self.requests.append(entry)
        self.log.write(json.dumps(entry) + "\n")

    async def serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        try:
            while request := await self.read(reader, number):
                if not await self.respond(request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the tests are about callers that hang up
        writer.transport.abort()

    async def read(self, reader, number):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method, target, headers, body.decode(), number)

    async def answer(self, writer, status, body, headers):
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}"]
        lines += [f"{name}: {value}" for name, value in {**headers, "Content-Length": len(body)}.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    async def respond(self, request, writer):
        """False: the connection ends."""
        if request.path == "/log":
            await self.answer(writer, 200, json.dumps(self.requests).encode(), {"Content-Type": "application/json"})
            return True
        key = (request.path, request.event, request.peer)
        self.seen[key] = self.seen.get(key, 0) + 1
        status = request.status(self.seen[key])
        mode = request.value("mode")
        if "down" in request.values and (self.directory / request.value("down")).exists():
            mode = "cut"
        self.keep(request, None if mode in ("cut", "silent") else status)
        await asyncio.sleep(int(request.value("delay", 0)) / 1000)
        if mode:
            await self.respond_badly(mode, status, writer)
            return False
        headers = {"Content-Type": request.value("type", "text/plain; charset=utf-8")}
        if "location" in request.values:
            headers["Location"] = request.value("location")
        await self.answer(writer, status, request.values.get("body", b"") * int(request.value("repeat", 1)), headers)
        return True

    async def respond_badly(self, mode, status, writer):
        if mode == "silent":
            await asyncio.sleep(20)
        elif mode in ("endless", "trickle"):
            writer.write(f"HTTP/1.1 {status} x\r\nConnection: close\r\n\r\n".encode())
            chunk, times, pause = (b"x" * 16384, 100000, 0) if mode == "endless" else (b"x", 20, 1)
            for _ in range(times):
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(pause)
        elif mode == "bomb":
            await self.answer(writer, status, gzip.compress(bytes(10 << 20)), {"Content-Encoding": "gzip"})


async def serve(options):
    receiver = Receiver(options.directory)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(options.directory / "server.pem", options.directory / "server.key")
    server = await asyncio.start_server(receiver.serve, options.address, options.port, ssl=tls, backlog=512)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([end], timeout=LIFE_S)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="hook.test")
    parser.add_argument("--address", default="127.0.0.1")
    options = parser.parse_args()
    certificates_make(options.directory, options.name)
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
