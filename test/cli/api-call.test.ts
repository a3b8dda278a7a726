// Calls to a server that needs a token, speaks oddly, or means harm.

import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { typed } from '../kit/cli/cli-world.ts';
import { type ScriptedHttp, type ScriptedReply, scriptedHttp } from '../kit/http/scripted-http.ts';

async function serverThat(script: (path: string) => ScriptedReply): Promise<ScriptedHttp> {
  const server = await scriptedHttp(script);
  onTestFinished(() => server.close());
  return server;
}

const nothing = { body: { revision: 1, apps: [] } };
const secret = 'correct-horse-battery';

test.each([
  ['ROLLCALL_TOKEN', { env: { ROLLCALL_TOKEN: secret } }, []],
  ['a file with the token', { files: { token: `${secret}\n` } }, ['--token-file', 'token']],
  [
    "the server's own token file",
    { files: { t: `# ours\nops ${secret}\nci other-secret-0123\n` } },
    ['--token-file', 't'],
  ],
  ['ROLLCALL_TOKEN_FILE', { env: { ROLLCALL_TOKEN_FILE: 't' }, files: { t: `ops=${secret}` } }, []],
])('the token comes from %s', async (_where, world, flags) => {
  const { url, asked } = await serverThat(() => nothing);
  expect((await typed(['ls', '--url', url, ...flags], world)).code).toBe(0);
  expect(asked[0]?.headers.authorization).toBe(`Bearer ${secret}`);
});

test.each([
  [{ ROLLCALL_TOKEN: 'two words' }, [], 'ROLLCALL_TOKEN: holds no token'],
  [{}, ['--token-file', 'none'], '--token-file: cannot read "none": there is no such file'],
  [{ ROLLCALL_URL: 'localhost:7171' }, [], 'ROLLCALL_URL: "localhost:7171" is not an http or https URL'],
  [{}, ['--url', 'http://127.0.0.1:7171/api'], 'is not where the API begins; write http://127.0.0.1:7171'],
  [{}, ['--url', `http://me:${secret}@127.0.0.1`], 'put the token into ROLLCALL_TOKEN'],
])('%j %j is wrong usage', async (env, flags, expected) => {
  const { code, out, err } = await typed(['ls', ...flags], { env });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(expected);
  expect(err).not.toContain(secret);
});

test.each(['', '/', '/rollcall', '/a/rollcall/'])('behind a proxy the API begins at its prefix: %j', async (prefix) => {
  const { url, asked } = await serverThat(() => nothing);
  const { code } = await typed(['ls'], { env: { ROLLCALL_URL: `${url}${prefix}` } });
  expect(code).toBe(0);
  expect(asked[0]?.path).toMatch(new RegExp(`^${prefix.replace(/\/$/, '')}/api/v1/`));
});

test('no flag takes a token: the arguments of a process are for all to see', async () => {
  for (const command of [
    'ls',
    'show',
    'register',
    'run',
    'cancel',
    'drain',
    'watch',
    'events',
    'restore',
    'guard',
    'resolve',
    'doctor',
  ]) {
    const { out } = await typed([command, '--help']);
    expect(out).toContain('--token-file');
    expect(out).not.toMatch(/--tokens?\b(?!-file)/);
  }
});

test('register prints the token file in the renew command where the token came from a file', async () => {
  const renewWith = 'curl -fsS -X PUT -H "authorization: Bearer $ROLLCALL_TOKEN" http://x';
  const { url } = await serverThat(() => ({ body: { renewWith } }));
  const line = ['register', 'prod/orders/x', '--addr', 'http://10.0.0.1:80', '--url', url];
  const fromFile = await typed([...line, '--token-file', 't'], { files: { t: secret } });
  expect(fromFile.out).toMatch(/\n {2}curl .*\nROLLCALL_TOKEN has to hold the token then: export ROLLCALL_TOKEN=/);
  const fromVariable = await typed(line, { env: { ROLLCALL_TOKEN: secret } });
  expect(fromVariable.out).toContain('$ROLLCALL_TOKEN');
  expect(fromVariable.out).not.toContain('has to hold');
});

test('a missing token is reported with the way to give one', async () => {
  const problem = {
    type: 'urn:rollcall:problem:unauthorized',
    title: 'A token is needed',
    detail: 'Cannot let you in.',
  };
  const { url } = await serverThat(() => ({ status: 401, body: problem }));
  const { code, err } = await typed(['ls', '--url', url]);
  expect({ code, err }).toEqual({
    code: 1,
    err: 'Cannot let you in. Put the token into ROLLCALL_TOKEN, or name its file with --token-file.\n',
  });
});

