// Entries of the token file in use: expired, revoked, rotated, limited in number, and too many wrong ones.

import { afterEach, describe, expect, test } from 'vitest';
import { credentialsOf } from '../../../src/config/credential-file.ts';
import { Credentials } from '../../../src/http/auth/credentials.ts';
import type { Right } from '../../../src/model/principal.ts';
import { bearer, credentialWorld, entry, secretOf, TokenFile } from '../../kit/http/credential-world.ts';
import { createWorld, type World } from '../../kit/http/http-world.ts';

const reader = '{ rights: [read] }';
const writer = '{ rights: [read, register], env: prod }';
const at = (wallMs: number): string => new Date(wallMs).toISOString();
const body = { addrs: ['http://10.0.0.7:1'] };

describe('an entry', () => {
  test('counts until it expires', async () => {
    const { clock } = createWorld();
    const text = entry('temp', reader, `, expires: '${at(clock.wallMs() + 60_000)}'`);
    const world = credentialWorld(text);
    expect((await world.call('GET', '/apps', undefined, bearer('temp'))).statusCode).toBe(200);
    expect((await world.call('GET', '/whoami', undefined, bearer('temp'))).json()).toMatchObject({
      name: 'temp',
      expiresAt: at(clock.wallMs() + 60_000),
    });
    world.clock.advance(60_000);
    const late = await world.call('GET', '/apps', undefined, bearer('temp'));
    expect(late.statusCode).toBe(401);
    expect(late.headers['www-authenticate']).toContain('invalid_token');
    expect(late.json()).toMatchObject({ type: 'urn:rollcall:problem:unauthorized' });
  });

  test('that is taken out of the file counts no longer', async () => {
    const world = credentialWorld(entry('old', reader) + entry('other', reader));
    expect((await world.call('GET', '/apps', undefined, bearer('old'))).statusCode).toBe(200);
    world.file.write(entry('other', reader));
    expect((await world.call('GET', '/apps', undefined, bearer('old'))).statusCode).toBe(401);
    expect((await world.call('GET', '/apps', undefined, bearer('other'))).statusCode).toBe(200);
  });

  test('with other rights has them from then on', async () => {
    const world = credentialWorld(entry('ci', reader));
    expect((await world.call('PUT', '/apps/prod/orders/a1', body, bearer('ci'))).statusCode).toBe(403);
    world.file.write(entry('ci', writer));
    expect((await world.call('PUT', '/apps/prod/orders/a1', body, bearer('ci'))).statusCode).toBe(201);
  });

  test('takes the secret before its own until its time', async () => {
    const { clock } = createWorld();
    const previous = `, previous: { token: ${secretOf('before')}, until: '${at(clock.wallMs() + 1000)}' }`;
    const world = credentialWorld(entry('ci', reader, previous));
    const whoami = async (name: string) => (await world.call('GET', '/whoami', undefined, bearer(name))).json();
    expect(await whoami('ci')).toMatchObject({ name: 'ci', expiresAt: null });
    expect(await whoami('before')).toMatchObject({ name: 'ci', expiresAt: at(clock.wallMs() + 1000) });
    world.clock.advance(1000);
    expect(await whoami('before')).toMatchObject({ status: 401 });
    expect(await whoami('ci')).toMatchObject({ name: 'ci' });
  });

  test('may be its SHA-256 alone', async () => {
    const [one] = credentialsOf([{ name: 'x', token: secretOf('hashed') }]);
    const digest = one?.proof.kind === 'secret' ? one.proof.secrets[0]?.sha256 : '';
    const world = credentialWorld(`- { name: hashed, sha256: '${digest}', allow: [${reader}] }\n`);
    expect((await world.call('GET', '/apps', undefined, bearer('hashed'))).statusCode).toBe(200);
  });
});

