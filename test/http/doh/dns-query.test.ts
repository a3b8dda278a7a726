// DNS over HTTPS: what goes in and out of /dns-query, who is answered over plain HTTP, and how long replies may be kept.

import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import { leastTtlOf } from '../../../src/dns/message/least-ttl.ts';
import { answerMessage } from '../../../src/dns/server/answer-message.ts';
import type { DnsQueries } from '../../../src/http/doh/dns-query.ts';
import { packet } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { createWorld, problemOf, type World } from '../../kit/http/http-world.ts';
import { Harness, type HarnessOptions } from '../../kit/registry/harness.ts';

const mediaType = 'application/dns-message';

interface DohWorld extends World {
  readonly harness: Harness;
  post(payload: Buffer, headers?: Record<string, string>, more?: InjectOptions): ReturnType<World['call']>;
  get(query: string, more?: InjectOptions): ReturnType<World['call']>;
}

function world(options: HarnessOptions = {}, more: Partial<DnsQueries> = {}, deps = {}): DohWorld {
  const harness = new Harness(options);
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
  const dnsQueries: DnsQueries = {
    answer: (bytes, address) => answerMessage(harness.handler, bytes, { transport: 'https', address }),
    ttlSecondsOf: leastTtlOf,
    isSame: true,
    ...more,
  };
  const http = createWorld({
    deps: { dnsQueries, trustedProxies: ['127.0.0.0/8', 'fd00::/8', '198.51.100.9'], ...deps },
  });
  const inject = (request: InjectOptions) => http.app.inject({ url: '/dns-query', ...request });
  const post = (payload: Buffer, headers = {}, more = {}) =>
    inject({ method: 'POST', payload, headers: { 'content-type': mediaType, ...headers }, ...more });
  const get = (query: string, more = {}) => inject({ method: 'GET', url: `/dns-query?${query}`, ...more });
  return { ...http, harness, post, get };
}

const question = packet({ id: 0, edns: true });
const dnsOf = (bytes: Buffer) => `dns=${bytes.toString('base64url')}`;

describe('a message', () => {
  test('goes in by POST or GET and comes out with its TTL', async () => {
    const { post, get, harness } = world();
    for (const reply of [await post(question), await get(dnsOf(question))]) {
      expect(reply.statusCode).toBe(200);
      expect(reply.headers).toMatchObject({ 'content-type': mediaType, 'cache-control': 'max-age=5' });
      const { id, rcode, answer } = readReply(reply.rawPayload);
      expect({ id, rcode, data: answer.map(({ data }) => data) }).toEqual({
        id: 0,
        rcode: 'NOERROR',
        data: ['10.0.0.1'],
      });
    }
    expect([...harness.counters.queries()]).toEqual([{ transport: 'https', type: 'A', rcode: 'NOERROR', count: 2 }]);
  });

  test.each([
    ['nope.prod.svc.', 'NXDOMAIN', 'max-age=5'],
    ['example.com.', 'REFUSED', 'max-age=0'],
  ])('%s is %s in DNS, and 200', async (name, rcode, cacheControl) => {
    const reply = await world().post(packet({ name, edns: true }));
    expect(reply).toMatchObject({ statusCode: 200, headers: { 'cache-control': cacheControl } });
    expect(readReply(reply.rawPayload).rcode).toBe(rcode);
  });

  test('is whole however long, and padded for who asks for it', async () => {
    const { harness, post } = world();
    for (let i = 0; i < 90; i++) harness.register(`big.prod/i${i}`, { addrs: [`http://10.0.1.${i}:80`] });
    const reply = readReply(
      (await post(packet({ name: 'big.prod.svc.', edns: { options: [{ code: 12 }] } }))).rawPayload,
    );
    expect(reply).toMatchObject({ tc: false, answer: { length: 90 } });
    expect(reply.octets % 468).toBe(0);
  });

  test('max-age is never more than what the lease leaves of the TTL', async () => {
    const { harness, post } = world();
    harness.register('slow.prod/a', { dnsTtl: 60, leaseSeconds: 90 });
    harness.elapse(70_000);
    const { headers } = await post(packet({ name: 'slow.prod.svc.' }));
    expect(Number(/max-age=(\d+)$/.exec(String(headers['cache-control']))?.[1])).toBeLessThanOrEqual(20);
  });

  test('is kept by no shared cache where answers depend on the client', async () => {
    const reply = await world({}, { isSame: false }).get(dnsOf(question));
    expect(reply.headers['cache-control']).toBe('private, max-age=5');
  });

  test('HEAD is GET without a body', async () => {
    const reply = await world().get(dnsOf(question), { method: 'HEAD' });
    expect(reply).toMatchObject({ statusCode: 200, body: '', headers: { 'content-type': mediaType } });
  });
});

