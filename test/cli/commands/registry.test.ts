// ls, show, register and cancel against a running server: what they print to people, pipes and programs, and with which
// exit code they end.

import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type CommandResult, typed } from '../../kit/cli/cli-world.ts';
import { ApiClient } from '../../kit/http/api-client.ts';
import { run } from '../../kit/process/program.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';

let server: ServerProcess;
let api: ApiClient;

const rollcall = (line: string, columns?: number): Promise<CommandResult> =>
  typed(line.split(' '), { env: { ROLLCALL_URL: server.http }, ...(columns === undefined ? {} : { columns }) });

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
  await api.register('prod/orders/orders-1', ['http://10.0.0.7:8080'], {
    version: '1.4.2',
    zone: 'eu 1a',
    tags: ['a', 'b'],
    metadata: { team: 'checkout' },
  });
  await api.register('prod/orders/orders-2', ['http://10.0.0.8:8080'], { status: 'waiting' });
  await api.register('dev/com.acme.pay/pay 1', ['dns+udp://10.0.0.9:53']);
});

afterAll(async () => {
  api.close();
  await server.stop();
});

describe('ls', () => {
  test('lists every app, in columns that a script can cut', async () => {
    const { code, out, err } = await rollcall('ls');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['APP', 'INSTANCES', 'UP'],
      ['dev/com.acme.pay', '1', '1'],
      ['prod/orders', '2', '1'],
      [''],
    ]);
  });

  test('lists one env', async () => {
    expect((await rollcall('ls dev')).out).not.toContain('orders');
  });

  test.each([
    ['ls nowhere', 4, /\bdev, prod\b/],
    ['ls prdo', 4, /\bprod\b/],
    ['ls prod/orders', 2, /rollcall show/],
  ])('%s exits %i and prints what exists', async (line, wanted, expected) => {
    const { code, out, err } = await rollcall(line);
    expect({ code, out }).toEqual({ code: wanted, out: '' });
    expect(err).toMatch(expected);
  });

  test('gives the same as JSON and as YAML', async () => {
    const json: unknown = JSON.parse((await rollcall('ls -o json')).out);
    expect(json).toMatchObject({ revision: expect.any(Number), apps: [{ env: 'dev' }, { appid: 'orders', up: 1 }] });
    expect(parse((await rollcall('ls --output yaml')).out)).toEqual(json);
  });

  test('an env that cannot be one is refused by the server, in its words', async () => {
    const { code, out, err } = await rollcall('ls a_b');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/\benv\b/);
  });

  test('a server that is not there is reported with its URL and the way to start one', async () => {
    const { code, out, err } = await typed(['ls', '--url', 'http://127.0.0.1:1']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/127\.0\.0\.1:1: .*ECONNREFUSED.*"rollcall serve".*--url/);
  });
});

