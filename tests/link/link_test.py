#!/usr/bin/env python3
"""amphi-link between two namespaces, with real packets: link_test.py AMPHI_LINK. It starts itself again at the client's
end of tests/link/between, and a sender at the server's.
"""
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve()
PORT = 5000
PAYLOAD = 1172  # bytes; 1200 with IP and UDP
SO_TIMESTAMPNS = 35  # when the kernel received it, however late we read it


def serve():
    """Answers datagrams, and sends PAYLOAD bytes at the requested rate to a client that sends "send BIT/S SECONDS"."""
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", PORT))
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))  # a sender that has to wait leaves the link idle
    print("ready", flush=True)
    while True:
        data, client = server.recvfrom(2000)
        if not data.startswith(b"send "):
            server.sendto(data, client)
            continue
        bit_s, seconds = map(float, data.split()[1:])
        begin = time.monotonic()
        for i in range(int(bit_s * seconds / (8 * (PAYLOAD + 28)))):
            time.sleep(max(0, begin + i * 8 * (PAYLOAD + 28) / bit_s - time.monotonic()))
            server.sendto(i.to_bytes(4, "big") + bytes(PAYLOAD - 4), client)


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


class Link(unittest.TestCase):
    """At the client's end; 1 Mbit/s down, 50 ms each way."""

    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen(
            ["ip", "netns", "exec", os.environ["AMPHI_SERVER"], sys.executable, HERE, "serve"],
            stdout=subprocess.PIPE)
        assert cls.server.stdout.readline() == b"ready\n"

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()
        cls.server.wait()
        cls.server.stdout.close()

    def client(self, family=socket.AF_INET):
        address = {socket.AF_INET: os.environ["AMPHI_SERVER_ADDRESS"], socket.AF_INET6: "fd00:616d:7068::2"}[family]
        client = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        client.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        client.settimeout(2)
        client.connect((address, PORT))
        return client

    def tell(self, line):
        with open(os.environ["AMPHI_LINK_CONTROL"], "w") as control:
            control.write(line + "\n")

    def figures(self):
        path = pathlib.Path(os.environ["AMPHI_LINK_FIGURES"])
        before = len(path.read_text().splitlines())
        self.tell("report")
        for _ in range(500):
            if len(path.read_text().splitlines()) > before:
                break
            time.sleep(0.01)
        return json.loads(path.read_text().splitlines()[-1])

    def received(self, bit_s, seconds):
        """(bit/s on the wire, numbers) of what arrives of such a stream."""
        client = self.client()
        client.send(b"send %d %g" % (bit_s, seconds))
        times, numbers = [], []
        try:
            while True:
                data, ancillary, _, _ = client.recvmsg(2000, 100)
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                times.append(seconds + nanoseconds / 1e9)
                numbers.append(int.from_bytes(data[:4], "big"))
        except TimeoutError:
            pass
        return 8 * (PAYLOAD + 28) * (len(times) - 1) / (times[-1] - times[0]), numbers

    def test_the_rate_is_as_requested_and_a_line_changes_it(self):
        rate, numbers = self.received(2e6, 4)
        self.assertAlmostEqual(rate, 1e6, delta=0.05e6)
        self.assertEqual(numbers, sorted(set(numbers)))
        self.tell("down rate 250k")
        rate, _ = self.received(1e6, 4)
        self.tell("down rate 1m")
        self.assertAlmostEqual(rate, 250e3, delta=12.5e3)

    def test_traffic_below_the_rate_arrives_whole(self):
        rate, numbers = self.received(500e3, 3)
        self.assertEqual(numbers, list(range(int(500e3 * 3 / 9600))))
        self.assertAlmostEqual(rate, 500e3, delta=25e3)

    def test_each_direction_has_its_delay(self):
        client = self.client()
        times = []
        for i in range(10):
            begin = time.monotonic()
            client.send(b"%d" % i)
            self.assertEqual(client.recv(100), b"%d" % i)
            times.append(time.monotonic() - begin)
        self.assertGreaterEqual(min(times), 0.1)
        self.assertLess(min(times), 0.2)  # not delayed twice in either direction

    def test_ipv6_passes_too(self):
        client = self.client(socket.AF_INET6)
        client.send(b"hello")
        self.assertEqual(client.recv(100), b"hello")

    def test_the_figures_balance(self):
        before = self.figures()["down"]
        _, numbers = self.received(2e6, 2)
        after = self.figures()["down"]
        now = {name: after[name] - before[name] for name in after if not name.endswith("_ms")}
        self.assertGreaterEqual(now["in_packets"], 2e6 * 2 // 9600)
        for figures in [before, after]:
            self.assertEqual(
                figures["in_packets"], figures["out_packets"] + figures["dropped_packets"] + figures["inside_packets"])
        self.assertGreater(now["dropped_packets"], 100)
        self.assertLessEqual(abs(now["out_packets"] - len(numbers)), 5)  # the rest is ARP
        self.assertEqual([now["overrun"], now["refused"], now["lost_packets"]], [0, 0, 0])
        self.assertGreater(after["queue_ms"]["p95"], 150)
        self.assertLessEqual(after["queue_ms"]["max"], 1000)

    def test_a_wrong_line_changes_nothing(self):
        for line in ["", "down", "down rate", "sideways rate 1m", "down speed 5", "down rate fast", "x" * 10000]:
            self.tell(line)
        client = self.client()
        client.send(b"hello")
        self.assertEqual(client.recv(100), b"hello")


class Tool(unittest.TestCase):
    """In a separate namespace, with a cable that nobody uses."""

    def setUp(self):
        run(["ip", "link", "add", "one", "type", "veth", "peer", "name", "two"])
        self.addCleanup(run, ["ip", "link", "del", "one"])

    def test_offloads_are_refused_with_advice(self):
        result = run([os.environ["AMPHI_LINK"], "one", "two"])
        self.assertEqual(result.returncode, 1)
        self.assertIn("ethtool -K one tx off gro off", result.stderr)

    def test_it_ends_after_its_time_and_logs_each_packet(self):
        log = f"/tmp/amphi-link-log-{os.getpid()}"
        self.addCleanup(lambda: os.unlink(log))
        for name in ["one", "two"]:
            run(["ethtool", "-K", name, "tx", "off", "gro", "off"])
            run(["ip", "link", "set", name, "up"])
        result = run([os.environ["AMPHI_LINK"], "--for", "0.5", "--log", log, "one", "two"], stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 0, result.stderr)
        ready, figures = result.stdout.splitlines()
        self.assertEqual(ready, "ready one two")
        down = json.loads(figures)["down"]
        with open(log) as lines:
            logged = [json.loads(line) for line in lines]
        self.assertEqual(sum(line["way"] == "down" for line in logged), down["out_packets"])

    def test_it_ends_when_an_interface_disappears(self):
        for name in ["one", "two"]:
            run(["ethtool", "-K", name, "tx", "off", "gro", "off"])
            run(["ip", "link", "set", name, "up"])
        link = subprocess.Popen(
            [os.environ["AMPHI_LINK"], "one", "two"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.assertEqual(link.stdout.readline(), "ready one two\n")
        run(["ip", "link", "del", "one"])
        output = link.communicate(timeout=10)
        self.assertEqual(link.returncode, 1, output)
        self.assertIn("gone", output[1])


class Between(unittest.TestCase):
    def between(self, *arguments):
        return subprocess.Popen([HERE.parent / "between", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, text=True)

    def test_it_ends_with_the_status_of_its_command(self):
        between = self.between("--", "bash", "-c", "exit 7")
        between.communicate(timeout=20)
        self.assertEqual(between.returncode, 7)

    def test_a_wrong_option_ends_it_with_the_reason(self):
        between = self.between("--down-rate", "fast", "--", "true")
        _, errors = between.communicate(timeout=20)
        self.assertEqual(between.returncode, 1)
        self.assertIn("--down-rate takes 600k", errors)

    def test_stopped_in_the_middle_it_leaves_nothing(self):
        for here in [[], ["--here"]]:
            between = self.between(*here, "--", "bash", "-c", "echo $$ $AMPHI_CLIENT; exec sleep 100")
            pid, client = between.stdout.readline().split()
            self.assertIn(client, run(["ip", "netns", "list"]).stdout)
            between.terminate()
            between.communicate(timeout=20)
            self.assertEqual(between.returncode, 143)
            self.assertNotIn(f"-{between.pid}", run(["ip", "netns", "list"]).stdout)
            self.assertFalse(os.path.exists(f"/proc/{pid}"))


class Via(unittest.TestCase):
    """A host with a network behind `amphi0`, as scripts/run creates it: only between's COMMAND is behind the link."""

    def test_only_the_command_is_behind_the_link(self):
        inside = f"amphi-lnk-i-{os.getpid()}"
        script = f"""
            set -e
            mount -t tmpfs none /run/netns && ip link set lo up
            ip netns add {inside}
            ip link add amphi0 type veth peer name amphi1 netns {inside}
            ethtool -K amphi0 tx off gro off >/dev/null
            ip netns exec {inside} ethtool -K amphi1 tx off gro off >/dev/null
            ip address add 198.18.0.1/24 dev amphi0 && ip link set amphi0 up
            ip -n {inside} address add 198.18.0.2/24 dev amphi1 && ip -n {inside} link set amphi1 up
            ip -n {inside} route add default via 198.18.0.1
            ip netns exec {inside} {sys.executable} {HERE} serve | (
                set +e
                read -r ready
                {sys.executable} {HERE} rtt
                {HERE.parent}/between --via amphi0 --delay 50ms -- {sys.executable} {HERE} rtt
                kill -KILL $(ip netns pids {inside})
            )"""
        result = run(["unshare", "-n", "-m", "bash", "-c", script])
        self.assertEqual(len(result.stdout.split()), 2, result.stderr)
        here, behind = map(float, result.stdout.split())
        self.assertLess(here, 0.05)
        self.assertGreaterEqual(behind, 0.1)


def rtt():
    """Prints the shortest of some round trips to the server, in seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(("198.18.0.2", PORT))
        times = []
        for _ in range(5):
            begin = time.monotonic()
            client.send(b"hello")
            client.recv(100)
            times.append(time.monotonic() - begin)
        print(min(times))


def main():
    command = sys.argv[1]
    if command == "serve":
        serve()
    elif command == "rtt":
        rtt()
    elif command == "client":
        unittest.main(argv=sys.argv[:1] + ["Link"])
    else:
        os.environ["AMPHI_LINK"] = command
        link = run(
            [HERE.parent / "between", "--down-rate", "1m", "--delay", "50ms", "--", sys.executable, HERE, "client"])
        print(link.stdout + link.stderr)
        if not unittest.main(argv=sys.argv[:1] + ["Between", "Tool", "Via"], exit=False).result.wasSuccessful():
            return 1
        return link.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
