// The doctor with real patients: resolvers that hand the origin on well, or with one of the usual mistakes, and files
// that are made up. Watching a cache takes as long as a TTL, so the app under observation has a TTL of two seconds.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, typed } from '../../kit/cli/cli-world.ts';
import { ApiClient } from '../../kit/http/api-client.ts';
import { scriptedHttp } from '../../kit/http/scripted-http.ts';
import { type Forwarder, startDnsmasq, startUnbound } from '../../kit/process/forwarders.ts';
import { requireInCi } from '../../kit/process/installed.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';

let server: ServerProcess;
let api: ApiClient;

const plain = { 'resolv.conf': 'nameserver 127.0.0.1\n', 'nsswitch.conf': 'hosts: files dns\n' };

function doctor(flags: readonly string[], files: Readonly<Record<string, string>> = plain): Promise<CommandResult> {
  const own = ['--server', `127.0.0.1:${server.dnsPort}`, '--origin', 'svc'];
  const url = flags.includes('--url') ? [] : ['--url', server.http];
  const paths = ['--resolv-conf', 'resolv.conf', '--nsswitch-conf', 'nsswitch.conf'];
  return typed(['doctor', ...own, ...url, ...paths, ...flags], { files });
}

/** `level what`, a line each. */
function heads({ out }: CommandResult): string[] {
  return Array.from(out.matchAll(/^(ok|warn|fail) +(.+?): /gm), ([, level, what]) => `${level} ${what}`);
}

beforeAll(async () => {
  server = await startServer({ env: { ROLLCALL_NEGATIVE_TTL_SECONDS: '2' } });
  api = new ApiClient(server.http);
  await api.register('prod/orders/orders-1', ['http://10.0.0.7:8080'], { dnsTtl: 2 });
});

afterAll(async () => {
  api.close();
  await server.stop();
});

const missing = requireInCi(['unbound', 'dnsmasq'], 'unbound dnsmasq-base');

describe.skipIf(missing.length > 0)(`in front of rollcall (missing: ${missing.join()})`, { concurrent: true }, () => {
  async function behind(start: () => Promise<Forwarder>, look: (resolver: string) => Promise<void>): Promise<void> {
    const forwarder = await start();
    try {
      await look(`127.0.0.1:${forwarder.port}`);
    } finally {
      await forwarder.stop();
    }
  }

  test.each([
    ['Unbound', startUnbound],
    ['dnsmasq', startDnsmasq],
  ])('%s that is right is found to be so, and its cache is measured', async (_name, start) => {
    await behind(
      () => start(server.dnsPort),
      async (resolver) => {
        const result = await doctor(['--resolver', resolver, '--seconds', '9', '--name', 'orders.prod.svc']);
        // A machine that stands still now and then may see no answer from its beginning to its end.
        const measured = result.out.replaceAll(/^warn(?=.*: no answer ended within 9 s)/gm, 'ok  ');
        expect({
          heads: heads({ ...result, out: measured }),
          out: result.out,
          code: result.code,
          err: result.err,
        }).toEqual({
          heads: [
            `ok rollcall at 127.0.0.1:${server.dnsPort}`,
            `ok API at ${server.http}`,
            'ok clock',
            'ok nsswitch.conf',
            'ok resolv.conf',
            'ok search list',
            `ok resolver ${resolver}`,
            `ok orders.prod.svc at ${resolver}`,
            `ok cache of ${resolver}`,
            `ok negative cache of ${resolver}`,
          ],
          out: expect.not.stringMatching(/^fail/m),
          code: 0,
          err: '',
        });
      },
    );
  });

  test('one that stretches TTLs fails', async () => {
    await behind(
      () => startUnbound(server.dnsPort, 'cache-min-ttl: 30'),
      async (resolver) => {
        const result = await doctor(['--resolver', resolver, '--seconds', '1', '--name', 'orders.prod.svc']);
        expect(result.code).toBe(1);
        expect(heads(result)).toContain(`fail cache of ${resolver}`);
        expect(result.out).toMatch(
          /answers with TTL (30|29) for addresses where rollcall has 2: .* To do: .*cache-min-ttl/,
        );
        expect(result.out).toMatch(/\n\d failed, \d to be looked at\.\n$/);
      },
    );
  });

  test('one that holds the name for missing from before is a matter of seconds', async () => {
    await behind(
      () => startUnbound(server.dnsPort),
      async (resolver) => {
        const flags = ['--resolver', resolver, '--seconds', '0', '--name', 'late.prod.svc.'];
        expect((await doctor(flags)).out).toContain('answers as rollcall does: NXDOMAIN');
        await api.register('prod/late/late-1', ['http://10.0.0.8:80'], { dnsTtl: 1 });
        const result = await doctor(flags);
        // Where the machine is so slow that the time is over, there is nothing left to find.
        expect(result.out).toMatch(
          /a negative answer from before, kept for [0-2] s more|answers as rollcall does: 10\.0\.0\.8/,
        );
        expect(result.code).toBe(0);
      },
    );
  });

  test('one that does not forward the origin gets the setting to add', async () => {
    const zones = 'local-zone: "org." always_nxdomain\n  local-zone: "net." always_refuse';
    await behind(
      () => startUnbound(server.dnsPort, zones),
      async (resolver) => {
        const look = (origin: string): Promise<CommandResult> => doctor(['--resolver', resolver, '--origin', origin]);
        const [nxdomain, refused] = [await look('org'), await look('net')];
        expect([nxdomain.code, refused.code]).toEqual([1, 1]);
        expect(nxdomain.out).toMatch(
          /^fail {2}resolver \S+: answers that there is no org\..*To do: hand "org".*rollcall snippet/m,
        );
        expect(refused.out).toMatch(/^fail {2}resolver \S+: refuses net\..*To do: allow this client/m);
      },
    );
  });
});