describe('show', () => {
  test('shows the instances of an app, a value a word', async () => {
    const { code, out } = await rollcall('show prod/orders');
    const [head, first, second] = out.split('\n').map((line) => line.split(/ +/));
    expect(code).toBe(0);
    expect(head?.slice(0, 3)).toEqual(['INSTANCE', 'STATUS', 'ADDRS']);
    expect(second?.slice(0, 7)).toEqual([
      'prod/orders/orders-1',
      'up',
      'http://10.0.0.7:8080',
      '1.4.2',
      String.raw`eu\x201a`,
      '-',
      'a,b',
    ]);
    // Trouble first.
    expect(first?.slice(0, 4)).toEqual(['prod/orders/orders-2', 'waiting', 'http://10.0.0.8:8080', '-']);
    expect(second?.at(-1)).toMatch(/^\d+s$/);
  });

  test('on a terminal blanks stay, states are coloured, and lines end at its edge', async () => {
    expect((await rollcall('show prod/orders', 100)).out).toContain('eu 1a');
    const { out } = await rollcall('show prod/orders', 70);
    expect(out).toContain('\u001b[33mwaiting\u001b[39m');
    const lines = out.split('\n').map((line) => stripVTControlCharacters(line));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(70);
    expect(lines[0]).toMatch(/^INSTANCE +STATUS +ADDRS .*LEASE-LEFT$/);
    expect(lines.at(-2)).toBe('2 instances: 1 waiting, 1 up');
  });

  test('on a terminal prints why one takes no traffic', async () => {
    await api.register('prod/checked/c-1', ['http://127.0.0.1:9'], { checks: [{ type: 'tcp' }] });
    const { out } = await rollcall('show prod/checked', 80);
    expect(stripVTControlCharacters(out)).toMatch(/^INSTANCE +WHY\nprod\/checked\/c-1 +\w+: /m);
    await api.cancel('prod/checked/c-1');
  });

  test('filters choose among the instances of an app', async () => {
    const names = async (flags: string): Promise<string[]> =>
      (await rollcall(`show prod/orders ${flags}`)).out.split('\n').flatMap((line) => line.match(/^prod\/\S+/) ?? []);
    expect(await names('--tag a --tag b')).toEqual(['prod/orders/orders-1']);
    expect(await names('--status waiting')).toEqual(['prod/orders/orders-2']);
    expect(await names('--version 1.4.2 --port http')).toEqual(['prod/orders/orders-1']);
    const none = await rollcall('show prod/orders --zone mars --tag a');
    expect(none).toMatchObject({ code: 4, out: '', err: expect.stringContaining('--zone mars --tag a') });
  });

  test('every field of one', async () => {
    const { code, out } = await rollcall('show prod/orders/orders-1');
    expect(code).toBe(0);
    expect(out).toMatch(/^metadata\.team +checkout$/m);
    expect(out).toMatch(/^group +-$/m);
    expect(out).toMatch(/^leaseSeconds +90$/m);
  });

  test('an instance may have a blank and a slash in its name', async () => {
    await api.register('dev/odd/a%2Fb', ['http://10.0.0.9:1']);
    expect(JSON.parse((await rollcall('show dev/odd/a/b -o json')).out)).toMatchObject({ instance: 'a/b' });
    expect((await typed(['show', 'dev/com.acme.pay/pay 1', '--url', server.http])).code).toBe(0);
  });

  test.each([
    ['show prod/nothing', 4, /"rollcall ls prod"/],
    ['show prod/order', 4, /\bprod\/orders\b/],
    ['show nowhere/orders', 4, /\bnowhere\b.*\bdev, prod\b/],
    ['show prod/orders/nobody', 4, / prod\/orders\/nobody\b/],
    ['show orders', 2, /ENV\/APPID/],
    ['show prod/orders orders-1', 2, /too many arguments/],
    ['show prod/orders/orders-1 --tag a', 2, /--tag/],
    ['show prod/or_ders', 1, /or_ders/],
  ])('%s ends with %i', async (line, wanted, expected) => {
    const { code, out, err } = await rollcall(line);
    expect({ code, out }).toEqual({ code: wanted, out: '' });
    expect(err).toMatch(expected);
  });
});

