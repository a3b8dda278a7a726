// What hostile queries do to an honest client: a flood that response rate limiting answers, and queries for an app of ten thousand
// instances that changes all the time, so that nearly each answer is made anew. The bar for both: its p99 is at most 5 ms.
// Controls in the same run: Knot, asked at the same time, and the same load offered to Knot instead.
//   node_modules/.bin/node test/bench/honest.ts [SECONDS] [ROUNDS]

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '../kit/http/api-client.ts';
import { run } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { type Load, measureBeside } from './beside.ts';
import { requireDnsperf } from './dnsperf.ts';
import { appOf, questionsIn } from './names.ts';
import { startKnot } from './rivals.ts';

const [seconds = 3, rounds = 3] = process.argv.slice(2).map(Number);
const instances = 10_000;
const hostilePerSecond = 1000;
const floodPerSecond = 20_000;
/** A limited client on loopback, none of the honest one. */
const flooder = '127.66.0.1';
const changesPerSecond = 100;

const kinds = ['A', 'AAAA', 'SRV', 'TXT', 'HTTPS', 'SVCB', 'ANY'];
const hostile = [
  ...kinds.map((type) => `big.prod.svc ${type}`),
  '_why.big.prod.svc TXT',
  'eu-1._near.big.prod.svc A',
  'x._near.big.prod.svc A',
  '2._version.big.prod.svc A',
  '_https._tcp.big.prod.svc SRV',
  '_https._tcp.prod.svc PTR',
];

requireDnsperf();
const folder = scratch();
const env = {
  ROLLCALL_RRL_PER_SECOND: '20',
  ROLLCALL_RRL_EXEMPT: '127.0.0.1/32',
  ROLLCALL_INSTANCES_PER_APP_MAX: '10000',
};
const server = await startServer({ data: 'none', env });
const api = new ApiClient(server.http);
await api.register('prod/orders/a1', ['http://10.0.0.7:80'], { leaseSeconds: 3600 });
await registerBig();
const knot = await startKnot(folder, 1000);
const asked = [{ port: server.dnsPort, name: 'orders.prod.svc.' }];
if (knot !== undefined) asked.push({ port: knot.port, name: `${appOf(1)}.prod.svc.` });
const questions = join(folder, 'hostile');
writeFileSync(questions, `${hostile.join('\n')}\n`);

const ofKnot = questionsIn(folder, 1000, 'A');
const toKnot = (what: string, args: readonly string[], perSecond: number): Load[] =>
  knot === undefined ? [] : [{ what, begin: (lasts) => dnsperf(knot.port, ofKnot, lasts, perSecond, args) }];
const fromFlooder = ['-a', flooder];
await measureBeside(
  asked,
  [
    { what: 'nothing' },
    {
      what: `${floodPerSecond} from one limited network`,
      begin: (lasts) => dnsperf(server.dnsPort, questions, lasts, floodPerSecond, fromFlooder),
    },
    ...toKnot(`${floodPerSecond} to Knot`, fromFlooder, floodPerSecond),
    {
      what: `${hostilePerSecond} made anew, of ${instances} instances`,
      begin: (lasts) => whileChanging(() => dnsperf(server.dnsPort, questions, lasts, hostilePerSecond, ['-e'])),
    },
    ...toKnot(`${hostilePerSecond} to Knot`, ['-e'], hostilePerSecond),
  ],
  { seconds, rounds, head: 'queries a second beside the honest client' },
);
await knot?.stop();
api.close();
await server.stop();
removeScratch(folder);

/** How many queries were sent a second, answered or not. */
async function dnsperf(
  port: number,
  file: string,
  lasts: number,
  perSecond: number,
  more: readonly string[],
): Promise<number> {
  const common = ['-s', '127.0.0.1', '-p', `${port}`, '-d', file, '-Q', `${perSecond}`, '-l', `${lasts}`];
  // What is dropped is given up soon, or dnsperf would wait for it instead of sending.
  const args = [...common, '-q', '10000', '-t', '0.5', ...more];
  const { out } = await run('dnsperf', args, { withinMs: 60_000 });
  return Number(/Queries sent: +(\d+)/.exec(out)?.[1] ?? Number.NaN) / lasts;
}

/** One instance after the other gets another weight meanwhile. */
async function whileChanging(work: () => Promise<number>): Promise<number> {
  let [i, isOver] = [0, false];
  const timer = setInterval(() => {
    const body = { weight: 10 + (++i % 7) };
    void api
      .call('PATCH', `/api/v1/apps/prod/big/i-${i % instances}`, {
        body,
        headers: { 'content-type': 'application/merge-patch+json' },
      })
      .catch((error: unknown) => {
        if (!isOver) throw error;
      });
  }, 1000 / changesPerSecond);
  const done = await work();
  isOver = true;
  clearInterval(timer);
  return done;
}

async function registerBig(): Promise<void> {
  const register = (i: number) => {
    const addrs = [
      `https://10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8443`,
      `https://[2001:db8::${(i + 1).toString(16)}]:8443`,
    ];
    const more = { leaseSeconds: 3600, version: `${i % 4}`, zone: `eu-${i % 3}`, metadata: { team: 'pay' } };
    return api.register(`prod/big/i-${i}`, addrs, more);
  };
  const atOnce = 32;
  for (let i = 0; i < instances; i += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, instances - i) }, (_, k) => register(i + k)));
}