describe('what is refused', () => {
  test.each([
    ['no parameter', '', 400],
    ['an empty one', 'dns=', 400],
    ['padding', 'dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB==', 400],
    ['base64 of the other alphabet', 'dns=AA%2FB', 400],
    ['a length that no octets have', 'dns=AAABA', 400],
    ['two of them', `${dnsOf(question)}&${dnsOf(question)}`, 400],
    ['part of a header', dnsOf(question.subarray(0, 11)), 400],
    ['a reply', dnsOf(packet({ flags: 0x8000 })), 400],
  ])('%s in an address', async (_, query, status) => {
    const reply = await world().get(query);
    expect(reply.statusCode).toBe(status);
    expect(problemOf(reply)).toMatchObject({ type: 'urn:rollcall:problem:bad-request' });
  });

  test.each<[string, Buffer, Record<string, string>, number, string]>([
    ['JSON', Buffer.from('{}'), { 'content-type': 'application/json' }, 415, 'unsupported-media-type'],
    ['a message without a type', question, { 'content-type': '' }, 415, 'unsupported-media-type'],
    ['a compressed body', question, { 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
    ['more than DNS has', Buffer.alloc(65_536), {}, 413, 'body-too-large'],
    ['part of a header', question.subarray(0, 11), {}, 400, 'bad-request'],
  ])('%s in a body', async (_, payload, headers, status, kind) => {
    const reply = await world().post(payload, headers);
    expect(problemOf(reply)).toMatchObject({ status, type: `urn:rollcall:problem:${kind}` });
  });

  test('the most that DNS has is read', async () => {
    const reply = await world().post(Buffer.concat([question, Buffer.alloc(65_535 - question.length)]));
    expect(reply.statusCode).toBe(200);
  });

  test.each(['PUT', 'DELETE', 'PATCH'] as const)('%s', async (method) => {
    const reply = await world().post(question, {}, { method });
    expect(problemOf(reply)).toMatchObject({ status: 405, type: 'urn:rollcall:problem:wrong-method' });
    expect(reply.headers['allow']).toBe('GET, HEAD, POST');
  });
});

describe('who asks', () => {
  test.each([
    ['127.0.0.1', 200],
    ['::ffff:127.0.0.1', 200],
    ['fd00::7', 200],
    ['198.51.100.9', 200],
    ['192.0.2.1', 403],
    ['::1', 403],
  ])('over plain HTTP from %s: %i', async (remoteAddress, status) => {
    const reply = await world().post(question, {}, { remoteAddress });
    expect(reply.statusCode).toBe(status);
    if (status === 403) expect(problemOf(reply)).toMatchObject({ type: 'urn:rollcall:problem:tls-needed' });
  });

  test('is the client that the proxy names, for dnsAllow as well', async () => {
    const { post } = world({ access: { allow: ['198.51.100.0/24'], denied: 'refuse' } });
    const rcode = async (from: string) =>
      readReply((await post(question, { 'x-forwarded-for': from })).rawPayload).rcode;
    expect(await rcode('198.51.100.7')).toBe('NOERROR');
    expect(await rcode('203.0.113.7')).toBe('REFUSED');
  });

  test('where no reply is due there is none', async () => {
    const { post } = world({ access: { allow: ['198.51.100.0/24'], denied: 'drop' } });
    const reply = await post(question);
    expect(problemOf(reply)).toMatchObject({ status: 503, type: 'urn:rollcall:problem:not-ready' });
    expect(reply.headers['retry-after']).toBe('1');
  });

  test('needs no token; every other call does', async () => {
    const tokens = [{ name: 'ci', token: '0123456789abcdef' }];
    const { post, get, call } = world({}, {}, { tokens });
    expect((await post(question)).statusCode).toBe(200);
    expect((await get(dnsOf(question))).statusCode).toBe(200);
    expect((await call('GET', '/apps')).statusCode).toBe(401);
  });

  test('a page of another site is refused over plain HTTP', async () => {
    const reply = await world().post(question, { origin: 'https://evil.example' });
    expect(problemOf(reply)).toMatchObject({ status: 403, type: 'urn:rollcall:problem:foreign-origin' });
  });
});

test('without DNS behind it there is no such call', async () => {
  const { app } = createWorld();
  expect((await app.inject({ method: 'POST', url: '/dns-query', payload: question })).statusCode).toBe(404);
});