describe('register and cancel', () => {
  test('print the next steps, and these work', async () => {
    const made = await rollcall(
      'register prod/shop/shop-1 --addr http://10.0.1.1:80 --addr grpc://10.0.1.1:90 --version 2.0 --zone z --group g --tag t --weight 7 --priority 1 --metadata a=b=c --lease-seconds 60 --dns-ttl 2 --status up',
    );
    expect({ code: made.code, err: made.err }).toEqual({ code: 0, err: '' });
    // The names to look up, the lease and how often to renew it.
    expect(made.out).toMatch(/^ +shop\.prod\.svc\.$[\s\S]*_grpc\._tcp\.shop\.prod\.svc\.[\s\S]* 60 s .* 20 s /m);
    const renewal = /^ {2}(curl .*)$/m.exec(made.out)?.[1] ?? '';
    expect(renewal).toContain(`${server.http}/api/v1/apps/prod/shop/shop-1/renew`);
    expect((await api.call('GET', '/api/v1/apps/prod/shop/shop-1')).json).toMatchObject({
      version: '2.0',
      tags: ['t'],
      weight: 7,
      priority: 1,
      metadata: { a: 'b=c' },
      leaseSeconds: 60,
      dnsTtl: 2,
    });

    const again = await rollcall('register prod/shop/shop-1 --addr http://10.0.1.1:80 --if-absent');
    expect({ code: again.code, out: again.out }).toEqual({ code: 1, out: '' });
    expect((await api.call('GET', '/api/v1/apps/prod/shop/shop-1')).json).toMatchObject({ version: '2.0' });

    const gone = await rollcall('cancel prod/shop/shop-1');
    expect(gone.code).toBe(0);
    expect(gone.out).toMatch(/ \d{4}-\S+Z \(\d+s\)/);
    expect(await rollcall('show prod/shop')).toMatchObject({
      code: 4,
      err: expect.stringMatching(/ \d+s .*rollcall events prod\/shop/),
    });
    const twice = await rollcall('cancel prod/shop/shop-1');
    expect(twice).toEqual({ code: 4, out: '', err: expect.stringContaining('prod/shop/shop-1') });
  });

  test('every problem of a registration is printed, one a line', async () => {
    const { code, out, err } = await rollcall(
      'register prod/bad/b-1 --addr http://10.0.0.1:70000 --weight heavy --status asleep',
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    const lines = err.trimEnd().split('\n');
    // The value is printed once.
    expect(lines[1]).toBe('  addrs[0] port must be 1-65535, received 70000');
    expect(lines.slice(1).map((line) => line.trim().split(' ')[0])).toEqual(['addrs[0]', 'weight', 'status']);
  });

  test.each([
    ['register prod/orders --addr http://10.0.0.1:80', 'ENV/APPID/INSTANCE'],
    ['register prod/orders/x', '--addr <url>'],
    ['register prod/orders/x --addr http://10.0.0.1:80 --metadata team', '--metadata: "team"'],
    ['cancel prod/orders', 'ENV/APPID/INSTANCE'],
    ['cancel', 'instance'],
    ['ls --output xml', 'table, json, yaml'],
    ['ls --outptu json', '--output'],
    ['cancle prod/orders/x', ' cancel'],
  ])('%s is wrong usage', async (line, expected) => {
    const { code, out, err } = await rollcall(line);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(expected);
  });
});

test('a reason is remembered', async () => {
  const flags = ['--url', server.http, '--reason', 'moved & gone'];
  await typed(['register', 'prod/why/w-1', '--addr', 'http://10.0.1.9:80', ...flags]);
  expect((await typed(['cancel', 'prod/why/w-1', ...flags])).code).toBe(0);
  const { text } = await api.call('GET', '/api/v1/events?app=prod/why');
  expect(text.split('moved & gone').length).toBeGreaterThanOrEqual(3);
});

test('the renewal that register prints is a command for the shell', async () => {
  const { out } = await rollcall('register prod/renewed/r-1 --addr http://10.0.1.9:80');
  const [, command = 'false'] = /^ {2}(curl .*)$/m.exec(out) ?? [];
  const { code } = await run('sh', ['-c', `command -v curl >/dev/null || exit 0; ${command}`]);
  expect(code).toBe(0);
});

describe('whoami', () => {
  test('shows who the server takes the caller for, and its rights', async () => {
    const { code, out } = await rollcall('whoami');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['anonymous'],
      [''],
      ['ENV', 'APP', 'RIGHTS'],
      ['*', '*', 'admin'],
      [''],
    ]);
    expect(JSON.parse((await rollcall('whoami -o json')).out)).toMatchObject({ kind: 'anonymous', name: '' });
  });
});
