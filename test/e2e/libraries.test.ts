// What programs use without knowing it: Go's resolver, glibc's and musl's getaddrinfo. The last two read
// /etc/resolv.conf, which has no port, so they run with rollcall in a network and a file tree of their own (Linux
// namespaces, for root alone), where it listens on port 53.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cLookup, goLookup, loopbackUp, pythonLookup } from '../kit/dns/foreign-lookups.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { installed, requireInCi } from '../kit/process/installed.ts';
import { cleanEnvironment, output, run } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';

const registrations: readonly (readonly [place: string, body: Readonly<Record<string, unknown>>])[] = [
  [
    'prod/orders/orders-1',
    { addrs: ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'], metadata: { team: 'checkout' } },
  ],
  ['prod/orders/orders-2', { addrs: ['http://10.0.0.8:8080'], priority: 1 }],
  ['prod/four/four-1', { addrs: ['http://10.0.0.9:80'] }],
  ['prod/six/six-1', { addrs: ['http://[2001:db8::6]:80'] }],
  ['prod/asleep/asleep-1', { addrs: ['http://10.0.0.10:80'], status: 'waiting' }],
  ...Array.from({ length: 120 }, (_, i) => [`prod/many/many-${i}`, { addrs: [`http://10.1.0.${i + 1}:80`] }] as const),
];

// Not on CI's list: compiling Go's network package from nothing takes longer than all the rest.
describe.skipIf(!installed('go'))(`Go's resolver${installed('go') ? '' : ' (not installed)'}`, () => {
  const directory = scratch({ 'lookup.go': goLookup });
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startServer();
    const api = new ApiClient(server.http);
    await Promise.all(
      registrations.map(([place, { addrs, ...fields }]) => api.register(place, addrs as string[], fields)),
    );
    api.close();
    const env = cleanEnvironment({ CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GOPROXY: 'off' });
    await output('go', ['build', '-o', 'lookup', 'lookup.go'], { cwd: directory, env, withinMs: 110_000 });
  }, 120_000);

  afterAll(async () => {
    removeScratch(directory);
    await server.stop();
  });

  async function lookup(name: string): Promise<Record<string, unknown>> {
    const text = await output(join(directory, 'lookup'), [`127.0.0.1:${server.dnsPort}`, name]);
    return JSON.parse(text) as Record<string, unknown>;
  }

  test('finds hosts, services and texts', async () => {
    const { hosts, services, texts } = (await lookup('orders.prod.svc.')) as Record<string, string[]>;
    expect([...(hosts ?? [])].sort()).toEqual(['10.0.0.7', '10.0.0.8', '2001:db8::7']);
    expect([...(texts ?? [])].sort()).toEqual(['instance=orders-1team=checkout', 'instance=orders-2']);
    expect(services).toHaveLength(3);
    expect(services?.at(-1)).toEqual({ Target: 'orders-2.orders.prod.svc.', Port: 8080, Priority: 1, Weight: 10 });
    expect(await lookup('_grpc._tcp.orders.prod.svc.')).toMatchObject({
      services: [{ Target: 'grpc.orders-1.orders.prod.svc.', Port: 9090, Priority: 0, Weight: 10 }],
      hostsError: 'not found',
    });
  });

  test('finds a hundred of many, and reports what is not there', async () => {
    const { hosts, services } = (await lookup('many.prod.svc.')) as Record<string, string[]>;
    expect({ hosts: new Set(hosts).size, services: services?.length }).toEqual({ hosts: 100, services: 100 });
    expect(await lookup('four.prod.svc.')).toMatchObject({ hosts: ['10.0.0.9'], hostsError: '' });
    for (const name of ['nobody.prod.svc.', 'asleep.prod.svc.']) {
      const nothing = { hostsError: 'not found', servicesError: 'not found', textsError: 'not found' };
      expect(await lookup(name)).toMatchObject(nothing);
    }
  });
});

