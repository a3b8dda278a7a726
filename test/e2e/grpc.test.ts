// gRPC finds its servers by `dns://` with rollcall as authority: calls go round, a drained server loses none of them, and
// one that comes is found when a connection ends. The library is the C core's, in Python.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { installed } from '../kit/process/installed.ts';
import { type Program, run, start, startWhen } from '../kit/process/program.ts';
import { freePort, removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

/** `server.py HOST PORT`: answers each call with its host; on SIGTERM it lets calls end. */
const serverText = `import signal, sys, threading
from concurrent import futures
import grpc
host, port = sys.argv[1:]
class Who(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: host.encode())
# As in recipes.md: without an end of its connections no client would look the name up again.
server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_connection_age_ms", 1000), ("grpc.max_connection_age_grace_ms", 2000)])
server.add_generic_rpc_handlers((Who(),))
if server.add_insecure_port(f"{host}:{port}") == 0: sys.exit("cannot listen")
server.start()
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print("listens", flush=True)
stop.wait()
server.stop(2).wait()
`;

/** \`client.py TARGET\`: a call every 10 ms, and a line for each: the host, or the error. */
const clientText = `import sys, time
import grpc
channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.lb_policy_name", "round_robin"), ("grpc.dns_min_time_between_resolutions_ms", 200)])
who = channel.unary_unary("/rollcall.Who/Am")
while True:
    try: print(who(b"", timeout=5, wait_for_ready=True).decode(), flush=True)
    except grpc.RpcError as fault: print("fault", fault.code(), flush=True)
    time.sleep(0.01)
`;

// Debian's own: another Python may be first in the PATH, and knows nothing of Debian's packages.
const python = '/usr/bin/python3';
const hasGrpc = installed('sh') && (await run(python, ['-c', 'import grpc']).catch(() => ({ code: 1 }))).code === 0;
if (!hasGrpc && process.env['CI'])
  throw new Error('Not installed: grpc for Python. CI needs: apt-get install python3-grpcio');

const patience = { withinMs: 20_000 };

describe.skipIf(!hasGrpc)(`gRPC${hasGrpc ? '' : ' (not installed)'}`, () => {
  const directory = scratch({ 'server.py': serverText, 'client.py': clientText });
  const hosts = ['127.0.5.2', '127.0.5.3', '127.0.5.4'] as const;
  const servers = new Map<string, Program>();
  let rollcall: ServerProcess;
  let api: ApiClient;
  let port: number;

  beforeAll(async () => {
    rollcall = await startServer();
    api = new ApiClient(rollcall.http);
    port = await freePort();
  });

  afterAll(async () => {
    await Promise.all([...servers.values()].map((program) => program.stop('SIGKILL')));
    api.close();
    await rollcall.stop();
    removeScratch(directory);
  });

  async function serve(host: string): Promise<void> {
    const program = start(python, [join(directory, 'server.py'), host, String(port)]);
    await startWhen(host, program, () => program.output().includes('listens'));
    servers.set(host, program);
    await api.register(`prod/greeter/${host}`, [`grpc://${host}:${port}`], { dnsTtl: 1 });
  }

  test('goes round, follows who comes and goes, and loses no call', async () => {
    await Promise.all([serve(hosts[0]), serve(hosts[1])]);
    const target = `dns://127.0.0.1:${rollcall.dnsPort}/greeter.prod.svc:${port}`;
    const client = start(python, [join(directory, 'client.py'), target]);
    const answers = (): string[] => client.output().trimEnd().split('\n');
    /** Who has answered the last calls, a moment ago or later. */
    const answering = (last: number): string => [...new Set(answers().slice(-last))].sort().join();
    await until('calls at both', () => answers().length > 40 && answering(20) === hosts.slice(0, 2).join(), patience);

    await serve(hosts[2]);
    await until('calls at the new one', () => answering(30) === hosts.join(), patience);

    const { json } = await api.call('POST', `/api/v1/apps/prod/greeter/${hosts[0]}/drain?wait=30s`);
    expect(json).toMatchObject({ safe: true });
    await servers.get(hosts[0])?.stop('SIGTERM');
    const before = answers().length;
    await until(
      'calls at the others alone',
      () => answers().length > before + 60 && answering(30) === hosts.slice(1).join(),
      patience,
    );
    expect(answers().filter((line) => !/^127\.0\.5\.[234]$/.test(line))).toEqual([]);
    await client.stop('SIGKILL');
  });
});
