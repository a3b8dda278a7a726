// resolve against a running server, a dead one, and one that lies.

import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type CommandResult, typed } from '../../kit/cli/cli-world.ts';
import { ApiClient } from '../../kit/http/api-client.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';

let server: ServerProcess;
let api: ApiClient;

const resolve = (words: string, flags: readonly string[] = []): Promise<CommandResult> =>
  typed(['resolve', ...words.split(' '), '--server', `127.0.0.1:${server.dnsPort}`, '--url', server.http, ...flags]);

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
  const addrs = ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'];
  await api.register('prod/orders/orders-1', addrs, { metadata: { say: '"hi" \\o/' } });
  const many = Array.from({ length: 90 }, (_, index) =>
    api.register(`prod/many/m-${index}`, [`http://10.1.0.${index}:80`]),
  );
  await Promise.all(many);
});

afterAll(async () => {
  api.close();
  await server.stop();
});

test.each([
  ['orders.prod.svc', 0, 'NOERROR', /^ {2}orders\.prod\.svc\. {2}5 {2}A {2}10\.0\.0\.7$/m],
  ['orders.prod.svc. AAAA', 0, 'NOERROR', /AAAA {2}2001:db8::7$/m],
  ['_http._tcp.orders.prod.svc srv', 0, 'NOERROR', /SRV {2}0 10 8080 http\.orders-1\.orders\.prod\.svc\.$/m],
  ['orders-1.orders.prod.svc TXT', 0, 'NOERROR', /"say=\\"hi\\" \\\\o\/"/],
  [
    'orders.prod.svc SVCB',
    0,
    'NOERROR',
    /SVCB {2}1 http\.orders-1\.orders\.prod\.svc\. port=8080 ipv4hint=10\.0\.0\.7$/m,
  ],
  ['orders.prod.svc TYPE64', 0, 'NOERROR', /ipv4hint=10\.0\.0\.7/],
  ['svc SOA', 0, 'NOERROR', /SOA {2}ns\.svc\. hostmaster\.svc\. \d+ /],
  ['svc NS', 0, 'NOERROR', /NS {2}ns\.svc\.$/m],
  ['_http._tcp.prod.svc PTR', 0, 'NOERROR', /PTR {2}\S*orders-1\S*_http\._tcp\.prod\.svc\.$/m],
  ['orders.prod.svc MX', 3, 'NOERROR without data (NODATA)', /^AUTHORITY\n {2}svc\. {2}5 {2}SOA/m],
  ['order.prod.svc', 4, 'NXDOMAIN', /^Why: .*orders/m],
  ['example.org', 1, 'REFUSED', /^flags qr rd/m],
])('%s exits %i and prints %s', async (words, wanted, verdict, expected) => {
  const { code, out, err } = await resolve(words);
  expect({ code, err }).toEqual({ code: wanted, err: '' });
  expect(out.split('\n')[0]).toMatch(new RegExp(`: ${verdict.replaceAll(/[()]/g, '\\$&')}$`));
  expect(out).toMatch(expected);
});

test('a cut reply is asked for again over TCP, and --tcp begins there', async () => {
  const cut = JSON.parse((await resolve('many.prod.svc', ['-o', 'json'])).out) as {
    transport: string;
    answer: unknown[];
  };
  expect({ transport: cut.transport, records: cut.answer.length }).toEqual({ transport: 'TCP', records: 90 });
  expect((await resolve('orders.prod.svc', ['--tcp'])).out).toContain('over TCP');
});

test('JSON has sections, TTLs, extended errors and the reason', async () => {
  const { code, out } = await resolve('asleep.prod.svc', ['--output', 'json']);
  expect(code).toBe(4);
  expect(JSON.parse(out)).toMatchObject({
    name: 'asleep.prod.svc',
    type: 'A',
    rcode: 'NXDOMAIN',
    flags: ['qr', 'aa', 'rd'],
    answer: [],
    authority: [{ name: 'svc.', type: 'SOA', ttl: 5 }],
    extendedErrors: [{ code: 0, text: expect.stringContaining('no app') }],
    reason: expect.stringContaining('no app'),
  });
});

test.each([
  ['orders.prod.svc MX', /^Next: rollcall show prod\/orders$/m],
  ['_http._tcp.orders-1.orders.prod.svc TXT', /^Next: rollcall show prod\/orders$/m],
  ['billing.prod.svc', /rollcall events prod\/billing/],
  ['orders.nowhere.svc', /^Next: rollcall ls$/m],
])('%s without records prints where to look next', async (words, expected) => {
  expect((await resolve(words)).out).toMatch(expected);
});

