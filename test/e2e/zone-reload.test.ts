// Zone files that change under a running server: served within a second, the serial of the origin moves along and
// stays ahead over a restart, and each step is logged once.

import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import type { TypeName } from '../kit/dns/packet.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type LogLine, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

/** What the issue asks for; the rest is for a machine with more to do than this. */
const withinMs = 1000 + 1000;

const head = '$TTL 60\n@ SOA ns h 7 2 3 4 5\n@ NS ns\nns A 127.0.0.1\n';
const text = (address: string, serial = 7) => `${head.replace('7', `${serial}`)}www A ${address}\n`;
const directory = scratch({ 'zones/svc.zone': text('10.0.0.1'), 'zones/a.zone': text('10.0.0.1') });
const zones = join(directory, 'zones');

let server: ServerProcess;
let dns: DnsClient;

async function start(): Promise<void> {
  server = await startServer({ directory, zones, data: 'data' });
  dns = await udpClient(server.dnsPort);
}

async function stop(): Promise<void> {
  dns.close();
  await server.stop();
}

afterAll(async () => {
  await stop();
  removeScratch(directory);
});

const gistOf = async (name: string, type: TypeName = 'A') => {
  const { rcode, answer } = await dns.ask(name, type);
  return `${rcode} ${answer.map(({ data }) => data).join()}`;
};
const serialOf = async (zone: string) => Number((await dns.ask(zone, 'SOA')).answer[0]?.data.split(' ')[2]);

function replace(file: string, content: string): void {
  writeFileSync(join(zones, 'draft'), content);
  renameSync(join(zones, 'draft'), join(zones, file));
}

async function untilServed(name: string, data: string, type?: TypeName): Promise<void> {
  await until(`${name} being ${data}`, async () => (await gistOf(name, type)) === `NOERROR ${data}`, { withinMs });
}

function logged(start: string): LogLine[] {
  return server.logs().filter(({ msg }) => msg.startsWith(start));
}

test('a changed zone file is served within a second, with a serial that never goes back', async () => {
  await start();
  const before = await serialOf('svc');
  expect(await serialOf('a')).toBe(7);

  replace('a.zone', text('10.0.0.2', 8));
  await untilServed('www.a', '10.0.0.2');
  expect([await serialOf('a'), await serialOf('svc')]).toEqual([8, before]);

  replace('svc.zone', text('10.0.0.2'));
  await untilServed('www.svc', '10.0.0.2');
  expect(await serialOf('svc')).toBe(before + 1);
  // Written in place.
  writeFileSync(join(zones, 'svc.zone'), text('10.0.0.3'));
  await untilServed('www.svc', '10.0.0.3');
  expect(await serialOf('svc')).toBe(before + 2);
  // So it is with the zones of addresses: the registry's names are in them too.
  replace('2.0.192.in-addr.arpa.zone', `${head}1 PTR www.svc.\n`);
  await untilServed('1.2.0.192.in-addr.arpa', 'www.svc.', 'PTR');
  expect(await serialOf('2.0.192.in-addr.arpa')).toBe(before + 3);

  const reloads = logged('reloaded a zone').map(({ zone, serial, records }) => ({ zone, serial, records }));
  expect(reloads).toEqual([
    { zone: 'a.', serial: 8, records: 4 },
    { zone: 'svc.', serial: before + 1, records: 4 },
    { zone: 'svc.', serial: before + 2, records: 4 },
  ]);

  await stop();
  await start();
  expect(await serialOf('svc')).toBeGreaterThanOrEqual(before + 3);
});

test('a broken or deleted file keeps what is served, and is logged once', async () => {
  replace('a.zone', `${head}www A 10.0.0\n`);
  await until('the warning', () => logged('cannot load a zone').length > 0);
  const [warning] = logged('cannot load a zone');
  expect(warning).toMatchObject({ level: 40, msg: 'cannot load a zone: the last good version is served' });
  expect(warning?.['faults']).toEqual([
    expect.stringMatching(/a\.zone:5:7: A: an IPv4 address .*, received "10\.0\.0"$/),
  ]);
  unlinkSync(join(zones, 'a.zone'));
  await until('the warning', () => logged('a zone file is gone').length > 0);
  expect(await gistOf('www.a')).toBe('NOERROR 10.0.0.2');
  // Another zone's reload comes after them in order: nothing more was logged.
  replace('b.zone', text('10.0.0.4'));
  await untilServed('www.b', '10.0.0.4');
  expect(logged('loaded a new zone')).toHaveLength(1);
  // On a busy machine it may log a pause.
  expect(server.logs().filter((line) => line.level >= 40 && line['pause'] === undefined)).toHaveLength(2);
});
