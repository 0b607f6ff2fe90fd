"""A WebSocket for tests, which can also send what no browser sends."""

import base64
import json
import os
import re
import socket
import struct
import time
from urllib.parse import urlencode

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length=None):
    """A frame; length: the length to claim instead of the payload's, in its 64-bit form."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mark = 0x80 if masked else 0
    if length is not None:
        head += bytes([mark | 127]) + struct.pack(">Q", length)
    elif len(payload) < 126:
        head += bytes([mark | len(payload)])
    elif len(payload) < 65536:
        head += bytes([mark | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([mark | 127]) + struct.pack(">Q", len(payload))
    return head + (b"\0\0\0\0" if masked else b"") + payload  # masked with zeros


class WebSocket:
    """with WebSocket(server, roomId='r', peerId='p') as w: answer = w.ask('join', {…})

    origin: None: the host's own; False: none, as native clients.
    wrap: makes the connected socket one of TLS."""

    def __init__(self, server, path="/call/", host="localhost", origin=None, receive_buffer=None, headers=None, wrap=None, **query):
        self.buffer, self.inbox, self.close_code, self.id = b"", [], None, 0
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", server.port))
        if wrap:
            self.socket = wrap(self.socket)
        lines = {} if origin is False else {"Origin": origin or f"{'https' if wrap else 'http'}://{host}"}
        more = "".join(f"{name}: {value}\r\n" for name, value in (lines | (headers or {})).items())
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path}?{urlencode(query)} HTTP/1.1\r\nHost: {host}\r\n{more}"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: protoo\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split(b" ")[1])
        self.head = head

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fill(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        self.buffer += piece

    def refusal(self):
        """The body of a handshake's answer."""
        length = int(re.search(rb"(?i)\r\nContent-Length: (\d+)", self.head)[1])
        while len(self.buffer) < length:
            self.fill()
        return self.buffer[:length]

    def send(self, data):
        self.socket.sendall(data)

    def send_json(self, message):
        self.send(frame(TEXT, json.dumps(message).encode()))

    def receive_frame(self):
        """(opcode, payload) of the next frame; the server neither masks nor fragments."""
        while True:
            if len(self.buffer) >= 2:
                length, at = self.buffer[1] & 127, 2
                size = {126: 2, 127: 8}.get(length, 0)
                if len(self.buffer) >= 2 + size:
                    if size:
                        length, at = int.from_bytes(self.buffer[2 : 2 + size], "big"), 2 + size
                    if len(self.buffer) >= at + length:
                        opcode, payload = self.buffer[0] & 15, self.buffer[at : at + length]
                        self.buffer = self.buffer[at + length :]
                        return opcode, payload
            self.fill()

    def receive(self):
        """The next message; None at the end, whose code is in close_code."""
        while True:
            try:
                opcode, payload = self.receive_frame()
            except ConnectionError:
                return None
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == PING:
                self.send(frame(PONG, payload))
            if opcode == CLOSE:
                self.close_code = int.from_bytes(payload[:2], "big")
                return None

    def ended(self):
        """Reads to the end and returns the close code, None if there was none."""
        while self.receive() is not None:
            pass
        return self.close_code

    def ask(self, method, data=None):
        """A request's answer; notifications before it are kept in inbox."""
        self.id += 1
        self.send_json({"request": True, "id": self.id, "method": method, "data": data if data is not None else {}})
        while (message := self.receive()) is not None:
            if message.get("response") and message["id"] == self.id:
                return message
            self.inbox.append(message)
        raise ConnectionError(f"closed with {self.close_code}")

    def notified(self, method):
        """The data of the next notification of this name."""
        for i, message in enumerate(self.inbox):
            if message.get("method") == method:
                return self.inbox.pop(i)["data"]
        while (message := self.receive()) is not None:
            if message.get("method") == method:
                return message["data"]
            self.inbox.append(message)
        raise ConnectionError(f"closed with {self.close_code}")
