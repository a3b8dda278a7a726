// When a write has been answered, every listener answers with it: UDP and TCP, IPv4 and IPv6, while others write, and
// however many threads answer: clients of each transport are spread over them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadLibC } from '../../src/dns/transport/batched/libc.ts';
import { type DnsClient, tcpClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

const rounds = 300;
const writers = 10;
/** Where the machine has it. */
const batched = 'unavailable' in (await loadLibC()) ? 'dgram' : 'batched';
/** Of each address and transport: with two threads some of them meet each. */
const clientsEach = 2;

interface Listener {
  readonly name: string;
  readonly client: DnsClient;
}

describe.each([
  [0, 'dgram'],
  [1, batched],
  [2, batched],
  [2, 'dgram'],
] as const)('%i threads, %s', (threads, transport) => {
  let server: ServerProcess;
  let apis: readonly [ApiClient, ApiClient];
  let listeners: readonly Listener[] = [];

  beforeAll(async () => {
    const env = { ROLLCALL_DNS_THREADS: String(threads), ROLLCALL_DNS_TRANSPORT: transport };
    server = await startServer({ dns: '127.0.0.1:0,[::1]:0', http: '127.0.0.1:0,[::1]:0', env });
    const [ipv4, ipv6] = server.httpListens;
    apis = [new ApiClient(`http://127.0.0.1:${ipv4?.port}`), new ApiClient(`http://[::1]:${ipv6?.port}`)];
    const opened = server.dnsListens.flatMap(({ host, port }) =>
      Array.from({ length: clientsEach }, async (_, i) => [
        { name: `UDP ${host} ${i}`, client: await udpClient(port, host) },
        { name: `TCP ${host} ${i}`, client: await tcpClient(port, host) },
      ]),
    );
    listeners = (await Promise.all(opened)).flat();
  });

  afterAll(async () => {
    for (const { client } of listeners) client.close();
    for (const api of apis) api.close();
    await server.stop();
  });

  /** The answer of each listener, by its name: rcode and data. */
  async function everywhere(name: string): Promise<Record<string, string>> {
    const answers = listeners.map(async ({ name: listener, client }) => {
      const { rcode, answer } = await client.ask(name);
      return [listener, [rcode, ...answer.map(({ data }) => data).sort()].join(' ')];
    });
    return Object.fromEntries(await Promise.all(answers)) as Record<string, string>;
  }

  const all = (answer: string): Record<string, string> =>
    Object.fromEntries(listeners.map(({ name }) => [name, answer]));

  test(`${rounds} times register, patch and cancel, each seen by all listeners at once`, async () => {
    expect(listeners).toHaveLength(4 * clientsEach);
    let round = 0;

    async function writer(index: number): Promise<void> {
      const api = apis[index % 2] ?? apis[0];
      const app = `own-${index}`;
      const place = `prod/${app}/one`;
      for (; round < rounds; round++) {
        const [a, b] = [`10.${index}.${round >> 8}.${round & 0xff}`, `11.${index}.${round >> 8}.${round & 0xff}`];
        await api.register(place, [`http://${a}:80`]);
        expect(await everywhere(`${app}.prod.svc`)).toEqual(all(`NOERROR ${a}`));
        switch (round % 4) {
          case 0:
            await api.patch(place, { status: 'waiting' });
            expect(await everywhere(`${app}.prod.svc`)).toEqual(all('NOERROR'));
            break;
          case 1:
            await api.patch(place, { addrs: [`http://${b}:80`] });
            expect(await everywhere(`one.${app}.prod.svc`)).toEqual(all(`NOERROR ${b}`));
            break;
          case 2:
            await api.register(`prod/shared/${index}`, [`http://${a}:80`]);
            for (const answer of Object.values(await everywhere('shared.prod.svc')))
              expect(answer.split(' ')).toContain(a);
            await api.cancel(`prod/shared/${index}`);
            for (const answer of Object.values(await everywhere('shared.prod.svc')))
              expect(answer.split(' ')).not.toContain(a);
            break;
          default:
            await api.register(place, [`http://${b}:80`]);
            expect(await everywhere(`${app}.prod.svc`)).toEqual(all(`NOERROR ${b}`));
        }
        await api.cancel(place);
        expect(await everywhere(`${app}.prod.svc`)).toEqual(all('NXDOMAIN'));
      }
    }

    await Promise.all(Array.from({ length: writers }, (_, index) => writer(index)));
    expect(await everywhere('prod.svc')).toEqual(all('NXDOMAIN'));
  });

  test('replacing an instance is one step: no query sees two addresses of it, or none', async () => {
    const [api] = apis;
    await api.register('prod/moving/one', ['http://10.0.0.0:80']);
    let isMoving = true;
    const seen = new Set<string>();
    const watch = async ({ client }: { client: DnsClient }): Promise<void> => {
      while (isMoving) seen.add((await client.ask('moving.prod.svc')).answer.map(({ data }) => data).join(' '));
    };
    const watching = listeners.map(watch);
    for (let i = 1; i <= 100; i++) await api.register('prod/moving/one', [`http://10.0.0.${i}:80`]);
    isMoving = false;
    await Promise.all(watching);
    expect([...seen].filter((answer) => !/^10\.0\.0\.\d+$/.test(answer))).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
  });

  test('their number is in the ready line and in the metrics', async () => {
    expect(server.logs().find(({ msg }) => msg === 'rollcall is ready')).toMatchObject({ threads, transport });
    const { text } = await apis[0].call('GET', '/metrics');
    expect(text).toContain(`rollcall_dns_threads{transport="${transport}"} ${threads}`);
    const asked = [...text.matchAll(/^rollcall_dns_queries_total\{.*\} (\d+)$/gm)];
    expect(asked.reduce((sum, [, count]) => sum + Number(count), 0)).toBeGreaterThan(rounds);
  });
});
