"""A killed node under a real Prometheus and Alertmanager: a webhook hears the alert, and that it is over when the node is back."""
import http.client
import http.server
import json
import pathlib
import shutil
import threading
import time

from chaos.drills.cluster import Cluster, free_ports
from chaos.drills.harness import DrillFailed, get_json

RULES = pathlib.Path(__file__).resolve().parents[2] / "deploy/prometheus/sett.rules.yml"
DOWN_S = 25  # the rule waits for 10 s before it pages; the node comes back when it has
ALERT = "SettNodeDown"


class Webhook:
    """Takes what Alertmanager posts: (when, status, alert name, instance)."""

    def __init__(self):
        self.heard = []
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for a in body["alerts"]:
                    webhook.heard.append((time.monotonic(), a["status"], a["labels"]["alertname"], a["labels"].get("instance", "")))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def first(self, status, instance, after=0.0):
        return next((at for at, s, name, i in self.heard if (s, name, i) == (status, ALERT, instance) and at >= after), None)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def answers(port, path):
    def fact():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    return fact


def start_watchers(stage, nodes, webhook):
    """Alertmanager and Prometheus with the project's own rules; the figures that only pace them are short."""
    prometheus_port, manager_port = free_ports(2)
    manager = stage.folder / "alertmanager.yml"
    manager.write_text(json.dumps({
        "route": {"receiver": "hook", "group_by": ["alertname", "instance"], "group_wait": "0s", "group_interval": "1s",
                  "repeat_interval": "1h"},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{webhook.port}/", "send_resolved": True}]}]}))
    rules = stage.folder / "sett.rules.yml"
    shutil.copyfile(RULES, rules)
    settings = stage.folder / "prometheus.yml"
    settings.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{manager_port}"]}]}]},
        "scrape_configs": [{"job_name": "sett", "static_configs": [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name}} for name, port in nodes.items()]}]}))
    stage.start("alertmanager", ["prometheus-alertmanager", f"--config.file={manager}", f"--storage.path={stage.folder / 'am'}",
                                 f"--web.listen-address=127.0.0.1:{manager_port}", "--cluster.listen-address="])
    stage.start("prometheus", ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={stage.folder / 'tsdb'}",
                               f"--web.listen-address=127.0.0.1:{prometheus_port}"])
    stage.wait("Alertmanager", answers(manager_port, "/-/ready"), 20)
    stage.wait("Prometheus", answers(prometheus_port, "/-/ready"), 20)
    return prometheus_port


def run(stage):
    for program in ("prometheus", "prometheus-alertmanager"):
        if shutil.which(program) is None:
            stage.skip("alerts", f"{program} is not installed: tools/setup does")
            return {"passed": False, "why": f"{program} is not installed"}
    webhook = Webhook()
    ports = dict(zip(("n1", "n2", "n3"), free_ports(3)))
    try:
        with Cluster(stage, node_settings={n: {"api.port": port} for n, port in ports.items()}) as cluster:
            prometheus = start_watchers(stage, ports, webhook)
            cluster.wait_healthy(40)

            def up():
                found = get_json(f"http://127.0.0.1:{prometheus}/api/v1/query?query=up")["data"]["result"]
                return len(found) == 3 and all(r["value"][1] == "1" for r in found)
            stage.wait("three nodes that Prometheus reads", up, 20)
            if webhook.first("firing", "n3"):
                raise DrillFailed("an alert before anything was broken")
            struck = time.monotonic()
            cluster.nodes["n3"].kill(DOWN_S)
            fired = stage.wait("the alert", lambda: webhook.first("firing", "n3", struck), DOWN_S)
            resolved = stage.wait("the end of the alert", lambda: webhook.first("resolved", "n3", fired), DOWN_S + 15)
            others = sorted({name for _, status, name, _ in webhook.heard if status == "firing"} - {ALERT})
            wrong = [i for _, s, name, i in webhook.heard if (s, name) == ("firing", ALERT) and i != "n3"]
            return {"passed": not wrong, "why": f"alerted for {wrong} as well" if wrong else "",
                    "fired_s": round(fired - struck, 1), "resolved_s": round(resolved - struck, 1), "also_fired": ",".join(others)}
    finally:
        webhook.close()