const needed = requireInCi(['unshare', 'nsenter', 'mount', 'python3', 'curl', 'sh'], 'util-linux python3 curl');
const mayUnshare = needed.length === 0 && (await run('unshare', ['-mn', 'true'])).code === 0;
const noMusl = requireInCi(['musl-gcc'], 'musl-tools');
const reason = needed.length > 0 ? ` (no ${needed.join()})` : mayUnshare ? '' : ' (may not make namespaces)';

describe.skipIf(!mayUnshare)(`the C library${reason}`, () => {
  const directory = scratch({
    'resolv.conf': 'nameserver 127.0.0.1\nsearch prod.svc\noptions timeout:2 attempts:1\n',
    'nsswitch.conf': 'hosts: files dns\n',
    'loopback.py': loopbackUp,
    'lookup.py': pythonLookup,
    'lookup.c': cLookup,
    'enter.sh': `set -e
      python3 loopback.py
      for file in resolv.conf nsswitch.conf; do [ ! -e /etc/$file ] || mount --bind $file /etc/$file; done
      exec "$@"
    `,
  });
  let server: ServerProcess;

  beforeAll(async () => {
    const enter = ['unshare', '-mn', 'sh', 'enter.sh', process.execPath, main, 'serve'] as const;
    server = await startServer({ directory, command: enter, dns: '127.0.0.1:53' });
    // One curl for all: a transfer each, from a configuration on its standard input.
    const transfers = registrations.map(([place, body]) => {
      const settings = {
        url: `${server.http}/api/v1/apps/${place}`,
        request: 'PUT',
        header: 'content-type: application/json',
      };
      const lines = Object.entries({ ...settings, data: JSON.stringify(body), output: '/dev/null' });
      return [...lines.map(([key, value]) => `${key} = ${JSON.stringify(value)}`), 'fail', 'silent', 'show-error'].join(
        '\n',
      );
    });
    await output('nsenter', [...inside(), 'curl', '--config', '-'], { input: transfers.join('\nnext\n') });
    if (noMusl.length === 0)
      await output('musl-gcc', ['-static', '-O1', '-o', 'lookup', 'lookup.c'], { cwd: directory });
  });

  afterAll(async () => {
    await server.stop();
    removeScratch(directory);
  });

  function inside(): string[] {
    return ['-t', String(server.pid), '-m', '-n'];
  }

  async function lookup(command: readonly string[], name: string): Promise<string[]> {
    const text = await output('nsenter', [...inside(), ...command, name]);
    return text.split('\n').sort();
  }

  describe.each<[string, readonly string[], boolean, number, number]>([
    ['glibc, by Python', ['python3', join(directory, 'lookup.py')], true, 100, 100],
    // It asks without EDNS, older ones never over TCP, and its table of addresses has 48 places.
    ['musl', [join(directory, 'lookup')], noMusl.length === 0, 20, 48],
  ])('%s', (_name, command, isThere, least, most) => {
    test.skipIf(!isThere).each([
      ['orders.prod.svc', ['10.0.0.7', '10.0.0.8', '2001:db8::7']],
      ['orders', ['10.0.0.7', '10.0.0.8', '2001:db8::7']],
      ['Orders.PROD.svc.', ['10.0.0.7', '10.0.0.8', '2001:db8::7']],
      ['orders-2.orders.prod.svc', ['10.0.0.8']],
      ['four.prod.svc', ['10.0.0.9']],
      ['six.prod.svc', ['2001:db8::6']],
      ['nobody.prod.svc.', ['fault no such name']],
    ])('%s is %j', async (name, found) => {
      expect(await lookup(command, name)).toEqual(found);
    });

    test.skipIf(!isThere)('an app that takes no traffic has no address, and that is no failure of DNS', async () => {
      const [fault] = await lookup(command, 'asleep.prod.svc.');
      expect(fault).toMatch(/^fault (no such name|No address associated with hostname|Name has no usable address)$/);
    });

    test.skipIf(!isThere)('an answer too large for a datagram is of use', async () => {
      const found = await lookup(command, 'many.prod.svc');
      const { size } = new Set(found);
      expect({ size, isEnough: size >= least && size <= most }).toMatchObject({ isEnough: true });
      expect(found.filter((address) => !/^10\.1\.0\.\d+$/.test(address))).toEqual([]);
    });
  });
});