test('rollcall alone, asked as its own resolver, passes its TTLs on', async () => {
  const flags = ['--resolver', `127.0.0.1:${server.dnsPort}`, '--seconds', '1', '--name', 'orders.prod.svc'];
  const result = await doctor(flags);
  expect(result.code).toBe(0);
  expect(result.out).toContain('always answers with TTL 2 for addresses: it asks rollcall every time');
});

test('an app with IPv6 addresses alone is looked up as such', async () => {
  await api.register('prod/six/six-1', ['http://[2001:db8::7]:80'], { dnsTtl: 1 });
  const at = `127.0.0.1:${server.dnsPort}`;
  const result = await doctor(['--resolver', at, '--seconds', '1', '--name', 'six.prod.svc']);
  expect(result.code).toBe(0);
  expect(result.out).toContain('answers as rollcall does: 2001:db8::7');
  expect(heads(result)).toContain(`ok cache of ${at}`);
});

test('the files are looked at', async () => {
  const kubernetes = 'nameserver 127.0.0.1\nsearch default.svc.cluster.local cluster.local\noptions ndots:5\n';
  const files = { 'resolv.conf': kubernetes, 'nsswitch.conf': 'hosts: files\n' };
  const flags = ['--resolver', `127.0.0.1:${server.dnsPort}`, '--seconds', '0', '--name', 'orders.prod.svc'];
  const result = await doctor(flags, files);
  expect(result.code).toBe(1);
  expect(result.out).toMatch(/^fail {2}nsswitch\.conf: .*To do: add "dns"/m);
  expect(result.out).toMatch(
    /^fail {2}search list: .*orders\.prod\.svc\.default\.svc\.cluster\.local is asked for first/m,
  );

  const bare = await doctor(['--resolver', `127.0.0.1:${server.dnsPort}`, '--seconds', '0'], {});
  expect(heads(bare)).toContain('warn resolv.conf');
});

test('without a server the first line reports it, and how to start one', async () => {
  const unreachable = [
    '--server',
    '127.0.0.1:1',
    '--url',
    'http://127.0.0.1:1',
    '--resolver',
    '127.0.0.1:1',
    '--seconds',
    '0',
  ];
  const result = await doctor(unreachable);
  expect(result.code).toBe(1);
  expect(result.out.split('\n')[0]).toMatch(/^fail {2}rollcall at 127\.0\.0\.1:1: nothing listens .*"rollcall serve"/);
  expect(heads(result)).toContain('warn API at http://127.0.0.1:1');
  expect(heads(result)).toContain('fail resolver 127.0.0.1:1');
});

test('another origin is not reported as a missing server', async () => {
  const { out } = await doctor([
    '--origin',
    'other.test',
    '--resolver',
    `127.0.0.1:${server.dnsPort}`,
    '--seconds',
    '0',
  ]);
  expect(out.split('\n')[0]).toMatch(/answers REFUSED for other\.test\.: it has another origin\. To do: .*--origin/);
});

test('a wrong clock is reported', async () => {
  const late = await scriptedHttp(() => ({ body: { apps: [] }, headers: { date: 'Sat, 01 Jan 2000 00:00:00 GMT' } }));
  const { out, code } = await doctor([
    '--url',
    late.url,
    '--resolver',
    `127.0.0.1:${server.dnsPort}`,
    '--seconds',
    '0',
  ]);
  await late.close();
  expect(code).toBe(0);
  expect(out).toMatch(/^warn {2}clock: is \d+ s ahead of the server's.*NTP/m);
});

test('for programs it is a document', async () => {
  const flags = ['--resolver', `127.0.0.1:${server.dnsPort}`, '--seconds', '0', '--output', 'json'];
  const { code, out } = await doctor(flags);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    failed: 0,
    warned: 0,
    findings: expect.arrayContaining([expect.objectContaining({ level: 'ok' })]),
  });
});

test.each([
  [['--resolver', 'dns.example'], '--resolver: "dns.example" is not an address'],
  [['--seconds', 'x'], '--seconds: "x" is not a whole number from 0 to 3600'],
  [['x'], 'too many arguments'],
])('%j is wrong usage', async (flags, result) => {
  const { code, out, err } = await typed(['doctor', ...flags]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(result);
});
