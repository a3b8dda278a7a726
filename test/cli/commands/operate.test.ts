// drain, events, restore and guard against a running server: their output, and the exit codes that scripts rely on.

import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type CliWorld, type CommandResult, typed } from '../../kit/cli/cli-world.ts';
import { udpClient } from '../../kit/dns/dns-client.ts';
import { ApiClient } from '../../kit/http/api-client.ts';
import { scriptedHttp } from '../../kit/http/scripted-http.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const patience = { withinMs: 30_000 };
let server: ServerProcess;
let api: ApiClient;

const rollcall = (line: string, world: CliWorld = {}): Promise<CommandResult> =>
  typed(line.split(' '), { ...world, env: { ROLLCALL_URL: server.http, ...world.env } });

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
});

afterAll(async () => {
  api.close();
  await server.stop();
});

/** Registers it and has it handed out, so that a resolver may hold it for its TTL. */
async function servedOnce(app: string, dnsTtl: number): Promise<string> {
  await api.register(`prod/${app}/${app}-1`, ['http://10.0.0.7:80'], { dnsTtl });
  const client = await udpClient(server.dnsPort);
  expect((await client.ask(`${app}.prod.svc`, 'A')).answer).toHaveLength(1);
  client.close();
  return `prod/${app}/${app}-1`;
}

const statusOf = async (place: string): Promise<unknown> =>
  (await api.call('GET', `/api/v1/apps/${place}`)).json['status'];

describe('drain', () => {
  test('prints when it is safe to stop, and without --wait does not wait', async () => {
    const place = await servedOnce('later', 600);
    const { code, out, err } = await rollcall(`drain ${place} --reason deploy`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    // When to stop it.
    expect(out).toMatch(/ \d{4}-\S+Z \(10m\)/);
    expect(await statusOf(place)).toBe('waiting');
    expect(JSON.parse((await rollcall(`drain ${place} -o json`)).out)).toMatchObject({ outcome: 'unchanged' });
    const { events } = (await api.call('GET', '/api/v1/events?app=prod/later')).json;
    expect(events).toMatchObject([{ why: 'drained', by: { reason: 'deploy' } }, { why: 'registered' }]);
  });

  test('--wait ends when no resolver can hold it any more', async () => {
    const place = await servedOnce('soon', 1);
    expect((await rollcall(`drain ${place} --wait`)).code).toBe(0);
    // It was, by the server's own account.
    expect(JSON.parse((await rollcall(`drain ${place} -o json`)).out)).toMatchObject({ safe: true });
  });

  test('on a terminal it counts down in one line, which is gone in the end', async () => {
    const drained = { outcome: 'drained', safeToStopAt: '2026-11-21T09:30:00.000Z', safeInSeconds: 7 };
    const { url, asked, close } = await scriptedHttp((path) => ({
      body: { ...drained, safe: path.includes('wait=') },
    }));
    onTestFinished(close);
    const line = `drain prod/shown/s-1 --wait 20s --url ${url}`;
    const { code, out } = await rollcall(line, { columns: 80 });
    expect(code).toBe(0);
    expect(out).toContain('\r\u001b[Kwaiting: 7 s');
    expect(stripVTControlCharacters(out).split('\n').at(-2)).toMatch(/\rsafe to stop/);
    expect(asked.map(({ path }) => path.split('?')[1])).toEqual(['', 'wait=20000ms']);
    const dumb = await rollcall(line, { columns: 80, env: { TERM: 'dumb' } });
    expect(dumb.out.split(/\r/)).toHaveLength(1);
  });

  test('a wait that was too short is a failure with the time to wait until', async () => {
    const place = await servedOnce('hasty', 600);
    const { code, err } = await rollcall(`drain ${place} --wait 10ms`);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/ \d{4}-\S+Z \(10m\)/),
    });
  });

  test('an instance that is registered as up meanwhile ends the wait with a failure', async () => {
    const place = await servedOnce('back', 600);
    let expected = '';
    const waiting = rollcall(`drain ${place} --wait`, {
      onOut: (out) => {
        expected = out;
      },
    });
    await until('the drain', () => expected.includes('is drained'), patience);
    const drainsWaiting = async (): Promise<boolean> =>
      /^rollcall_drains_waiting 1$/m.test((await api.call('GET', '/metrics')).text);
    await until('the wait', drainsWaiting, patience);
    await api.patch(place, { status: 'up' });
    expect(await waiting).toMatchObject({ code: 1, err: expect.stringContaining(place) });
  });

  test.each([
    ['drain prod/none/x', 4, 'prod/none/x'],
    ['drain prod/none', 2, 'ENV/APPID/INSTANCE'],
    ['drain prod/none/x --hold 8d', 2, '--hold: "8d"'],
    ['up prod/none', 2, 'ENV/APPID/INSTANCE'],
    ['drain prod/none/x --wait 5', 2, '--wait: "5"'],
    ['drain prod/none/x --wait 1h', 2, '--wait: "1h"'],
  ])('%s ends with %i', async (line, wanted, expected) => {
    const { code, out, err } = await rollcall(line);
    expect({ code, out }).toEqual({ code: wanted, out: '' });
    expect(err).toContain(expected);
  });
});