describe('instancesMax', () => {
  const text = entry('small', writer, ', instancesMax: 2') + entry('big', writer);
  const put = (world: World, name: string, who: string) =>
    world.call('PUT', `/apps/prod/orders/${name}`, body, bearer(who));

  test('refuses one more, names the entry, and takes those that are there again', async () => {
    const world = credentialWorld(text);
    expect((await put(world, 'a1', 'small')).statusCode).toBe(201);
    expect((await put(world, 'a2', 'small')).statusCode).toBe(201);
    const third = await put(world, 'a3', 'small');
    expect(third.statusCode).toBe(429);
    expect(third.headers['retry-after']).toBeDefined();
    expect(third.json()).toMatchObject({ type: 'urn:rollcall:problem:quota', entry: 'small', instancesMax: 2 });
    expect((await put(world, 'a2', 'small')).statusCode).toBe(200);
    expect((await put(world, 'a3', 'big')).statusCode).toBe(201);
  });

  test('has room again for what was cancelled, evicted, or taken over by another', async () => {
    const world = credentialWorld(text);
    for (const name of ['a1', 'a2']) await put(world, name, 'small');
    await world.call('DELETE', '/apps/prod/orders/a1', undefined, bearer('small'));
    expect((await put(world, 'a3', 'small')).statusCode).toBe(201);
    expect((await put(world, 'a2', 'big')).statusCode).toBe(200);
    expect((await put(world, 'a4', 'small')).statusCode).toBe(201);
    expect((await put(world, 'a5', 'small')).statusCode).toBe(429);
    await world.call('DELETE', '/apps/prod/orders/a4', undefined, bearer('big'));
    expect((await put(world, 'a5', 'small')).statusCode).toBe(201);
  });

  test('counts an instance for the entry that registered it, whichever renews or changes it, and returns the number', async () => {
    const world = credentialWorld(text);
    for (const name of ['a1', 'a2']) await put(world, name, 'small');
    for (const name of ['a1', 'a2'])
      await world.call('PUT', `/apps/prod/orders/${name}/renew`, undefined, bearer('big'));
    await world.call('PATCH', '/apps/prod/orders/a1', { weight: 3 }, bearer('big'));
    expect((await put(world, 'a3', 'small')).statusCode).toBe(429);
    const whoami = await world.call('GET', '/whoami', undefined, bearer('small'));
    expect(whoami.json()).toMatchObject({ instancesMax: 2, instances: 2 });
  });
});

describe('wrong credentials', () => {
  const wrong = (world: World, remoteAddress: string, token = 'wrong-wrong-wrong') =>
    world.app.inject({ url: '/api/v1/apps', remoteAddress, headers: { authorization: `Bearer ${token}` } });

  test('of one client are limited, and answered 429 with the time to wait', async () => {
    const world = credentialWorld(entry('late', reader) + entry('known', reader));
    expect((await wrong(world, '10.0.0.1', secretOf('known'))).statusCode).toBe(200);
    for (let time = 0; time < 20; time++)
      expect((await wrong(world, '10.0.0.1', `wrong-${time}-wrong`)).statusCode).toBe(401);
    const limited = await wrong(world, '10.0.0.1');
    expect(limited.statusCode).toBe(429);
    expect(limited.json()).toMatchObject({ type: 'urn:rollcall:problem:wrong-credentials' });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    // A right guess gets the same reply as a wrong one; clients known before go on.
    expect((await wrong(world, '10.0.0.1', secretOf('late'))).statusCode).toBe(429);
    expect((await wrong(world, '10.0.0.1', secretOf('known'))).statusCode).toBe(200);
    expect((await wrong(world, '10.0.0.2', secretOf('late'))).statusCode).toBe(200);
    world.clock.advance(60_000);
    expect((await wrong(world, '10.0.0.1')).statusCode).toBe(401);
  });

  test('are in the record of refusals without the secret', async () => {
    const world = credentialWorld(entry('ops', '{ rights: [operate] }'));
    await wrong(world, '10.0.0.9');
    const reply = await world.call('GET', '/refusals', undefined, bearer('ops'));
    expect(reply.json()).toMatchObject({ refusals: [{ reason: 'credentials', address: '10.0.0.9', count: 1 }] });
    expect(reply.body + JSON.stringify(world.log)).not.toContain('wrong-wrong');
  });
});

describe('anonymous callers', () => {
  test('may read where the setting allows it, and are asked for credentials for the rest', async () => {
    const world = credentialWorld(entry('ci', writer), { deps: { anonymousRights: ['read'] } });
    expect((await world.call('GET', '/apps')).statusCode).toBe(200);
    const reply = await world.call('PUT', '/apps/prod/orders/a1', body);
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toContain('Bearer');
    expect((await world.app.inject('/metrics')).statusCode).toBe(401);
    // Wrong credentials are not better than none.
    expect((await world.call('GET', '/apps', undefined, bearer('nobody'))).statusCode).toBe(401);
  });

  test('of a server without credentials may do all, or what the setting allows', async () => {
    expect((await createWorld().register('prod/orders/a1')).statusCode).toBe(201);
    const readOnly = createWorld({ deps: { anonymousRights: ['read'] } });
    expect((await readOnly.call('GET', '/apps')).statusCode).toBe(200);
    expect((await readOnly.register('prod/orders/a1')).statusCode).toBe(403);
  });
});

