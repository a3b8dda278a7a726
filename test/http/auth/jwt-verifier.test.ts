// JWTs as credentials: what is taken, what is refused and why, and an issuer that is away.

import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { type CredentialWorld, credentialWorld } from '../../kit/http/credential-world.ts';
import { createWorld } from '../../kit/http/http-world.ts';
import { Issuer } from '../../kit/http/issuer.ts';

const issuerName = 'https://issuer.example';

const file = (more = '') => `
- name: orders
  jwt:
    issuer: ${issuerName}
    audience: rollcall
    jwks: https://issuer.example/jwks
    algorithms: [ES256]
    toleranceSeconds: 10
    claims: { sub: 'system:serviceaccount:prod:*' }
  allow: [{ rights: [read, register], env: prod, app: orders }]${more}
- name: admins
  jwt:
    issuer: ${issuerName}
    audience: [rollcall, other]
    jwks: https://issuer.example/jwks
    algorithms: [ES256]
    toleranceSeconds: 10
    claims: { groups: admins, kubernetes.io/namespace: '*' }
  allow: [{ rights: [admin] }]
`;

let issuer: Issuer;
let world: CredentialWorld;

beforeEach(async () => {
  // The clock of the issuer is the world's.
  const { clock } = createWorld();
  let wallMs = () => clock.wallMs();
  issuer = await Issuer.open(issuerName, () => wallMs());
  world = credentialWorld(file(), { deps: { readKeys: issuer.read } });
  wallMs = () => world.clock.wallMs();
});

async function whoami(token: string, address = '10.0.0.1') {
  const headers = { authorization: `Bearer ${token}` };
  return world.app.inject({ url: '/api/v1/whoami', headers, remoteAddress: address });
}

/** 401, and the words of the reason. */
async function refusal(token: string): Promise<string> {
  const reply = await whoami(token);
  expect(reply.statusCode).toBe(401);
  expect(reply.body).not.toContain(token.slice(0, 20));
  return (reply.json() as { detail: string }).detail;
}

/** 503: the token cannot be checked at present. */
async function unavailable(token: string): Promise<void> {
  const reply = await whoami(token);
  expect(reply.statusCode).toBe(503);
  expect(reply.headers['retry-after']).toBeDefined();
  expect(reply.json()).toMatchObject({ type: 'urn:rollcall:problem:issuer-away' });
}

describe('a token', () => {
  test('has the rights of the first entry that it fits, and a name with its subject', async () => {
    const reply = await whoami(await issuer.token());
    expect(reply.json()).toMatchObject({
      kind: 'jwt',
      name: 'orders/system:serviceaccount:prod:orders',
      allow: [{ rights: ['read', 'register'], env: 'prod', app: 'orders' }],
    });
    const admin = { sub: 'me', aud: ['x', 'other'], groups: ['dev', 'admins'], 'kubernetes.io': { namespace: 'x' } };
    expect((await whoami(await issuer.token(admin))).json()).toMatchObject({ allow: [{ rights: ['admin'] }] });
  });

  test('registers and renews, and is in the record by its name', async () => {
    const headers = { authorization: `Bearer ${await issuer.token()}` };
    const put = await world.call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:1'] }, headers);
    expect(put.statusCode).toBe(201);
    expect((await world.call('PUT', '/apps/prod/orders/a1/renew', undefined, headers)).statusCode).toBe(200);
    expect((await world.call('PUT', '/apps/prod/pay/a1', { addrs: ['http://10.0.0.7:1'] }, headers)).statusCode).toBe(
      403,
    );
    const events = await world.call('GET', '/events?app=prod/orders', undefined, headers);
    expect(events.json()).toMatchObject({ events: [{ by: { jwt: 'orders/system:serviceaccount:prod:orders' } }] });
    expect(issuer.reads).toBe(1);
  });

  test('counts until it expires, with the tolerance of its entry', async () => {
    const token = await issuer.token({}, 60);
    expect((await whoami(token)).statusCode).toBe(200);
    world.clock.advance(69_000);
    expect((await whoami(token)).statusCode).toBe(200);
    world.clock.advance(1000);
    expect(await refusal(token)).toContain('expired');
  });

  test('of an entry that has gone counts no longer, though it was checked before', async () => {
    const token = await issuer.token();
    expect((await whoami(token)).statusCode).toBe(200);
    world.file.write(file().replace('prod:*', 'qa:*'));
    expect(await refusal(token)).toContain('claims');
  });
});