describe('a hold, and up', () => {
  test('drain --hold asks for the hold once, and prints how to end it', async () => {
    const drained = { outcome: 'drained', safeToStopAt: '2026-11-21T09:30:00.000Z', safeInSeconds: 7 };
    const { url, asked, close } = await scriptedHttp((path) => ({
      body: { ...drained, safe: path.includes('wait=') },
    }));
    onTestFinished(close);
    const { code, out } = await typed(['drain', 'prod/held/h-1', '--hold', '2h', '--wait', '20s', '--url', url]);
    expect(code).toBe(0);
    expect(out).toContain('rollcall up prod/held/h-1');
    expect(asked.map(({ path }) => path.split('?')[1])).toEqual(['hold=7200000ms', 'wait=20000ms']);
  });

  test('up brings back what was drained, and what is held stays out until then', async () => {
    const place = 'prod/held/real-1';
    await api.register(place, ['http://10.0.0.7:80']);
    expect((await rollcall(`drain ${place} --hold 2h --reason disk`)).code).toBe(0);
    const again = await rollcall(`register ${place} --addr http://10.0.0.7:80`);
    expect(again.out).toMatch(/disk.* 2h\b.*rollcall up prod\/held\/real-1$/m);
    const shown = stripVTControlCharacters((await rollcall('show prod/held', { columns: 80 })).out);
    expect(shown).toMatch(/^prod\/held\/real-1 .*disk.* 2h$/m);
    expect((await rollcall(`up ${place}`)).code).toBe(0);
    expect(await statusOf(place)).toBe('up');
    expect(await rollcall('up prod/held/none')).toMatchObject({ code: 4, out: '' });
  });

  test.each([
    [{ outcome: 'resumed', status: 'up' }, /is drained no more: it takes traffic/],
    [{ outcome: 'resumed', status: 'waiting' }, /takes no traffic yet: rollcall show prod\/held\/h%201/],
    [{ outcome: 'unchanged', status: 'up' }, /was not drained/],
    [{ outcome: 'released' }, /not registered; the hold on it is lifted/],
  ])('up, answered with %j', async (body, expected) => {
    const { url, asked, close } = await scriptedHttp(() => ({ body }));
    onTestFinished(close);
    const { code, out } = await typed(['up', 'prod/held/h%201', '--reason', 'disk & all', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(expected) });
    expect(asked).toMatchObject([
      { method: 'POST', path: '/api/v1/apps/prod/held/h%25201/up?reason=disk%20%26%20all' },
    ]);
  });
});

