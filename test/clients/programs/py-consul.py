# Registers through py-consul with a TTL check, waits for its service to have two instances, warns, and leaves: host, port, secret.
import json
import signal
import sys
import time

import consul

host, port, secret = sys.argv[1:4]
client = consul.Consul(host=host, port=int(port), token=secret)


def report(line):
    print(json.dumps(line), flush=True)


def leave(*_):
    client.agent.service.deregister("py-1")
    sys.exit(0)


def passing(**options):
    index, entries = client.health.service("py-web", passing=True, **options)
    return index, sorted(entry["Service"]["ID"] for entry in entries)


client.agent.service.register(
    "py-web", service_id="py-1", address="127.0.80.1", port=8080, tags=["v1"], check=consul.Check.ttl("10s")
)
index, before = passing()
client.agent.check.ttl_pass("service:py-1")
signal.signal(signal.SIGTERM, leave)
index, after = passing(index=index, wait="5s")
report({"event": "registered", "before": before, "after": after})
ids = after
while len(ids) < 2:
    index, ids = passing(index=index, wait="10s")
report({"event": "seen", "ids": ids})
client.agent.check.ttl_warn("service:py-1", notes="slow")
report({"event": "warned", "ids": passing()[1]})
while True:
    time.sleep(1)
