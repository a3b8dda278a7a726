# Registers through nacos-sdk-python 2, which speaks gRPC, and reports when it is pushed two instances: server, user, secret.
import asyncio
import json
import os
import signal
import sys

from v2.nacos import (
    ClientConfigBuilder,
    DeregisterInstanceParam,
    GRPCConfig,
    ListServiceParam,
    NacosNamingService,
    RegisterInstanceParam,
    SubscribeServiceParam,
)

server, *login = sys.argv[1:]


def report(line):
    print(json.dumps(line), flush=True)


async def main():
    builder = ClientConfigBuilder().server_address(server).namespace_id("public").log_level("ERROR")
    builder = builder.grpc_config(GRPCConfig(grpc_timeout=5000))
    if login:
        builder = builder.username(login[0]).password(login[1])
    client = await NacosNamingService.create_naming_service(builder.build())
    where = {"service_name": "py2-web", "group_name": "DEFAULT_GROUP"}
    left = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, left.set)

    async def pushed(hosts):
        ips = sorted(one.ip for one in hosts)
        report({"event": "seen" if len(ips) == 2 else "pushed", "ips": ips})

    await client.subscribe(SubscribeServiceParam(**where, subscribe_callback=pushed))
    await client.register_instance(
        RegisterInstanceParam(**where, ip="127.0.84.1", port=8080, weight=2, metadata={"version": "1.4.2"})
    )
    listed = await client.list_services(ListServiceParam(page_no=1, page_size=10, group_name="DEFAULT_GROUP"))
    report({"event": "registered", "services": listed.services})
    await left.wait()
    await client.deregister_instance(DeregisterInstanceParam(**where, ip="127.0.84.1", port=8080))
    # Its own shutdown of 2.0 raises.
    os._exit(0)


asyncio.run(main())