describe('events and restore', () => {
  beforeAll(async () => {
    for (const id of ['a', 'b', 'c']) await api.register(`shop/cart/${id}`, ['http://10.0.0.7:80']);
    await api.call('DELETE', '/api/v1/apps/shop/cart/a?reason=wrong+list');
    await api.call('DELETE', '/api/v1/apps/shop/cart/b?reason=wrong+list');
  });

  test('events prints who changed what and why, the newest last', async () => {
    const { code, out } = await rollcall('events shop/cart');
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ +/).slice(1, 3))).toEqual([
      ['INSTANCE', 'WHY'],
      ['shop/cart/a', 'registered'],
      ['shop/cart/b', 'registered'],
      ['shop/cart/c', 'registered'],
      ['shop/cart/a', 'cancelled'],
      ['shop/cart/b', 'cancelled'],
    ]);
    expect(lines.at(-1)).toMatch(/ {2}cancelled by 127\.0\.0\.1: wrong list$/);
  });

  test('events can be narrowed, and read by programs', async () => {
    const one = JSON.parse((await rollcall('events shop/cart/b --why cancelled --from -1h -o json')).out) as {
      events: unknown[];
    };
    expect(one.events).toMatchObject([{ why: 'cancelled', instance: 'b', by: { reason: 'wrong list' } }]);
    const yaml = parse((await rollcall('events shop --limit 2 -o yaml')).out) as { events: unknown[] };
    expect(yaml).toMatchObject({ events: [{ instance: 'a' }, { instance: 'b' }], next: expect.any(String) });
    expect((await rollcall('events shop/cart/none')).out.trimEnd().split('\n')).toHaveLength(1);
    const short = stripVTControlCharacters((await rollcall('events shop/cart', { columns: 80 })).out).split('\n');
    for (const line of short) expect(line.length).toBeLessThanOrEqual(80);
    expect(short[1]).toMatch(/^\d\d-\d\d \d\d:\d\d:\d\dZ +shop\/cart\/a /);
  });

  test.each(['events shpo', 'events nowhere/cart', 'restore shpo --from -1h'])('%s is about nothing', async (line) => {
    expect(await rollcall(line)).toMatchObject({
      code: 4,
      out: '',
      err: expect.stringContaining('registered'),
    });
  });

  test('more than a page is read page by page', async () => {
    const { url, asked, close } = await scriptedHttp((path) => {
      const last = Number(/before=(\d+)/.exec(path)?.[1] ?? 5000);
      const count = Number(/limit=(\d+)/.exec(path)?.[1]);
      const events = Array.from({ length: count }, (_, index) => ({ revision: last - 1 - index }));
      return { body: { events, next: String(last - count), completeSince: 'then' } };
    });
    onTestFinished(close);
    const { out } = await typed(['events', '--url', url, '--limit', '1500', '-o', 'json']);
    const { events } = JSON.parse(out) as { events: { revision: number }[] };
    expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 1500 }, (_, index) => 3500 + index));
    expect(asked.map(({ path }) => path)).toEqual([
      '/api/v1/events?limit=1000',
      '/api/v1/events?limit=500&before=4000',
    ]);
  });

  test('restore prints what it would do, and does it with --yes', async () => {
    const expected = await rollcall('restore shop/cart --from -1h --by-address 127.0.0.1');
    expect(expected.code).toBe(0);
    expect(expected.out).toMatch(/^2 .* 0 .*--yes/m);
    expect((await rollcall('show shop/cart/a')).code).toBe(4);

    const none = await rollcall('restore shop --from -1h --by-address 10.9.9.9 -o json');
    expect(JSON.parse(none.out)).toMatchObject({ restored: [] });
    expect((await rollcall('restore shop --from -1h --yes')).code).toBe(0);
    expect(await statusOf('shop/cart/a')).toBe('up');
    const again = await rollcall('restore shop --from -1h --yes -o json');
    expect(JSON.parse(again.out)).toMatchObject({ restored: [], skipped: [{ reason: 'is registered' }, {}] });
  });

  test('restore goes on until nothing is left', async () => {
    const removed = (revision: number) => ({
      env: 'e',
      appid: 'a',
      instance: `i-${revision}`,
      why: 'cancelled',
      revision,
    });
    const replies = [
      { restored: [removed(1), removed(2)], skipped: [], left: 1 },
      { restored: [removed(3)], skipped: [removed(1), removed(2)], left: 0, scannedTo: 'earlier' },
      { restored: [], skipped: [removed(9)], left: 0 },
    ];
    let call = 0;
    const { url, close } = await scriptedHttp(() => ({
      body: { dryRun: false, completeSince: 'then', ...replies[call++] },
    }));
    onTestFinished(close);
    const { code, out } = await typed(['restore', '--from', '-1h', '--yes', '--url', url, '-o', 'json']);
    const { restored, skipped } = JSON.parse(out) as Record<string, { revision: number }[]>;
    expect({ code, call, restored: restored?.length, skipped }).toEqual({
      code: 0,
      call: 3,
      restored: 3,
      skipped: [removed(9)],
    });
  });

  test.each([
    ['restore', 2, '--from <time>'],
    ['restore a/b/c --from -1h', 2, 'ENV/APPID'],
    ['restore --from yesterday', 1, 'yesterday'],
    ['restore --from -1h --why lost', 1, 'cancelled, drained, evicted'],
    ['events --limit -1', 2, '--limit: "-1"'],
    ['events --follow --to now', 2, '--to: '],
    ['events --why lost', 1, 'lost'],
  ])('%s ends with %i', async (line, wanted, expected) => {
    const { code, out, err } = await rollcall(line);
    expect({ code, out }).toEqual({ code: wanted, out: '' });
    expect(err).toContain(expected);
  });
});

describe('guard', () => {
  test('prints that nothing is held, and the rule behind it', async () => {
    const { code, out } = await rollcall('guard');
    expect(code).toBe(0);
    // Ratio and ceiling.
    expect(out).toMatch(/ 85 % .* 60m /);
    expect(JSON.parse((await rollcall('guard -o json')).out)).toMatchObject({ holding: false, apps: [] });
  });

  test('lists what is held, and since when', async () => {
    const app = {
      env: 'prod',
      appid: 'orders',
      members: 9,
      late: 5,
      suspects: 4,
      since: 'then',
      reason: '5 of 9 are late',
    };
    const held = { holding: true, since: '2026-11-21T09:30:00.000Z', reason: 'some', apps: [app], moreApps: 3 };
    const { url, close } = await scriptedHttp(() => ({ body: { ...held, evictionBudget: { perMinute: null } } }));
    onTestFinished(close);
    const { out } = await typed(['guard', '--url', url]);
    expect(out).toContain('2026-11-21T09:30:00.000Z');
    expect(out).toMatch(/^prod\/orders +5 +4 +then +5 of 9 are late\n.*\b3\b/m);
  });
});

test('nodes of a server that belongs to no cluster: its setting is named, not a route', async () => {
  const { code, err } = await rollcall('nodes');
  expect(code).toBe(1);
  expect(err).toContain('clusterName');
});
