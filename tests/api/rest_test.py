import base64
import re
import unittest

from server import PAGE, Server
from websocket import WebSocket

METRICS_TOKEN = "the-operator-s-own-token"
ROUTES = "../../controlplane/rest/rest.c"


def routes_of_source():
    """(method, path) of the table in rest/rest.c, aliases included, each ':' as {}."""
    with open(ROUTES) as f:
        rows = re.findall(r'\{"([A-Z, ]+)",\s*"([^"]+)",\s*GRANT_\w+([^}]*)\}', f.read())
    return {
        (method, path.replace(":", "{}"))
        for methods, own, rest in rows
        for path in [own, *re.findall(r'\.alias = "([^"]+)"', rest)]
        for method in methods.split(", ")
    }


class Rest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(metrics_token=METRICS_TOKEN, rest_per_s=1000, unknown_hosts="default"))
        cls.token = cls.server.api_token()

    def get(self, path, **headers):
        return self.server.get(path, **headers)

    def test_the_description_has_each_route_and_no_other(self):
        answer = self.get("/api/openapi.json")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        document = answer.json()
        self.assertTrue(document["openapi"].startswith("3."))
        described = {
            (method.upper(), re.sub(r"\{\w+\}", "{}", path))
            for path, methods in document["paths"].items()
            for method in methods
        }
        self.assertGreater(len(described), 20)
        self.assertEqual(described, routes_of_source())

    def test_each_described_operation_answers_as_described(self):
        document = self.get("/api/openapi.json").json()
        ids = set()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                ids.add(operation["operationId"])
                concrete = re.sub(r"\{\w+\}", "nobody", path)
                answer = self.server.ask(method.upper(), concrete, Authorization=f"Bearer {self.token}")
                self.assertIn(str(answer.status), operation["responses"], f"{method} {path}")
                if operation["security"]:
                    self.assertIn("403", operation["responses"], f"{method} {path}")
        self.assertEqual(len(ids), sum(len(m) for m in document["paths"].values()))

    def test_capabilities_fetched_ahead_are_those_of_a_room(self):
        ahead = self.get("/api/routerRtpCapabilities").json()
        with WebSocket(self.server, roomId="ahead", peerId="p") as w:
            self.assertEqual(w.notified("admitted")["capabilities"], ahead["version"])
            said = w.ask("getRouterRtpCapabilities")["data"]
        self.assertEqual(said["routerRtpCapabilities"], ahead["routerRtpCapabilities"])

    def test_a_wrong_method_names_the_right_ones(self):
        answer = self.server.ask("PUT", "/rooms/x/closeRoom")
        self.assertEqual(answer.status, 405)
        self.assertEqual(answer.headers["Allow"], "GET, POST, DELETE")
        self.assertIn("error", answer.json())

    # proves G08
    def test_whether_a_room_exists(self):
        answer = self.get("/rooms/nobody/exists", Authorization=f"APIKey {self.token}")
        self.assertEqual((answer.status, answer.json()), (200, {"exists": False}))
        self.assertIn("no-store", answer.headers["Cache-Control"])

    def test_health_and_readiness_differ_without_a_data_plane(self):
        self.assertEqual(self.get("/healthz").status, 200)
        answer = self.get("/readyz")
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.json()["ready"], False)
        self.assertIn("data plane", answer.json()["error"])

    def test_metrics_require_the_operators_token(self):
        self.assertEqual(self.get("/metrics").status, 403)
        self.assertEqual(self.get("/metrics", Authorization=f"Bearer {self.token}").status, 403)
        self.assertEqual(self.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}").status, 200)

    def test_metrics_are_prometheus_text(self):
        answer = self.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        types, seen = {}, set()
        for line in answer.body.decode().splitlines():
            if found := re.fullmatch(r"# HELP (\w+) \S.*", line):
                self.assertNotIn(found[1], types)
            elif found := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line):
                types[found[1]] = found[2]
                self.assertEqual(found[2] == "counter", found[1].endswith("_total"), line)
            else:
                found = re.fullmatch(r'(\w+)(\{(\w+="[^"\\]*",?)+\})? (\d+(\.\d+)?)', line)
                self.assertIsNotNone(found, line)
                of = re.sub(r"_(bucket|sum|count)$", "", found[1])
                name = of if types.get(of) == "histogram" else found[1]
                self.assertIn(name, types, "samples stand under their TYPE")
                self.assertNotIn((found[1], found[2]), seen)
                seen.add((found[1], found[2]))
        self.assertFalse([name for name in types if name.startswith("amphi_hooks_")], "the same under another name")
        self.assertIn("amphi_controlplane_webhook_calls_total", types)
        self.assertEqual(types["amphi_dataplane_up"], "gauge")
        for file in ("store", "accounts", "history"):
            for name in ("failed_transactions_total", "lost_writes_total", "waiting_writes"):
                self.assertIn((f"amphi_controlplane_store_{name}", f'{{file="{file}"}}'), seen)
        for name in (
            "loss_ratio",
            "round_trip_seconds",
            "jitter_seconds",
            "bits_per_second",
            "estimate_bits_per_second",
            "retransmitted_ratio",
            "frozen_seconds",
            "concealed_ratio",
        ):
            name = f"amphi_viewer_{name}"
            self.assertEqual(types[name], "histogram")
            bounds = [re.search('le="(.*)"', labels)[1] for found, labels in seen if found == f"{name}_bucket"]
            self.assertGreater(len(bounds), 5)
            self.assertIn("+Inf", bounds)
            self.assertTrue({(f"{name}_sum", None), (f"{name}_count", None)} <= seen)
        self.assertIn(("amphi_viewer_pictures_total", '{layer="0",limited_by="bandwidth"}'), seen)
        self.assertIn(("amphi_rooms", '{kind="webinar"}'), seen)
        self.assertIn(("amphi_process_cpu_seconds_total", '{process="controlplane"}'), seen)

    # proves P01, P02, P03, A21
    def test_pages_and_their_headers(self):
        for path in ("/", "/new", "/call/?roomId=x", "/webinar/?roomId=x", "/call/some-room", "/webinar/some-room"):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.body.decode()), (200, PAGE), path)
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("frame-ancestors 'self' http://localhost:*", policy)
            here = f"127.0.0.1:{self.server.port}"
            self.assertIn(f"connect-src 'self' ws://{here} wss://{here};", policy)
            self.assertIn("script-src 'self'", policy)
            self.assertNotIn("unsafe-eval", policy)
            self.assertNotIn("unsafe-inline", policy)
            # The external player of a room, and nothing else, may be another site's.
            is_room = path.startswith(("/call", "/webinar"))
            self.assertIn("frame-src https:;" if is_room else "frame-src 'self';", policy)
            self.assertIsNone(answer.headers["X-Frame-Options"], "it would contradict frame-ancestors")
            self.assertIn("camera=(self)", answer.headers["Permissions-Policy"])
            self.assertEqual(answer.headers["Referrer-Policy"], "strict-origin-when-cross-origin")
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertIsNone(answer.headers["Set-Cookie"])

    # proves A21
    def test_a_host_cannot_write_the_policy(self):
        for host in ("a;script-src *", "a b", "a'", "a,b", "a/b", "x" * 300):
            policy = self.get("/", Host=host).headers["Content-Security-Policy"]
            self.assertIn("connect-src 'self'; ", policy, host)
            self.assertNotIn(host, policy)

    def test_a_page_with_an_embedder_policy_may_embed_rooms(self):
        chromium = {"Sec_CH_UA": '"Chromium";v="150", "Not_A Brand";v="24"'}
        token = "e30." + base64.urlsafe_b64encode(b'{"video":"https://v.example/"}').decode().rstrip("=") + ".x"
        for path, headers, policies in (
            ("/call/?roomId=x", {"Sec_Fetch_Dest": "iframe"}, ("require-corp", "cross-origin")),
            ("/webinar/x", {"Sec_Fetch_Dest": "iframe"}, ("require-corp", "cross-origin")),
            ("/call/?roomId=x", {"Sec_Fetch_Dest": "document"}, (None, None)),
            ("/call/?roomId=x", {}, (None, None)),
            ("/new", {"Sec_Fetch_Dest": "iframe"}, (None, None)),
            # The player has no such policy, which only Chromium can do without.
            ("/call/?roomId=x&video=https%3A%2F%2Fv.example", {"Sec_Fetch_Dest": "iframe"}, (None, "cross-origin")),
            ("/call/?roomId=x&token=" + token, {"Sec_Fetch_Dest": "iframe"}, (None, "cross-origin")),
            ("/call/?roomId=x&token=a.e30.b", {"Sec_Fetch_Dest": "iframe"}, ("require-corp", "cross-origin")),
            ("/call/?roomId=x&token=" + token, {"Sec_Fetch_Dest": "iframe", **chromium}, ("require-corp", "cross-origin")),
        ):
            answer = self.get(path, **headers).headers
            have = (answer["Cross-Origin-Embedder-Policy"], answer["Cross-Origin-Resource-Policy"])
            self.assertEqual(have, policies, (path, headers))

    # proves P04
    def test_the_bridge_may_be_loaded_from_any_site(self):
        answer = self.get("/meetBridgeApi.js")
        self.assertEqual(answer.status, 200)
        self.assertIn("javascript", answer.headers["Content-Type"])
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertEqual(answer.headers["Cross-Origin-Resource-Policy"], "cross-origin")

    def test_pages_are_compressed_for_clients_that_accept_it(self):
        for accepted, coding in (
            ("gzip, deflate, br, zstd", "br"),
            ("gzip;q=1.0, BR ; q=0.5", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip;q=0.1", "gzip"),
            ("br;q=0.000,gzip;q=0", None),
            ("bro, x-gzip, identity", None),
            (",,;q=1,", None),
            (None, None),
        ):
            headers = {"Accept-Encoding": accepted} if accepted else {}
            answer = self.get("/call/?roomId=x", **headers)
            self.assertEqual(answer.status, 200, accepted)
            self.assertEqual(answer.headers["Content-Encoding"], coding, accepted)
            self.assertEqual(answer.headers["Vary"], "Accept-Encoding")
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertEqual(answer.body.decode(), f"{coding} of the page" if coding else PAGE)
        # A file not worth compressing is sent uncompressed.
        answer = self.get("/meetBridgeApi.js", **{"Accept-Encoding": "br"})
        self.assertEqual((answer.headers["Content-Encoding"], answer.body.decode()), (None, PAGE))

    def test_a_path_stays_one_value_in_the_log(self):
        with Server(log_level="info", unknown_hosts="default") as server:
            self.assertEqual(server.get("/rooms/a%20error=none%E2%80%AE/exists").status, 403)
            self.assertIn('path="/rooms/a error=none?/exists" error=forbidden', server.log_text())

    def test_missing_files_are_404(self):
        for path in ("/nothing", "/call/a/b", "/call/.hidden", "/..%2fetc/passwd", "/assets/../index.html"):
            self.assertEqual(self.get(path).status, 404, path)

    def test_missing_paths_under_the_apis_roots_are_404_in_json(self):
        for path in ("/rooms", "/api", "/Rooms/x/exists", "//rooms/x/exists", "/api/nothing", "/streaming"):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (404, "application/json"), path)
            self.assertEqual(answer.json(), {"error": "not found"})

    def test_a_nul_in_a_query_is_refused_not_truncated(self):
        for path in ("/call/?roomId=a%00b", "/api/handshake?peerId=x%00", "/rooms/a/exists?%00"):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.json()), (400, {"error": "a NUL (%00) in the query"}), path)
        self.assertEqual(self.get("/call/?roomId=a%2500b").status, 200)

    # proves T01, T02, G11
    def test_answers_and_errors_of_statistics(self):
        for base in ("/vp/api/statistics", "/streaming/statistics"):
            for path in ("/peers/summary", "/peers", "/peers/"):
                answer = self.get(base + path + "?room_id=nobody")
                self.assertEqual((answer.status, answer.json()), (403, {"data": None, "errors": ["forbidden"]}))
                authorized = {"Authorization": f"APIKey {self.token}"}
                answer = self.get(base + path + "?room_id=nobody", **authorized)
                self.assertEqual(answer.status, 404, path)
                self.assertIsNone(answer.json()["data"])
                self.assertEqual(len(answer.json()["errors"]), 1)
                for query in ("", "?room_id=a%20b", "?room_id=x&from=yesterday", "?room_id=x&to=2021-02-30T00:00:00.0Z"):
                    answer = self.get(base + path + query, **authorized)
                    self.assertEqual(answer.status, 400, query)
                    self.assertEqual(len(answer.json()["errors"]), 1)

    def test_the_quality_of_a_room_that_never_was(self):
        path = "/rooms/nobody/quality"
        self.assertEqual(self.get(path).status, 403)
        authorized = {"Authorization": f"APIKey {self.token}"}
        answer = self.get(path, **authorized)
        self.assertEqual((answer.status, answer.json()), (400, {"error": "room not found"}))
        for query in ("?from=yesterday", "?limit=0", "?limit=10001", "?after=x", "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"):
            answer = self.get(path + query, **authorized)
            self.assertEqual((answer.status, list(answer.json())), (400, ["error"]), query)
            self.assertNotEqual(answer.json()["error"], "room not found", query)

    # proves W06
    def test_events_can_be_asked_for_again(self):
        answer = self.get("/api/events", Authorization=f"APIKey {self.token}")
        self.assertEqual((answer.status, answer.json()), (200, {"data": [], "next": None}))
        self.assertEqual(self.get("/api/events?after=x", Authorization=f"APIKey {self.token}").status, 400)
        self.assertEqual(self.get("/api/events").status, 403)

    # proves S05
    def test_a_removed_token_opens_nothing(self):
        other = self.server.ctl("token", "add", "default", "short-lived")["token"]
        self.assertEqual(self.get("/rooms/x/exists", Authorization=f"Bearer {other}").status, 200)
        self.server.ctl("token", "remove", "default", "short-lived")
        self.assertEqual(self.get("/rooms/x/exists", Authorization=f"Bearer {other}").status, 403)

    # proves S06, S08
    def test_pages_say_who_may_embed_them_by_host(self):
        self.server.ctl("account", "add", "company")
        self.server.ctl("host", "add", "company", "meet.company.example")
        self.server.ctl("domain", "add", "company", "https://*.company.example")
        policy = self.get("/call/x", Host="meet.company.example").headers["Content-Security-Policy"]
        self.assertIn("frame-ancestors 'self' https://*.company.example", policy)
        self.assertNotIn("localhost", policy)
        policy = self.get("/call/x", Host="other.example").headers["Content-Security-Policy"]
        self.assertIn("http://localhost:*", policy)


