// One registry behind every front: an instance registered through each of them is read through each other one, the API and
// DNS. Addresses, ports, statuses and metadata agree, a drain is one in all, and events name the front and the principal.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digShort } from '../kit/dns/dig.ts';
import { patientFetch } from '../kit/http/api-client.ts';
import { entry, secretOf } from '../kit/http/credential-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

const fronts = ['api', 'consul', 'eureka', 'nacos', 'discovery', 'tutorial'] as const;
type Front = (typeof fronts)[number];

let directory: string;
let server: ServerProcess;
let nacosToken = '';

/** What a front shows of the only instance of `web`. */
interface Seen {
  readonly host: string;
  readonly port: number;
  readonly isUp: boolean;
  /** Undefined: the front shows none. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

const all = '{ rights: [read, register, operate] }';

beforeAll(async () => {
  const entries = fronts.filter((front) => front !== 'discovery').map((front) => entry(front, all));
  directory = scratch({ 'tokens.yaml': entries.join('') });
  const env = {
    ROLLCALL_ADAPTERS: 'consul,eureka,nacos,discovery,tutorial',
    // Clients of discovery have no credentials.
    ROLLCALL_ANONYMOUS_RIGHTS: 'read,register',
  };
  server = await startServer({ directory, env, args: ['--token-file', 'tokens.yaml'] });
  const login = new URLSearchParams({ username: 'nacos', password: secretOf('nacos') });
  const reply = await patientFetch(`${server.http}/nacos/v1/auth/login`, { method: 'POST', body: login });
  nacosToken = ((await reply.json()) as { readonly accessToken: string }).accessToken;
});

afterAll(async () => {
  await server?.stop();
  removeScratch(directory);
});

/** A call with the credentials of that front, in the way of its clients. */
async function call(front: Front, method: string, path: string, body?: object | URLSearchParams): Promise<Response> {
  const secret = secretOf(front);
  const credentials: Record<Front, Record<string, string>> = {
    api: { authorization: `Bearer ${secret}` },
    consul: { 'x-consul-token': secret },
    eureka: { authorization: `Basic ${btoa(`any:${secret}`)}`, accept: 'application/json' },
    nacos: {},
    discovery: {},
    tutorial: { authorization: `Bearer ${secret}` },
  };
  const isForm = body instanceof URLSearchParams;
  const type = body === undefined || isForm ? {} : { 'content-type': 'application/json' };
  const login = front === 'nacos' ? `${path.includes('?') ? '&' : '?'}accessToken=${nacosToken}` : '';
  const sent = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
  return patientFetch(server.http + path + login, { method, headers: { ...type, ...credentials[front] }, ...sent });
}

const [host, port] = ['127.0.64.7', 8080];
// Consul's own default is 1, which discovery has to show beside the metadata.
const weights = { Weights: { Passing: 10, Warning: 1 } };
const metadata = { team: 'pay', version: '1.2' };
const eurekaInstance = {
  ...{ instanceId: 'w1', hostName: 'h', app: 'WEB', ipAddr: host, status: 'UP', metadata },
  port: { $: port, '@enabled': 'true' },
  dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
};
const nacosQuery = new URLSearchParams({
  serviceName: 'web',
  ip: host,
  port: String(port),
  metadata: JSON.stringify(metadata),
});

const register: Record<Front, () => Promise<Response>> = {
  api: () =>
    call('api', 'PUT', '/api/v1/apps/prod/web/w1', { addrs: [`http://${host}:${port}`], metadata, version: '1.2' }),
  consul: () =>
    call('consul', 'PUT', '/v1/agent/service/register', {
      Name: 'web',
      ID: 'w1',
      Address: host,
      Port: port,
      Meta: metadata,
      ...weights,
    }),
  eureka: () => call('eureka', 'POST', '/eureka/apps/WEB', { instance: eurekaInstance }),
  nacos: () => call('nacos', 'POST', `/nacos/v1/ns/instance?${nacosQuery.toString()}`),
  discovery: () =>
    call(
      'discovery',
      'POST',
      '/discovery/register',
      new URLSearchParams({
        ...{ env: 'prod', appid: 'web', hostname: 'w1', zone: 'z', region: 'r', status: '1', version: '1.2' },
        addrs: `http://${host}:${port}`,
        metadata: JSON.stringify(metadata),
      }),
    ),
  tutorial: () =>
    call('tutorial', 'POST', '/tutorial/web/1.2/register', { name: 'web', version: '1.2', address: host, port }),
};

type Fields = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;
const fieldsOf = async (reply: Promise<Response>): Promise<Fields> => (await (await reply).json()) as Fields;
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

/** Undefined: it is not in the list. */
const read: Record<Front, () => Promise<Seen | undefined>> = {
  async api() {
    const { instances } = await fieldsOf(call('api', 'GET', '/api/v1/apps/prod/web'));
    const [one] = listOf(instances);
    if (one === undefined) return undefined;
    const url = new URL(String((one['addrs'] as readonly string[])[0]).replace(/^[a-z]+:/, 'http:'));
    return {
      ...{ host: url.hostname, port: Number(url.port || 80) },
      ...{ isUp: one['status'] === 'up', metadata: one['metadata'] as Texts },
    };
  },
  async consul() {
    const entries = (await (await call('consul', 'GET', '/v1/health/service/web')).json()) as readonly {
      readonly Service: { readonly Address: string; readonly Port: number; readonly Meta: Texts };
      readonly Checks: readonly { readonly Status: string }[];
    }[];
    const [one] = entries;
    if (one === undefined) return undefined;
    const { Address, Port, Meta } = one.Service;
    const isUp = one.Checks.every(({ Status }) => Status === 'passing');
    const isListed = listOf(await (await call('consul', 'GET', '/v1/health/service/web?passing')).json()).length === 1;
    expect(isListed).toBe(isUp);
    return { host: Address, port: Port, isUp, metadata: Meta };
  },
  async eureka() {
    const reply = await call('eureka', 'GET', '/eureka/apps/WEB');
    if (reply.status === 404) return undefined;
    const { application } = (await reply.json()) as { readonly application: Fields };
    const [one] = listOf(application['instance']);
    if (one === undefined) return undefined;
    const { '@class': _class, ...texts } = one['metadata'] as Texts;
    return {
      ...{ host: String(one['ipAddr']), port: (one['port'] as { readonly $: number }).$ },
      ...{ isUp: one['status'] === 'UP', metadata: texts },
    };
  },
  async nacos() {
    const { hosts } = await fieldsOf(call('nacos', 'GET', '/nacos/v1/ns/instance/list?serviceName=web'));
    const [one] = listOf(hosts);
    if (one === undefined) return undefined;
    const { ip, port: at, healthy, enabled, metadata: texts } = one;
    return { host: String(ip), port: Number(at), isUp: healthy === true && enabled === true, metadata: texts as Texts };
  },
  async discovery() {
    const query = 'env=prod&appid=web&status=3';
    const { data } = await fieldsOf(call('discovery', 'GET', `/discovery/fetch?${query}`));
    const zones = (data as { readonly instances?: Record<string, unknown> } | null)?.instances ?? {};
    const [one] = Object.values(zones).flatMap(listOf);
    if (one === undefined) return undefined;
    const url = new URL(String((one['addrs'] as readonly string[])[0]).replace(/^[a-z]+:/, 'http:'));
    return {
      ...{ host: url.hostname, port: Number(url.port || 80) },
      ...{ isUp: one['status'] === 1, metadata: one['metadata'] as Texts },
    };
  },
  async tutorial() {
    const { addresses } = await fieldsOf(call('tutorial', 'GET', '/tutorial/web/1.2/getaddresses'));
    const [one] = (addresses ?? []) as readonly string[];
    if (one === undefined) return undefined;
    const [at = '', number] = one.split(':');
    return { host: at, port: Number(number), isUp: true, metadata: undefined };
  },
};

/** Its id is that of the front that it came in by. */
async function storedId(): Promise<string> {
  const { instances } = await fieldsOf(call('api', 'GET', '/api/v1/apps/prod/web'));
  const found = listOf(instances);
  expect(found).toHaveLength(1);
  return encodeURIComponent(String(found[0]?.['instance']));
}

const dns = async (): Promise<readonly string[]> => [
  ...(await digShort(server.dnsPort, 'web.prod.svc A')),
  ...(await digShort(server.dnsPort, 'web.prod.svc SRV')).map((record) => record.split(' ')[2] ?? ''),
];

/** Lists of Nacos and of the tutorial leave out what takes no traffic. */
const leavesOut: readonly Front[] = ['nacos', 'tutorial'];

describe.each(fronts)('registered through %s', (front) => {
  const wanted = front === 'tutorial' ? {} : metadata;

  beforeAll(async () => {
    const reply = await register[front]();
    expect({ front, status: reply.status }).toEqual({
      front,
      status: { api: 201, eureka: 204 }[front as string] ?? 200,
    });
  });

  afterAll(async () => {
    const reply = await call('api', 'DELETE', `/api/v1/apps/prod/web/${await storedId()}`);
    expect(reply.status).toBe(200);
    for (const reader of fronts) expect({ reader, seen: await read[reader]() }).toEqual({ reader, seen: undefined });
  });

  test.each(fronts)('read through %s', async (reader) => {
    const shown = reader === 'tutorial' ? undefined : wanted;
    expect(await read[reader]()).toEqual({ host, port, isUp: true, metadata: shown });
  });

  test('found by DNS, by its version too', async () => {
    expect(await dns()).toEqual([host, String(port)]);
    expect(await digShort(server.dnsPort, '1.2._version.web.prod.svc A')).toEqual([host]);
  });

  test('drained by an operator, it is out of all, and back in all', async () => {
    const path = `/api/v1/apps/prod/web/${await storedId()}`;
    expect((await call('api', 'POST', `${path}/drain`)).status).toBe(200);
    for (const reader of fronts) {
      const seen = await read[reader]();
      const out = leavesOut.includes(reader) ? undefined : false;
      expect({ reader, isUp: seen?.isUp }).toEqual({ reader, isUp: out });
    }
    expect(await dns()).toEqual([]);
    expect((await call('api', 'POST', `${path}/up`)).status).toBe(200);
    for (const reader of fronts) expect({ reader, isUp: (await read[reader]())?.isUp }).toEqual({ reader, isUp: true });
    expect(await dns()).toEqual([host, String(port)]);
  });

  test('events name the front and the principal', async () => {
    const { events } = await fieldsOf(call('api', 'GET', '/api/v1/events?app=prod/web&limit=1000'));
    const registered = listOf(events).find((event) => event['why'] === 'registered');
    const by = {
      address: '127.0.0.1',
      ...(front === 'discovery' ? {} : { token: front }),
      ...(front === 'api' ? {} : { front }),
    };
    expect(registered?.['by']).toEqual(by);
  });
});
