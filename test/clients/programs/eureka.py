# Registers through py-eureka-client, and reports when it sees its app with two instances: server, secret.
import json
import signal
import sys
import time

import py_eureka_client.eureka_client as eureka

server, secret = sys.argv[1:3]


def report(line):
    print(json.dumps(line), flush=True)


def leave(*_):
    eureka.stop()
    sys.exit(0)


client = eureka.init(
    eureka_server=server,
    eureka_basic_auth_user="any",
    eureka_basic_auth_password=secret,
    app_name="py-web",
    instance_id="py-1",
    instance_host="127.0.81.1",
    instance_ip="127.0.81.1",
    instance_port=8081,
    metadata={"version": "1.4.2"},
    renewal_interval_in_secs=1,
    duration_in_secs=90,
)
signal.signal(signal.SIGTERM, leave)
report({"event": "registered"})
while True:
    app = client.applications.get_application("PY-WEB")
    ids = sorted(one.instanceId for one in app.instances)
    if len(ids) >= 2:
        break
    time.sleep(0.1)
report({"event": "seen", "ids": ids})
while True:
    time.sleep(1)
