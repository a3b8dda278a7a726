// Renewals in batches, as agents send them: `POST /api/v1/renew` with a thousand each, over four connections that are
// kept. Renewals a second, and per CPU second of the server, which is what counts where the client shares its machine.
//   node_modules/.bin/node test/bench/batches.ts [BATCHES] [ROUNDS]

import { ApiClient } from '../kit/http/api-client.ts';
import { storm } from '../kit/http/storm.ts';
import { startServer } from '../kit/process/server-process.ts';
import { cpuSeconds } from './cpu.ts';

const batches = Number(process.argv[2] ?? 2000);
const rounds = Number(process.argv[3] ?? 3);
const connections = 4;
const instances = 10_000;
const perBatch = 1000;

const bodies = Array.from({ length: instances / perBatch }, (_, batch) => ({
  instances: Array.from({ length: perBatch }, (_one, i) => {
    const number = batch * perBatch + i;
    // The names of the storm.
    return { env: 'prod', appid: `storm-${Math.floor(number / 100)}`, instance: `i-${number}` };
  }),
}));

const server = await startServer({ withinMs: 30_000 });
const api = new ApiClient(server.http, connections);
try {
  await storm({ port: server.httpPort, what: 'register', instances, connections: 8, withinMs: 60_000 });
  console.log('\n| batches of 1000 renewals | renewals a second | per CPU second | microseconds each |');
  console.log('|---|---|---|---|');
  for (let round = 0; round < rounds; round++) {
    const cpuBefore = cpuSeconds(server.pid);
    const startMs = performance.now();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < batches) {
        const { status } = await api.call('POST', '/api/v1/renew', { body: bodies[next++ % bodies.length] });
        if (status !== 200) throw new Error(`a batch was answered ${status}`);
      }
    };
    await Promise.all(Array.from({ length: connections }, client));
    const tookS = (performance.now() - startMs) / 1000;
    const cpu = cpuSeconds(server.pid) - cpuBefore;
    const count = batches * perBatch;
    const cells = [batches, Math.round(count / tookS), Math.round(count / cpu), ((1e6 * cpu) / count).toFixed(2)];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  api.close();
  await server.stop();
}
