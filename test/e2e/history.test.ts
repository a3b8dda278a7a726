// What clients of a real server saw while many wrote and asked at once, checked afterwards for what no order of events
// explains (test/kit/history/history.ts): a write answered and then not visible, a cancelled instance visible again, a TTL past a
// lease, a serial or revision that goes back, an instance lost without its lease being over. Once with a server that
// lives, once through kill -9 and restart. ROLLCALL_EXPERIMENT=long runs for minutes, ROLLCALL_SEED=n repeats a run.

import { afterAll, expect, test } from 'vitest';
import { anomaliesIn } from '../kit/history/history.ts';
import { HistoryRun } from '../kit/history/history-run.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

const isLong = process.env['ROLLCALL_EXPERIMENT'] === 'long';
const seed = Number(process.env['ROLLCALL_SEED'] ?? 4);
/** Eviction is 100 ms late at most; the rest is for a machine with more to do than this. */
const lateMs = 1500;
// Two silent instances are no trouble of a whole app here: leases alone decide.
const env = { ROLLCALL_GUARD_PERCENT: '0', ROLLCALL_EVICTION_PERCENT_PER_MINUTE: '100' };
const directories: string[] = [];
const servers: ServerProcess[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  for (const directory of directories) removeScratch(directory);
});

async function startIn(directory: string): Promise<ServerProcess> {
  const server = await startServer({ directory, data: 'data', env });
  servers.push(server);
  return server;
}

/** How much there was to be checked, and that it was. */
function expectExplained(run: HistoryRun, least: number): void {
  expect(run.surprises).toEqual([]);
  for (const kind of ['register', 'renew', 'patch', 'drain', 'cancel', 'UDP', 'TCP'])
    expect([kind, (run.counts[kind] ?? 0) >= least]).toEqual([kind, true]);
  expect(run.serials.length).toBeGreaterThanOrEqual(least);
  const anomalies = anomaliesIn(run);
  expect({ seed, of: anomalies.length, first: anomalies.slice(0, 5) }).toEqual({ seed, of: 0, first: [] });
}

test(
  'of a server that lives: nothing that cannot be explained',
  async () => {
    const directory = scratch();
    directories.push(directory);
    const server = await startIn(directory);
    const run = new HistoryRun({ seed, isKilled: false, lateMs });
    await run.live(server, isLong ? 300_000 : 8000);
    expectExplained(run, 30);
    await server.stop();
  },
  isLong ? 400_000 : 60_000,
);

test(
  'of a server that is killed: what was answered survives, what was cancelled stays gone, no number goes back',
  async () => {
    const directory = scratch();
    directories.push(directory);
    const run = new HistoryRun({ seed: seed + 1, isKilled: true, lateMs });
    let killedMs: number | undefined;
    const lives = isLong ? 20 : 2;
    for (let life = 0; life < lives; life++) {
      const server = await startIn(directory);
      if (killedMs !== undefined) run.restarts.push({ killedMs, readyMs: performance.now() });
      // Shorter than the shortest lease, so that no lease ends beside a kill.
      await run.live(server, 2000, () => {
        killedMs = performance.now();
        return server.kill();
      });
    }
    const last = await startIn(directory);
    run.restarts.push({ killedMs: killedMs ?? 0, readyMs: performance.now() });
    await run.live(last, 2000);
    expectExplained(run, 10);
    await last.stop();
  },
  isLong ? 400_000 : 90_000,
);
