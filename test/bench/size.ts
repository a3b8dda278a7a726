// What a large registry costs beside a small one: memory for each instance, DNS throughput, the time of a restart, what
// calls cost, how late evictions are when a fleet falls silent at once, and how long DNS waits meanwhile.
//   node_modules/.bin/node test/bench/size.ts [INSTANCES] [INSTANCES PER APP] [SECONDS]

import { join } from 'node:path';
import { ApiClient } from '../kit/http/api-client.ts';
import { quantile } from '../kit/http/storm.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { printCallCosts } from './call-costs.ts';
import { eachOnce, fullLoad, requireDnsperf } from './dnsperf.ts';
import { lateness, unguarded } from './expiry.ts';
import { liveHeapBytes } from './heap.ts';
import { questionsIn } from './names.ts';
import { batched, type OwnServer, registerNames, startOwn } from './own.ts';
import { Pauses } from './pauses.ts';
import { residentBytes } from './resident.ts';
import { startKnot } from './rivals.ts';
import { inTurn, middleOf, ratio, shown } from './rounds.ts';
import { printTable } from './table.ts';

const [instances = 100_000, perApp = 10, seconds = 2] = process.argv.slice(2).map(Number);
const apps = Math.ceil(instances / perApp);
const smallInstances = 1000;
const smallApps = Math.ceil(smallInstances / perApp);
const rounds = 3;
/** Instances that are renewed, and that expire together. */
const fleet = Math.min(instances, 100_000);
/** Time enough to register the fleet on a slow machine. */
const fleetLeaseSeconds = 5 + Math.ceil(fleet / 4000);
const soonSeconds = 5;
const variant = { ...batched, env: { ...batched.env, ...unguarded } };

requireDnsperf();
const folder = scratch();
const data = join(folder, 'data');
const [few, all] = [questionsIn(folder, smallApps, 'A'), questionsIn(folder, apps, 'A')];
const knot = await startKnot(folder, smallInstances);
const small = await startOwn(variant, folder, join(folder, 'small'));
await registerNames(small.httpPort, { to: smallInstances, perApp });
const pauses = new Pauses(knot, few);

await fill();
const large = await startAgain();
await printCallCosts(
  [
    { server: small, instances: smallInstances, fleet: smallInstances },
    { server: large, instances, fleet },
  ],
  Math.min(instances, 10_000),
  4 * instances,
);
await pauses.during('the whole catalogue', large, () => listCatalogue(large));
await pauses.during(`${fleet} leases that end together, from registration on`, large, async () => {
  const population = { from: 2 * instances, to: 2 * instances + fleet, perApp, leaseSeconds: fleetLeaseSeconds };
  printLateness('leases that end together', await lateness(large, population, 'together'));
});
pauses.print(`DNS with ${instances} instances, during`);
for (const server of [large, small, knot]) await server?.stop();

const alone = await startOwn(variant, folder);
const soon = { to: fleet, perApp, leaseSeconds: soonSeconds };
printLateness('leases that end as they were registered', await lateness(alone, soon, 'as registered'));
await alone.stop();
removeScratch(folder);

async function fill(): Promise<void> {
  const server = await startOwn({ ...variant, inspected: true }, folder, data);
  const { pid, inspectPort, httpPort } = server;
  const empty = { resident: residentBytes(pid), heap: await liveHeapBytes(inspectPort) };
  const tookMs = await pauses.during('registering them', server, () =>
    registerNames(httpPort, { to: instances, perApp }),
  );
  const full = { resident: residentBytes(pid), heap: await liveHeapBytes(inspectPort) };
  const collected = residentBytes(pid);
  const cold = (await eachOnce(server, all)).perCpuSecond;
  const warm = await throughputs(server);
  await server.stop();
  const each = (bytes: number) => `${shown(bytes / instances)} octets`;
  const speed = (perCpuSecond: number) => `${shown(perCpuSecond)} per CPU second (${ratio(perCpuSecond, warm.small)})`;
  printTable(
    [`${instances} instances in ${apps} apps`, ''],
    [
      ['registered, on the disk', `${shown((1000 * instances) / tookMs)} a second`],
      ['resident memory, for each', each(full.resident - empty.resident)],
      ['the same without garbage', each(collected - empty.resident)],
      ['of it on heaps', each(full.heap - empty.heap)],
      [`A of the ${smallApps} apps of a small registry`, speed(warm.small)],
      [`A of ${smallApps} of the apps`, speed(warm.few)],
      [`A of ${Math.min(apps, 100_000)} of the apps, each for the first time`, speed(cold)],
      ['the same again and again', speed(warm.all)],
    ],
  );
}

/** Answers per CPU second, in turn: of the small registry, of as many apps and of all apps of the large one. */
async function throughputs(server: OwnServer) {
  const cases = { small: [small, few], few: [server, few], all: [server, all] } as const;
  const names = Object.keys(cases) as (keyof typeof cases)[];
  // The large one is warm by now.
  await fullLoad(small, few, seconds);
  const runs = await inTurn(names, rounds, (name) => fullLoad(...cases[name], seconds));
  const of = (name: keyof typeof cases) => middleOf(runs.get(name) ?? []).perCpuSecond;
  return { small: of('small'), few: of('few'), all: of('all') };
}

async function startAgain(): Promise<OwnServer> {
  const startedMs = performance.now();
  const server = await startOwn(variant, folder, data);
  const tookMs = performance.now() - startedMs;
  const each = residentBytes(server.pid) / instances;
  const rows = [
    ['from start to the right answer', `${shown(tookMs / 1000, 1)} s`],
    ['resident memory of the process, for each', `${shown(each)} octets`],
  ];
  printTable([`a restart with ${instances} instances`, ''], rows);
  return server;
}

async function listCatalogue({ httpPort }: OwnServer): Promise<void> {
  const api = new ApiClient(`http://127.0.0.1:${httpPort}`);
  for (let after: string | undefined = ''; after !== undefined; ) {
    const { json } = await api.call('GET', `/api/v1/apps?limit=1000${after}`);
    const next = json['next'] as string | undefined;
    after = next === undefined ? undefined : `&after=${encodeURIComponent(next)}`;
  }
  api.close();
}

function printLateness(what: string, lateMs: readonly number[]): void {
  const ms = (share: number) => `${shown(quantile(lateMs, share))} ms`;
  const rows = [
    ['late by, median', ms(0.5)],
    ['p99', ms(0.99)],
    ['at most', ms(1)],
  ];
  printTable([`${lateMs.length} evictions, ${what}`, ''], rows);
}
