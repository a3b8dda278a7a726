// watch and `events --follow`: what people, pipes and programs are shown while things change.

import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Keyboard } from '../../../src/cli/terminal/keys.ts';
import { type CliWorld, type CommandResult, typed } from '../../kit/cli/cli-world.ts';
import { startRollcall } from '../../kit/cli/command-line.ts';
import { ApiClient } from '../../kit/http/api-client.ts';
import { scriptedHttp } from '../../kit/http/scripted-http.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
  await api.register('prod/orders/orders-1', ['http://10.0.0.7:8080'], { version: '1.4.2', zone: 'eu-1a' });
  await api.register('dev/other/other-1', ['http://10.0.0.9:8080']);
});

afterAll(async () => {
  api.close();
  await server.stop();
});

/** How far the cursor goes back before it draws again. */
const backOf = new RegExp(String.raw`^${'\u001b'}\[(\d+)A\r`);

/** Types the line, waits until its output matches, does something, and waits for its end. */
async function meanwhile(
  line: string,
  seen: RegExp,
  act: () => Promise<unknown>,
  world: CliWorld = {},
): Promise<CommandResult> {
  let heard = '';
  const onOut = (out: string): void => {
    heard = out;
  };
  const ended = typed(line.split(' '), { ...world, env: { ROLLCALL_URL: server.http, ...world.env }, onOut });
  await until(`${line} printing ${seen}`, () => seen.test(heard), { withinMs: 30_000 });
  await act();
  return ended;
}

/** A keyboard whose keys are typed by the test. */
function typedKeys(): { keyboard: Keyboard; type(octets: string): void; isRaw(): boolean } {
  const keys = new EventEmitter<{ data: [Buffer] }>();
  let isRaw = false;
  const keyboard: Keyboard = {
    setRawMode(is) {
      isRaw = is;
    },
    on: (event, listener) => keys.on(event, listener),
    off: (event, listener) => keys.off(event, listener),
    resume: () => undefined,
    pause: () => undefined,
    isOurs: () => true,
    suspend: () => undefined,
  };
  return { keyboard, type: (octets) => keys.emit('data', Buffer.from(octets)), isRaw: () => isRaw };
}