class WithoutTokens(unittest.TestCase):
    PATHS = ("/rooms/x/exists", "/metrics")

    def assert_statuses(self, server, statuses, **headers):
        self.assertEqual([server.get(path, **headers).status for path in self.PATHS], statuses)

    # proves S05
    def test_a_proxy_that_says_nothing_opens_nothing(self):
        # As nginx does with proxy_pass http://localhost:8080: its own host, and nothing about the client.
        with Server() as server:
            self.assert_statuses(server, [403, 403])
            self.assert_statuses(server, [403, 403], Host="localhost:8080")

    # proves S05
    def test_listed_addresses_may_ask_but_no_proxy_for_others(self):
        with Server(metrics_addresses=["127.0.0.1"]) as server:
            self.assert_statuses(server, [403, 200])
            server.ctl("account", "set", "default", "--rest-addresses", "127.0.0.1,2001:db8::/32")
            self.assert_statuses(server, [200, 200])
            self.assert_statuses(server, [403, 403], X_Forwarded_For="127.0.0.1")
            self.assert_statuses(server, [403, 403], X_Forwarded_For="203.0.113.9")
            self.assert_statuses(server, [403, 403], Forwarded="for=203.0.113.9")
            self.assert_statuses(server, [403, 403], X_Real_IP="203.0.113.9")  # only nginx's usual line
            self.assert_statuses(server, [403, 403], Via="1.1 cache.example")
            self.assert_statuses(server, [403, 403], Origin="http://localhost")  # sent by a page
            self.assert_statuses(server, [403, 403], Sec_Fetch_Site="cross-site")
            self.assert_statuses(server, [403, 403], Host="rebound.example")
            self.assert_statuses(server, [403, 403], Authorization="Bearer wrong")
            server.ctl("account", "set", "default", "--rest-addresses", "none")
            self.assert_statuses(server, [403, 200])

    # proves S05
    def test_the_guides_check_of_a_server_works_from_listed_addresses(self):
        with Server() as server:
            path = "/rooms/nobody/durationOfBroadcast"
            self.assertEqual(server.get(path).status, 403)
            server.ctl("account", "set", "default", "--rest-addresses", "127.0.0.0/8")
            answer = server.get(path)
            self.assertEqual((answer.status, answer.json()), (400, {"error": "room not found"}))

    # proves S05
    def test_each_account_has_its_own_list(self):
        with Server(proxies=["127.0.0.1"]) as server:
            server.ctl("account", "add", "a", "--rest-addresses", "192.0.2.0/24")
            server.ctl("host", "add", "a", "a.example")
            server.ctl("account", "add", "b")
            server.ctl("host", "add", "b", "b.example")
            for host, client, status in (
                ("a.example", "192.0.2.7", 200),
                ("a.example", "::ffff:192.0.2.7", 200),
                ("a.example:8443", "203.0.113.9, 192.0.2.7", 200),
                ("a.example", "192.0.3.7", 403),
                ("a.example", "192.0.2.7, 203.0.113.9", 403),  # the left one is what a client claims
                ("b.example", "192.0.2.7", 403),
                ("localhost", "192.0.2.7", 403),
                ("c.example", "192.0.2.7", 403),
            ):
                answer = server.get("/rooms/x/exists", Host=host, X_Forwarded_For=client)
                self.assertEqual(answer.status, status, (host, client))
            self.assertEqual(server.get("/rooms/x/exists", Host="a.example").status, 403)


class Limits(unittest.TestCase):
    def test_a_client_that_asks_too_often_is_told_when_to_retry(self):
        with Server(rest_per_s=1) as server:
            token = server.api_token()
            answers = [server.get("/rooms/x/exists", Authorization=f"Bearer {token}") for _ in range(130)]
            statuses = [a.status for a in answers]
            self.assertEqual(statuses[:100], [200] * 100)
            self.assertIn(429, statuses)
            limited = answers[statuses.index(429)]
            self.assertGreaterEqual(int(limited.headers["Retry-After"]), 1)
            self.assertEqual(limited.json(), {"error": "too many requests"})
            self.assertEqual(server.get("/healthz").status, 200)

    def test_guessing_tokens_is_slow_and_hurts_nobody_else(self):
        with Server() as server:
            token = server.api_token()
            statuses = [server.get("/rooms/x/exists", Authorization=f"Bearer guess-{i}").status for i in range(40)]
            self.assertEqual(statuses[:20], [403] * 20)
            self.assertEqual(set(statuses[21:]), {429})
            self.assertEqual(server.get("/rooms/x/exists", Authorization=f"Bearer {token}").status, 200)


if __name__ == "__main__":
    unittest.main()
