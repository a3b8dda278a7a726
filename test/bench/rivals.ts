// The other servers, on the same names. What the machine lacks is left out and named.

import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { installed } from '../kit/process/installed.ts';
import { until } from '../kit/process/until.ts';
import { nextPort } from './ports.ts';
import { bind } from './rivals/bind.ts';
import { consul } from './rivals/consul.ts';
import { coredns } from './rivals/coredns.ts';
import { dnsmasq } from './rivals/dnsmasq.ts';
import { knot } from './rivals/knot.ts';
import { nsd } from './rivals/nsd.ts';
import { conf, names, type Rival } from './rivals/rival.ts';
import { unbound } from './rivals/unbound.ts';
import { type Server, started } from './started.ts';

const namesMaxMs = 120_000;

const rivals: readonly Rival[] = [knot, nsd, bind, unbound, dnsmasq, coredns, consul];

/**
 * Those that can, started on `count` names below `folder`. The reason why one is not measured is printed: it is not installed, such a
 * number is too much for it, or it does not start.
 */
export async function startRivals(folder: string, count: number, among = rivals): Promise<Server[]> {
  const servers: Server[] = [];
  const absent = among.filter(({ program }) => !installed(program));
  const present = among.filter((rival) => !absent.includes(rival));
  for (const rival of present) {
    if (rival.namesMax >= count) servers.push(...(await startRival(rival, folder, count)));
  }
  printSkipped('not installed', absent);
  printSkipped(
    `too many names for`,
    present.filter(({ namesMax }) => namesMax < count),
  );
  return servers;
}

/** The measure of all; undefined where it is not installed. */
export async function startKnot(folder: string, count: number): Promise<Server | undefined> {
  const [server] = await startRivals(folder, count, [knot]);
  return server;
}

async function startRival(rival: Rival, parent: string, count: number): Promise<Server[]> {
  const folder = join(parent, rival.program);
  mkdirSync(folder, { recursive: true });
  const text = function* (): Generator<string> {
    for (const line of rival.lines(count)) yield `${line}\n`;
  };
  await pipeline(Readable.from(text()), createWriteStream(names(folder)));
  const port = await nextPort();
  const morePorts: number[] = [];
  for (let i = 0; i < (rival.morePorts ?? 0); i++) morePorts.push(await nextPort());
  writeFileSync(conf(folder), rival.config(folder, port, morePorts));
  const { name, program, spelling } = rival;
  const env = { ...process.env, ...rival.env };
  const start = { name, program, args: rival.args(folder), port, cwd: folder, env };
  let server: Server | undefined;
  try {
    server = await started(spelling === undefined ? start : { ...start, spelling });
    await until(`${name} knowing all names`, () => rival.knowsAll?.(count, morePorts) ?? true, {
      withinMs: namesMaxMs,
    });
    return [server];
  } catch (error) {
    await server?.stop();
    console.log(`${name} did not start, so it is not measured: ${(error as Error).message}\n`);
    return [];
  }
}

function printSkipped(why: string, those: readonly Rival[]): void {
  if (those.length > 0) console.log(`${why}, so not measured: ${those.map(({ name }) => name).join(', ')}\n`);
}