describe('watch', () => {
  test('in a pipe prints what is registered, then a line for each change, with who and why', async () => {
    const { code, out, err } = await meanwhile('watch prod/orders --count 2', /present .*orders-1/, async () => {
      await api.register('dev/other/other-2', ['http://10.0.0.9:8081']);
      await api.register('prod/orders/orders 2', ['http://10.0.0.8:80']);
      await api.call('DELETE', '/api/v1/apps/prod/orders/orders%202?reason=wrong+list');
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ +/).slice(1, 5))).toEqual([
      ['present', 'prod/orders/orders-1', 'up', 'http://10.0.0.7:8080'],
      ['registered', String.raw`prod/orders/orders\x202`, 'up', 'http://10.0.0.8:80'],
      ['cancelled', String.raw`prod/orders/orders\x202`, '-', '-'],
    ]);
    expect(lines[2]).toMatch(/^\d{4}-\d\d-\d\dT.*Z {2}.* {2}cancelled by 127\.0\.0\.1: wrong list$/);
  });

  test('for programs is a JSON document a line, or YAML documents', async () => {
    const change = () => api.patch('prod/orders/orders-1', { weight: Math.ceil(Math.random() * 60_000) });
    const json = await meanwhile('watch prod --count 1 -o json', /"synced"/, change);
    const events = json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(['snapshot', 'synced', 'updated']);
    expect(events[2]).toMatchObject({
      matches: true,
      why: 'patched',
      changed: ['weight'],
      after: { version: '1.4.2' },
    });
    const yaml = await meanwhile('watch prod --count 1 -o yaml', /synced/, change);
    const documents = parseAllDocuments(yaml.out).map((document) => document.toJS() as Record<string, unknown>);
    expect(documents.map(({ event }) => event)).toEqual(['snapshot', 'synced', 'updated']);
  });

  test('on a terminal is a table that is drawn again in its place, no wider and no longer than the window', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `live/crowd/c-${String(index).padStart(2, '0')}`);
    await Promise.all(many.map((place, index) => api.register(place, [`http://10.9.0.${index + 1}:80`])));
    const { code, out } = await meanwhile(
      'watch live --count 2',
      /30 instances/,
      async () => {
        await api.patch('live/crowd/c-00', { status: 'waiting' });
        await api.cancel('live/crowd/c-29');
      },
      { columns: 60, rows: 20 },
    );
    expect(code).toBe(0);
    const [first = '', ...others] = out.split('\u001b[J');
    const last = others.filter((text) => text !== '').at(-1) ?? '';
    const back = backOf.exec(last)?.[1];
    const linesOf = (screen: string): string[] =>
      stripVTControlCharacters(screen)
        .replace(/^\r|\n$/g, '')
        .split('\n');
    expect(linesOf(first).length).toBe(Number(backOf.exec(others[0] ?? '')?.[1] ?? linesOf(first).length));
    expect(Number(back)).toBeLessThan(20);
    for (const screen of [first, ...others]) {
      expect(linesOf(screen).length).toBeLessThan(20);
      for (const line of linesOf(screen)) expect(line.length).toBeLessThanOrEqual(60);
    }
    const shown = linesOf(last).join('\n');
    expect(shown).toMatch(/^29 instances: 1 waiting, 28 up$/m);
    // Trouble first.
    expect(shown).toMatch(/^INSTANCE .*\nlive\/crowd\/c-00 +waiting /m);
    expect(shown).toMatch(/^1-\d+ of 29$/m);
    expect(shown).toMatch(/^\d\d:\d\d:\d\d +live\/crowd\/c-29 +cancelled by/m);
  });

  test('keys scroll, and end it', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `keys/crowd/k-${String(index).padStart(2, '0')}`);
    await Promise.all(many.map((place, index) => api.register(place, [`http://10.9.1.${index + 1}:80`])));
    const terminal = typedKeys();
    let screen = '';
    const onOut = (out: string): void => {
      screen = out.slice(out.lastIndexOf('INSTANCE'));
    };
    const shows = (pattern: RegExp): Promise<unknown> =>
      until(`${pattern}`, () => pattern.test(screen), { withinMs: 30_000 });
    const world = { columns: 80, rows: 16, env: { ROLLCALL_URL: server.http, NO_COLOR: '1' }, onOut };
    const ended = typed(['watch', 'keys'], { ...world, keyboard: terminal.keyboard });
    await shows(/k-00 [\s\S]*1-10 of 30/);
    expect(terminal.isRaw()).toBe(true);
    for (const [octets, pattern] of [
      ['\u001b[B', /k-01 [\s\S]*2-11 of 30/],
      ['\u001b[6~', /11-20 of 30/],
      ['G', /k-29 [\s\S]*21-30 of 30/],
      ['jj\u001b[B', /21-30 of 30/],
      ['\u001b[5~k', /11-20 of 30/],
      ['g', /k-00 [\s\S]*1-10 of 30/],
    ] as const) {
      terminal.type(octets);
      await shows(pattern);
    }
    terminal.type('q');
    expect({ code: (await ended).code, isRaw: terminal.isRaw() }).toEqual({ code: 0, isRaw: false });
  });

  test('Ctrl-C ends it as it ends other programs', async () => {
    const terminal = typedKeys();
    const { code } = await meanwhile('watch keys', /INSTANCE/, async () => terminal.type('\u0003'), {
      columns: 80,
      keyboard: terminal.keyboard,
    });
    expect({ code, isRaw: terminal.isRaw() }).toEqual({ code: 130, isRaw: false });
  });

  test('Ctrl-Z leaves the terminal as it was, and what follows is drawn below what the shell has printed', async () => {
    const terminal = typedKeys();
    let [drawn, isRawWhileStopped] = ['', true];
    const keyboard: Keyboard = {
      ...terminal.keyboard,
      suspend: () => {
        isRawWhileStopped = terminal.isRaw();
        process.emit('SIGCONT', 'SIGCONT');
      },
    };
    const onOut = (out: string): void => {
      drawn = out;
    };
    const ended = typed(['watch', 'prod'], { columns: 80, env: { ROLLCALL_URL: server.http }, keyboard, onOut });
    await until('the table', () => drawn.includes('INSTANCE'), { withinMs: 30_000 });
    const before = drawn.length;
    terminal.type('\u001a');
    expect({ isRawWhileStopped, isRaw: terminal.isRaw() }).toEqual({ isRawWhileStopped: false, isRaw: true });
    await until('the next table', () => drawn.length > before, { withinMs: 30_000 });
    expect(backOf.test(drawn.slice(before))).toBe(false);
    terminal.type('q');
    await ended;
  });

  test('prints that nothing is there yet, and waits for it', async () => {
    let isPrinted = false;
    const ended = typed(['watch', 'later/app', '--count', '1'], {
      env: { ROLLCALL_URL: server.http },
      onErr: () => {
        isPrinted = true;
      },
    });
    await until('the note', () => isPrinted, { withinMs: 30_000 });
    await api.register('later/app/l-1', ['http://10.0.0.7:80']);
    expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining('later/app') });
  });

  test('a filter also prints instances that stop matching', async () => {
    const { out } = await meanwhile('watch prod/orders --status up --count 1 -o json', /"synced"/, () =>
      api.patch('prod/orders/orders-1', { status: 'waiting' }),
    );
    await api.patch('prod/orders/orders-1', { status: 'up' });
    expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ event: 'updated', matches: false });
  });

  test.each([
    ['watch a/b/c', 2, 'name an env or an app as ENV or ENV/APPID'],
    ['watch --count none', 2, '--count: "none" is not a whole number above 0'],
    ['watch pr_od', 1, 'pr_od'],
    ['watch --status asleep', 1, 'asleep'],
  ])('%s ends with %i', async (line, wanted, expected) => {
    const { code, out, err } = await typed(line.split(' '), { env: { ROLLCALL_URL: server.http } });
    expect({ code, out }).toEqual({ code: wanted, out: '' });
    expect(err).toContain(expected);
  });

  test.each(['table', 'json', 'yaml'])('as %s lets no control character of the server through', async (form) => {
    const evil = 'a\u001b[2Jb\u009b31m\u202ec\u0007\nd';
    const one = { env: evil, appid: evil, instance: evil, addrs: [evil], status: evil, updatedAt: evil };
    const events = [
      ['snapshot', { env: evil, appid: evil, instances: [one] }],
      ['updated', { ...one, matches: true, text: evil, at: evil, after: one }],
    ].map(([event, data]) => `event: ${event as string}\ndata: ${JSON.stringify(data)}\n\n`);
    const { url, close } = await scriptedHttp(() => ({
      body: `retry: 1\n\n${events.join('')}`,
      headers: { 'content-type': 'text/event-stream' },
    }));
    onTestFinished(close);
    const { code, out } = await typed(['watch', '--count', '1', '--url', url, '--output', form]);
    expect({ code, isSafe: /[^\P{Cc}\n]|\p{Bidi_Control}/u.test(out) }).toEqual({ code: 0, isSafe: false });
    expect(out.split('2Jb').length).toBeGreaterThan(2);
  });

  test('a server that is not there, or is something else, is a failure at once', async () => {
    const unreachable = await typed(['watch', '--url', 'http://127.0.0.1:1']);
    expect(unreachable).toMatchObject({ code: 1, out: '', err: expect.stringContaining('"rollcall serve"') });
    const other = await scriptedHttp(() => ({ body: '<html>', headers: { 'content-type': 'text/html' } }));
    onTestFinished(() => other.close());
    const { code, err } = await typed(['watch', '--url', other.url]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('not a rollcall reply') });
  });

  test('without a token where one is wanted it prints how to give one', async () => {
    const problem = {
      type: 'urn:rollcall:problem:unauthorized',
      title: 'A token is needed',
      detail: 'Cannot let you in.',
    };
    const closed = await scriptedHttp(() => ({ status: 401, body: problem }));
    onTestFinished(() => closed.close());
    const { code, err } = await typed(['watch', '--url', closed.url]);
    expect({ code, err }).toMatchObject({
      code: 1,
      err: expect.stringContaining('ROLLCALL_TOKEN'),
    });
  });
});

describe('events --follow', () => {
  test('goes on with what happens, by the same filters', async () => {
    await api.register('prod/seen/t-1', ['http://10.0.0.7:80']);
    const following = startRollcall(['events', 'prod/seen', '--why', 'cancelled,registered', '--follow'], {
      env: { ROLLCALL_URL: server.http },
    });
    await following.untilOutput(/prod\/seen\/t-1 +registered/);
    await api.patch('prod/seen/t-1', { weight: 3 });
    await api.register('prod/orders/elsewhere', ['http://10.0.0.7:80']);
    await api.cancel('prod/seen/t-1');
    const printed = await following.untilOutput(/cancelled by/);
    expect(
      printed
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ +/)[2]),
    ).toEqual(['registered', 'cancelled']);
    following.child.kill('SIGINT');
    await following.ended;
  });
});
