#!/usr/bin/env python3
"""A TCP download that takes all it can from a link: download.py serve ADDRESS | take ADDRESS PORT

serve prints its port, and sends on one connection until it ends; take reads and discards.
"""

import socket
import sys

CHUNK = bytes(65536)


def serve(address):
    with socket.create_server((address, 0)) as server:
        # What most servers use, and what RFC 8867 5.6 is about; this machine's default may differ.
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        print(server.getsockname()[1], flush=True)
        connection, _ = server.accept()
        with connection:
            while True:
                connection.sendall(CHUNK)


def take(address, port):
    with socket.create_connection((address, int(port))) as connection:
        print("ready", flush=True)
        while connection.recv(len(CHUNK)):
            pass


try:
    {"serve": serve, "take": take}[sys.argv[1]](*sys.argv[2:])
except (BrokenPipeError, ConnectionResetError):
    pass  # the other end has closed the connection