test.each([
  ['urn:rollcall:problem:unknown-instance', 4],
  ['urn:rollcall:problem:unknown-route', 1],
  ['about:blank', 1],
])('a 404 of type %s ends with %i', async (type, code) => {
  const { url } = await serverThat(() => ({ status: 404, body: { type, title: 'Not found', status: 404 } }));
  expect(await typed(['show', 'prod/orders/x', '--url', url])).toMatchObject({ code, out: '' });
});

test('an instance called .. is asked for by that name', async () => {
  const { url, asked } = await serverThat(() => ({ body: { instance: '..' } }));
  await typed(['show', 'prod/orders/..', '--url', url]);
  expect(asked[0]?.path).toBe('/api/v1/apps/prod/orders/..');
});

test('all errors of a problem document are printed', async () => {
  const errors = [
    { field: 'env', message: 'is empty' },
    { field: 'appid', message: 'is odd', value: 'x' },
  ];
  const { url } = await serverThat(() => ({
    status: 400,
    body: { type: 'urn:rollcall:problem:invalid-request', detail: 'Cannot: 2 problems', errors },
  }));
  expect((await typed(['ls', '--url', url])).err).toBe(
    'Cannot: 2 problems\n  env is empty\n  appid is odd, received x\n',
  );
});

test.each([
  ['a page of something else', { status: 200, body: '<html>' }, /status 200/],
  ['an error without a document', { status: 502, body: 'Bad Gateway' }, /status 502/],
  ['a redirect', { status: 302, body: '{}', headers: { location: 'http://127.0.0.1:1/' } }, /status 302/],
])('%s is a failure', async (_what, reply, expected) => {
  const { url } = await serverThat(() => reply);
  const { code, out, err } = await typed(['ls', '--url', url]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(expected);
});

test('pages are followed to the end', async () => {
  const { url, asked } = await serverThat((path) =>
    path.includes('after=')
      ? { body: { revision: 2, apps: [{ env: 'b', appid: 'y' }] } }
      : { body: { revision: 2, apps: [{ env: 'a', appid: 'x' }], next: 'a/x' } },
  );
  const { out } = await typed(['ls', '--url', url, '-o', 'json']);
  expect(JSON.parse(out)).toEqual({
    revision: 2,
    apps: [
      { env: 'a', appid: 'x' },
      { env: 'b', appid: 'y' },
    ],
  });
  expect(asked.map(({ path }) => path)).toEqual(['/api/v1/apps?limit=1000', '/api/v1/apps?limit=1000&after=a%2Fx']);
});

const evil = 'a\u001b[2Jb\u009b31m\u202ec\u0007\nd';

test.each([
  ['ls', []],
  ['show', ['prod/orders']],
  ['show', ['prod/orders/x']],
  ['register', ['prod/orders/x', '--addr', 'http://10.0.0.1:80']],
  ['cancel', ['prod/orders/x']],
  ['drain', ['prod/orders/x']],
  ['up', ['prod/orders/x']],
  ['events', []],
  ['restore', ['--from', '-1h']],
  ['guard', []],
])('%s %j lets no control character of the server through, in any form', async (command, args) => {
  const document = {
    env: evil,
    appid: evil,
    apps: [{ env: evil, appid: evil }],
    instances: [{ instance: evil, tags: [evil] }],
    events: [{ instance: evil, text: evil, changed: [evil] }],
    restored: [{ instance: evil, why: evil, at: evil }],
    evictionBudget: { perMinute: evil },
    reason: evil,
  };
  const more = { metadata: { [evil]: evil }, dnsNames: [evil], renewWith: evil, safeToStopAt: evil, outcome: evil };
  const { url } = await serverThat(() => ({ body: { ...document, ...more } }));
  for (const form of ['table', 'json', 'yaml']) {
    for (const columns of [undefined, 200]) {
      const world = { env: { NO_COLOR: '1' }, ...(columns === undefined ? {} : { columns }) };
      const { code, out } = await typed([command, ...args, '--url', url, '--output', form], world);
      expect(code).toBe(0);
      expect(out).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
      if (form === 'json') expect(JSON.parse(out)).toMatchObject(command === 'ls' ? { apps: [{ env: evil }] } : {});
      if (form === 'yaml' && command === 'ls') expect(parse(out)).toMatchObject({ apps: [{ env: evil }] });
    }
  }
  const refusing = await serverThat(() => ({
    status: 400,
    body: { type: `urn:rollcall:problem:${evil}`, detail: evil, errors: [{ field: evil, message: evil }, {}] },
  }));
  const { err } = await typed([command, ...args, '--url', refusing.url]);
  expect(err).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  expect(err).toContain(String.raw`\x1b`);
});
