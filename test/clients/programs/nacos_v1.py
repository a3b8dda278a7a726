# Registers through nacos-sdk-python 0.1, which speaks HTTP, and reports when it lists two instances: server, user, secret.
import json
import signal
import sys
import time

import nacos

server, *login = sys.argv[1:]
credentials = {"username": login[0], "password": login[1]} if login else {}
client = nacos.NacosClient(server, namespace="public", **credentials)


def report(line):
    print(json.dumps(line), flush=True)


def leave(*_):
    client.remove_naming_instance("py-web", "127.0.82.1", 8080)
    sys.exit(0)


# It names no cluster, so it sends the text None.
client.add_naming_instance("py-web", "127.0.82.1", 8080, weight=2, metadata={"version": "1.4.2"}, heartbeat_interval=1)
signal.signal(signal.SIGTERM, leave)
report({"event": "registered"})
while True:
    hosts = client.list_naming_instance("py-web")["hosts"]
    if len(hosts) >= 2:
        break
    time.sleep(0.1)
report({"event": "seen", "ips": sorted(one["ip"] for one in hosts)})
while True:
    time.sleep(1)