describe('what is open when credentials end', () => {
  const worlds: World[] = [];
  afterEach(async () => {
    for (const { app } of worlds.splice(0)) await app.close();
  });

  async function opened(text: string, path: string, name: string) {
    const world = credentialWorld(text, { realTimers: true });
    worlds.push(world);
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.app.server.address() as { port: number };
    const reply = fetch(`http://127.0.0.1:${port}/api/v1${path}`, { headers: bearer(name) });
    return { world, reply };
  }

  test('a watch ends when its entry has gone', async () => {
    const { world, reply } = await opened(entry('a', reader) + entry('b', reader), '/watch', 'a');
    const { body: stream, status } = await reply;
    expect(status).toBe(200);
    world.file.write(entry('b', reader));
    await new Response(stream).text().catch(() => '');
    await expect.poll(() => world.watchers.count).toBe(0);
  });

  test('a long poll ends when its entry expires', async () => {
    const { clock } = createWorld();
    const text = entry('a', reader, `, expires: '${at(clock.wallMs() + 5000)}'`);
    const { world, reply } = await opened(text, '/apps/prod/orders?wait=5m', 'a');
    await expect.poll(() => world.longPolls.waiting).toBe(1);
    world.clock.advance(5000);
    await expect(reply).rejects.toThrow();
    await expect.poll(() => world.longPolls.waiting).toBe(0);
  });

  test.each([
    ['a drain', 'POST', '/drain'],
    ['a cancellation', 'DELETE', ''],
  ])('%s that waits is answered when its entry expires', async (_what, method, path) => {
    const { clock } = createWorld();
    const rights = '{ rights: [register] }';
    const text = entry('a', rights, `, expires: '${at(clock.wallMs() + 5000)}'`);
    const answersHeld = () => ({ heldUntilMs: clock.monotonicMs() + 3_600_000, lastServedMs: 0 });
    const world = credentialWorld(text, { answersHeld, realTimers: true });
    worlds.push(world);
    const place = '/apps/prod/orders/a1';
    await world.call('PUT', place, body, bearer('a'));
    const reply = world.call(method, `${place}${path}?wait=5m`, undefined, bearer('a'));
    await expect.poll(() => world.drainWaits.waiting).toBe(1);
    world.clock.advance(5000);
    world.file.write(text);
    expect((await reply).statusCode).toBe(200);
    expect((await reply).json()).toMatchObject({ instance: 'a1', safe: false });
    expect([world.drainWaits.waiting, world.longPolls.waiting]).toEqual([0, 0]);
  });

  test('a watch of an entry that stays the same goes on', async () => {
    const { world, reply } = await opened(entry('a', reader), '/watch?app=prod/orders', 'a');
    await reply;
    world.file.write(entry('b', reader) + entry('a', reader));
    expect(world.watchers.count).toBe(1);
  });
});

describe('a client certificate', () => {
  const listed = `${entry('ci', reader)}- { name: ops, certificate: ops.example, allow: [{ rights: [operate] }] }\n`;
  const of = (text: string, anonymousRights: readonly Right[] = []) => {
    const source = new TokenFile(text);
    return { source, credentials: new Credentials({ tokens: [], source, anonymousRights, wallMs: () => 0 }) };
  };

  test('has the rights of the entry that names it', () => {
    const principal = of(listed).credentials.byCertificate('ops.example');
    expect(principal).toMatchObject({ kind: 'certificate', name: 'ops.example' });
    expect(principal.may('operate')).toBe(true);
    expect(principal.may('read')).toBe(false);
  });

  test('that no entry names has the rights of anonymous callers, all with a file of the old form', () => {
    expect(of(listed).credentials.byCertificate('other').grants).toEqual([]);
    expect(of(listed, ['read']).credentials.byCertificate('other').may('read')).toBe(true);
    expect(
      of(`ci ${secretOf('ci')}`)
        .credentials.byCertificate('other')
        .may('admin'),
    ).toBe(true);
  });

  test('loses all rights when the file begins to list those that count', () => {
    const { source, credentials } = of(`ci ${secretOf('ci')}`);
    const principal = credentials.byCertificate('other');
    source.write(listed);
    expect(principal.isOver(0)).toBe(true);
    expect(credentials.byCertificate('other').grants).toEqual([]);
  });
});