test('a server that answers otherwise than rollcall is named beside it', async () => {
  const at = await dnsThat((query) => {
    const answer = Buffer.from(query.subarray(0, query.indexOf(0, 12) + 5));
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(1, 6);
    answer.writeUInt16BE(0, 10);
    return [Buffer.concat([answer, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 4, 176, 0, 4, 10, 0, 0, 99])])];
  });
  const { code, out } = await typed(['resolve', 'orders.prod.svc', '--server', at, '--url', server.http]);
  expect(code).toBe(0);
  expect(out).toMatch(/^rollcall itself answers NOERROR: 10\.0\.0\.7; .*old answer, for 20m at most$/m);
  const json = await typed(['resolve', 'orders.prod.svc', '--server', at, '--url', server.http, '-o', 'json']);
  expect(JSON.parse(json.out)).toMatchObject({ rollcall: { answers: 'NOERROR: 10.0.0.7' } });
  expect(JSON.parse((await resolve('orders.prod.svc', ['-o', 'json'])).out)).toMatchObject({ rollcall: null });
});

test('without the API there is no reason, and no failure', async () => {
  const at = `127.0.0.1:${server.dnsPort}`;
  const words = ['resolve', 'orders.prod.svc', '--server', at, '--url', 'http://127.0.0.1:1'];
  const { code, out, err } = await typed(words);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).not.toContain('Why:');
});

test('colours are for terminals that want them', async () => {
  const args = ['resolve', 'orders.prod.svc', '--server', `127.0.0.1:${server.dnsPort}`, '--url', server.http];
  expect((await typed(args, { columns: 80 })).out).toContain('\u001b[32mNOERROR');
  expect((await typed(args, { columns: 80, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b');
  expect((await typed(args)).out).not.toContain('\u001b');
});

test('an address without a server is reported at once, with the way to start one', async () => {
  const { code, out, err } = await typed(['resolve', 'a.b.svc', '--server', '127.0.0.1:1', '--url', server.http]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/nothing listens at 127\.0\.0\.1:1 over UDP.*"rollcall serve"/);
});

test.each([
  ['a.b.svc NOTYPE', '"NOTYPE" is no record type'],
  ['bücher.svc', 'xn--'],
  ['prod/orders', 'ask for orders.prod.svc'],
  ['prod/orders/orders-1 SRV', 'ask for orders-1.orders.prod.svc'],
  ['a.b.svc A --server localhost:dns', '--server: "localhost:dns" is not an address'],
])('%s is wrong usage', async (words, expected) => {
  const { code, err } = await typed(['resolve', ...words.split(' ')]);
  expect(code).toBe(2);
  expect(err).toContain(expected);
});

/** A DNS server that answers with what `reply` makes of the question's bytes. */
async function dnsThat(reply: (query: Buffer) => Buffer[]): Promise<string> {
  const socket = createSocket('udp4', (query, { port, address }) => {
    for (const bytes of reply(query)) socket.send(bytes, port, address);
  });
  await new Promise<void>((done) => {
    socket.bind(0, '127.0.0.1', done);
  });
  onTestFinished(() => {
    socket.close();
  });
  return `127.0.0.1:${socket.address().port}`;
}

test('what is no reply to the question is passed over, and control characters never get through', async () => {
  const at = await dnsThat((query) => {
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8180, 2);
    const other = Buffer.from(answer);
    other.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
    // One TXT in place of the OPT: the question's name, class IN, TTL 1, three control characters.
    const end = query.indexOf(0, 12) + 5;
    answer.writeUInt16BE(1, 6);
    answer.writeUInt16BE(0, 10);
    const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 1, 0, 6, 5, 0x1b, 0x5b, 0x32, 0x4a, 0x07]);
    return [other, query, Buffer.from('junk'), Buffer.concat([answer.subarray(0, end), record])];
  });
  const { code, out } = await typed(['resolve', 'evil.prod.svc', 'TXT', '--server', at, '--url', server.http]);
  expect(code).toBe(0);
  expect(out).toContain(String.raw`TXT  "\x1b[2J\x07"`);
});

test('a reply that cannot be read is a failure', async () => {
  const at = await dnsThat((query) => {
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(9, 6);
    return [answer];
  });
  const { code, out, err } = await typed(['resolve', 'evil.prod.svc', 'TXT', '--server', at, '--url', server.http]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/evil\.prod\.svc: no reply/);
});