describe('is refused', () => {
  test.each<[what: string, claims: Record<string, unknown>, why: string]>([
    ['for another audience', { aud: 'someone-else' }, 'audience'],
    ['without an audience', { aud: undefined }, 'audience'],
    ['of another issuer', { iss: 'https://evil.example' }, 'issuer'],
    ['with other claims', { sub: 'system:serviceaccount:dev:orders' }, 'claims'],
    ['without an expiry', { exp: undefined }, 'exp'],
    ['that has expired', { exp: 1 }, 'expired'],
    ['that does not count yet', { nbf: 9_999_999_999 }, 'not count yet'],
    ['with claims of the prototype', { sub: undefined, constructor: 'x' }, 'claims'],
  ])('one %s', async (_what, claims, why) => {
    expect(await refusal(await issuer.token(claims))).toContain(why);
  });

  test('one with the algorithm none', async () => {
    const now = Math.floor(world.clock.wallMs() / 1000);
    const payload = { iss: issuerName, aud: 'rollcall', sub: 'system:serviceaccount:prod:orders', exp: now + 60 };
    await refusal(new UnsecuredJWT(payload).encode());
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    const body = Buffer.from(JSON.stringify(payload)).toString('base64url');
    expect(await refusal(`${header}.${body}.x`)).toContain('algorithm');
  });

  test('one that is signed with a public key as a shared secret', async () => {
    const secret = Buffer.from(JSON.stringify(issuer.publicKeys[0]));
    const now = Math.floor(world.clock.wallMs() / 1000);
    const token = await new SignJWT({
      iss: issuerName,
      aud: 'rollcall',
      sub: 'system:serviceaccount:prod:x',
      exp: now + 60,
    })
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(secret);
    expect(await refusal(token)).toContain('algorithm');
  });

  test('one that was changed', async () => {
    const [header = '', payload = '', signature = ''] = (await issuer.token()).split('.');
    const other = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const changed = Buffer.from(JSON.stringify({ ...other, sub: 'system:serviceaccount:prod:root' })).toString(
      'base64url',
    );
    expect(await refusal(`${header}.${changed}.${signature}`)).toContain('signature');
  });

  test('one that is longer than any', async () => {
    expect(await refusal(await issuer.token({ padding: 'x'.repeat(9000) }))).toContain('8192');
  });

  test('one of a key that the issuer does not show', async () => {
    const stranger = await Issuer.open(issuerName, () => world.clock.wallMs());
    await stranger.rotate();
    await whoami(await issuer.token());
    expect(await refusal(await stranger.token())).toContain('key');
  });
});

describe('the keys', () => {
  test('are read again when a token names a new one, but not more often than every half minute', async () => {
    await whoami(await issuer.token());
    await issuer.rotate();
    expect(await refusal(await issuer.token())).toContain('key');
    expect(issuer.reads).toBe(1);
    world.clock.advance(30_000);
    expect((await whoami(await issuer.token())).statusCode).toBe(200);
    expect(issuer.reads).toBe(2);
  });

  test('stay while the issuer is away', async () => {
    await whoami(await issuer.token({}, 7200));
    issuer.isAway = true;
    world.clock.advance(3_600_000);
    const late = await issuer.token({ jti: '2' });
    expect((await whoami(late)).statusCode).toBe(200);
    await expect.poll(() => issuer.reads).toBe(2);
    expect((await whoami(await issuer.token({ jti: '3' }))).statusCode).toBe(200);
    expect(world.log.filter(({ problem }) => problem === 'connection refused')).toHaveLength(1);
  });

  test('that could never be read let no token in, are tried again, and hold nothing against the caller', async () => {
    issuer.isAway = true;
    // More than wrong credentials would be looked at.
    for (let count = 0; count < 30; count++) await unavailable(await issuer.token());
    expect(issuer.reads).toBe(1);
    issuer.isAway = false;
    await unavailable(await issuer.token());
    world.clock.advance(30_000);
    expect((await whoami(await issuer.token())).statusCode).toBe(200);
  });

  test.each<[what: string, text: string, problem: string]>([
    ['a page', '<!doctype html><title>Sign in</title>', 'not JSON'],
    ['nothing', '', 'not JSON'],
    ['null', 'null', 'no list'],
    ['no list', '{"keys":{}}', 'no list'],
    ['no key', '{"keys":[]}', 'no public key'],
    ['a shared key alone', '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"key-1"}]}', 'no public key'],
    ['what is no key', '{"keys":[null,1,"x",{}]}', 'no public key'],
  ])('that are %s: those before stay', async (_what, text, problem) => {
    await whoami(await issuer.token({}, 7200));
    issuer.answer = text;
    world.clock.advance(600_000);
    for (const jti of ['1', '2', '3']) {
      expect((await whoami(await issuer.token({ jti }, 7200))).statusCode).toBe(200);
      await expect.poll(() => issuer.reads).toBe(2);
    }
    expect(
      world.log.map((line) => JSON.stringify(line['problem'] ?? '')).filter((one) => one.includes(problem)),
    ).toHaveLength(1);
    expect(JSON.stringify(world.log)).not.toContain('doctype');
    issuer.answer = undefined;
    world.clock.advance(30_000);
    expect((await whoami(await issuer.token({ jti: '4' }, 7200))).statusCode).toBe(200);
    await expect.poll(() => world.log.some(({ msg }) => String(msg).includes('can be read again'))).toBe(true);
  });

  test('of which one is broken let tokens of the others in', async () => {
    const broken = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'broken', alg: 'ES256' };
    issuer.answer = JSON.stringify({ keys: [broken, ...issuer.publicKeys] });
    expect((await whoami(await issuer.token())).statusCode).toBe(200);
    const [, payload = '', signature = ''] = (await issuer.token()).split('.');
    const header = Buffer.from('{"alg":"ES256","kid":"broken"}').toString('base64url');
    await refusal(`${header}.${payload}.${signature}`);
  });

  test('that are new while the issuer is away: the token cannot be checked, and those of known keys are let in', async () => {
    const [before] = [await issuer.token({}, 7200), await whoami(await issuer.token({}, 7200))];
    await issuer.rotate();
    issuer.isAway = true;
    world.clock.advance(30_000);
    await unavailable(await issuer.token());
    expect((await whoami(before)).statusCode).toBe(200);
    issuer.isAway = false;
    world.clock.advance(30_000);
    expect((await whoami(await issuer.token())).statusCode).toBe(200);
  });

  test('are read once at a time, however many tokens wait for them', async () => {
    const tokens = await Promise.all([...'abcdefgh'].map((jti) => issuer.token({ jti })));
    issuer.isHanging = true;
    const replies = Promise.all(tokens.map((token) => whoami(token)));
    await expect.poll(() => issuer.reads).toBe(1);
    issuer.isHanging = false;
    issuer.release();
    expect((await replies).map(({ statusCode }) => statusCode)).toEqual(tokens.map(() => 200));
    expect(issuer.reads).toBe(1);
  });
});
