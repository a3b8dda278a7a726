// DNS latency while nothing else happens, amid renewals and amid registrations, as many as rollcall takes. Where client,
// storm and server share cores, the machine delays answers, too: Knot, which the storm does not concern, is asked at the
// same time. What rollcall's latency is to Knot's, storm over storm, is its own share.
//   node_modules/.bin/node test/bench/dns-under-storm.ts [SECONDS] [ROUNDS]

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { storm } from '../kit/http/storm.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { askedDuring, type Latency, requireDnsperf } from './dnsperf.ts';
import { questionsIn } from './names.ts';
import { batched, registerNames, startOwn } from './own.ts';
import { sharedOut, startOn } from './pinning.ts';
import { startKnot } from './rivals.ts';
import { inTurn, middleOf, ratio, shown } from './rounds.ts';
import type { Server } from './started.ts';
import { printTable } from './table.ts';

const [seconds = 4, rounds = 3] = process.argv.slice(2).map(Number);
const count = 1000;
const perSecond = 1000;
/** Far more than it takes in the time. */
const stormKnobs = { instances: 10_000, connections: 1000, calls: 1e9 };
/** Until all of them are connected and the server is warm. */
const beginMs = 1000;

const storms: readonly ('renew' | 'register' | undefined)[] = [undefined, 'renew', 'register'];
const titles = { renew: 'renewals', register: 'registrations on the disk' };

requireDnsperf();
const folder = scratch();
const cores = sharedOut();
await startOn(cores?.servers);
const own = await startOwn({ ...batched, env: {} }, folder, join(folder, 'data'));
const knot = await startKnot(folder, count);
const servers: readonly Server[] = knot === undefined ? [own] : [own, knot];
await registerNames(own.httpPort, { to: count });
await storm({ port: own.httpPort, ...stormKnobs, what: 'register', calls: stormKnobs.instances, withinMs: 60_000 });
const questions = questionsIn(folder, count, 'A');
console.log(
  cores === undefined
    ? 'Fewer than four cores: servers, storm and clients share them, and delay each other.\n'
    : `Cores: ${cores.servers.join()} for the servers, ${cores.storm.join()} for the storm, ${cores.asking.join()} for the questions.\n`,
);

// The first time for nothing.
await measure('register');
const runs = await inTurn(storms, rounds, measure);
const middles = new Map([...runs].map(([what, its]) => [what, middleOf(its)]));
const idle = middles.get(undefined);
const rows = [...middles].map(([what, run]) => [
  ...[what === undefined ? 'nothing' : titles[what], shown(run.callsPerSecond), ms(run.p50Ms), ms(run.p99Ms)],
  ...[ms(run.p999Ms), shown(run.lost), ms(run.knotP50Ms), ms(run.knotP99Ms), ms(run.knotP999Ms)],
  ...[ratio(run.p99Ms, idle?.p99Ms), ratio(run.knotP99Ms, idle?.knotP99Ms), ratio(run.p99Ms, run.knotP99Ms)],
]);
const absolute = ['calls a second', 'p50 ms', 'p99 ms', 'p99.9 ms', 'lost', 'Knot p50 ms', 'p99 ms', 'p99.9 ms'];
const ratios = ['p99, nothing = 1', 'Knot p99, nothing = 1', 'p99, Knot = 1'];
printTable([`A, ${perSecond} a second, amid`, ...absolute, ...ratios], rows);

for (const server of servers) await server.stop();
removeScratch(folder);

/** Both servers are asked at the same time, while the storm is at its height. */
async function measure(what: (typeof storms)[number]) {
  await startOn(cores?.storm);
  const withinMs = beginMs + 1000 * seconds + 500;
  const raging = what && storm({ port: own.httpPort, ...stormKnobs, what, withinMs });
  await sleep(beginMs);
  await startOn(cores?.asking);
  const [its, knots] = await askedDuring(servers, questions, perSecond, () => sleep(1000 * seconds));
  const result = await raging;
  const { p50Ms, p99Ms, p999Ms, lost } = its as Latency;
  return {
    ...{ p50Ms, p99Ms, p999Ms, lost },
    knotP50Ms: knots?.p50Ms ?? Number.NaN,
    knotP99Ms: knots?.p99Ms ?? Number.NaN,
    knotP999Ms: knots?.p999Ms ?? Number.NaN,
    callsPerSecond: result === undefined ? 0 : (1000 * result.done) / result.tookMs,
  };
}

function ms(value: number): string {
  return shown(value, 2);
}
