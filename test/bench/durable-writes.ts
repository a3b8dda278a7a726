// Registrations a second that are on disk before they are answered, over HTTP with keep-alive, and how long one waits.
//   node_modules/.bin/node test/bench/durable-writes.ts [SECONDS] [CONNECTIONS]
// The client is in this process, the server in one of its own, on the same cores. The second line is the same without a
// disk: what HTTP itself costs.

import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';

const seconds = Number(process.argv[2] ?? 5);
const connections = Number(process.argv[3] ?? 64);

for (const [name, data, fsync] of [
  ['on disk, fsync', 'data', 'true'],
  ['on disk, no fsync', 'data', 'false'],
  ['in memory', 'none', 'true'],
] as const) {
  const server = await startServer({ data, env: { ROLLCALL_FSYNC: fsync, ROLLCALL_LOG_LEVEL: 'info' } });
  const api = new ApiClient(server.http, connections);
  const tookMs: number[] = [];
  const endsMs = performance.now() + seconds * 1000;
  const client = async (number: number): Promise<void> => {
    for (let i = 0; performance.now() < endsMs; i++) {
      const startMs = performance.now();
      await api.register(`prod/app-${number}/one-${i % 1000}`, [`http://10.0.0.7:${1 + (i % 60_000)}`]);
      tookMs.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => client(number)));
  const { text } = await api.call('GET', '/metrics');
  const value = (metric: string) => Number(new RegExp(`^${metric} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
  tookMs.sort((a, b) => a - b);
  const at = (share: number) => (tookMs[Math.floor(tookMs.length * share)] ?? 0).toFixed(1);
  const commits = value('rollcall_store_commits_total');
  const commitMs = (1000 * value('rollcall_store_commit_seconds_total')) / commits;
  const cpu = value('process_cpu_seconds_total');
  console.log(
    `${name}: ${Math.round(tookMs.length / seconds)} a second; waited p50 ${at(0.5)} ms, p99 ${at(0.99)} ms;`,
    `server CPU ${(cpu / seconds).toFixed(2)} cores;`,
    commits > 0 ? `${Math.round(tookMs.length / commits)} a commit of ${commitMs.toFixed(1)} ms` : '',
  );
  api.close();
  await server.stop();
}
