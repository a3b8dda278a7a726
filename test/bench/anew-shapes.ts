// What made-anew.ts measures: registries of many instances that differ in what makes an answer long to find, and the
// questions about each.

export interface Shape {
  readonly what: string;
  readonly instances: number;
  place(i: number): { readonly env: string; readonly appid: string };
  body(i: number): Readonly<Record<string, unknown>>;
  readonly questions: readonly Question[];
}

/** `name`: of a round, where each is to be another name. */
export type Question = readonly [what: string, name: string | ((round: number) => string), type: number];

const big = { env: 'prod', appid: 'big' };
const types = { A: 1, NS: 2, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, SVCB: 64, HTTPS: 65, ANY: 255 } as const;

function each(name: string, ...list: readonly (keyof typeof types)[]): Question[] {
  return list.map((type) => [`${type} of ${name}`, `${name}.`, types[type]]);
}

function own(i: number): string {
  return `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
}

function ipv6(i: number): string {
  return `[2001:db8::${(i + 1).toString(16)}]`;
}

const named = ['A', 'AAAA', 'SRV', 'TXT', 'HTTPS', 'SVCB', 'ANY'] as const;
const below = [
  ...each('big.prod.svc', ...named),
  ...each('_https._tcp.big.prod.svc', 'SRV'),
  ...each('_why.big.prod.svc', 'TXT'),
];

export function shapes(size: number): Shape[] {
  const dual = (i: number) => ({
    addrs: [`https://${own(i)}:8443`, `https://${ipv6(i)}:8443`],
    version: `${i % 4}`,
    zone: `eu-${i % 3}`,
    metadata: { team: 'pay', build: '1234' },
  });
  return [
    {
      what: 'an address each, two families',
      instances: size,
      place: () => big,
      body: dual,
      questions: [
        ...below,
        ...each('2._version.big.prod.svc', 'A', 'SRV'),
        ...each('eu-1._near.big.prod.svc', 'A'),
        ...each('x._near.big.prod.svc', 'A'),
        ...each('_why.2._version.big.prod.svc', 'TXT'),
        ...each('_https._tcp.prod.svc', 'PTR', 'ANY'),
        ...each('_why._https._tcp.prod.svc', 'TXT'),
        ...each('_services._dns-sd._udp.prod.svc', 'PTR'),
        ...each('big-77.big.prod.svc', 'A', 'SRV', 'ANY'),
        ...each('_why.big-77.big.prod.svc', 'TXT'),
        ...each('77.0.0.10.in-addr.arpa', 'PTR', 'ANY'),
        ...each('_why.77.0.0.10.in-addr.arpa', 'TXT'),
        ...each('svc', 'SOA', 'NS', 'ANY'),
        ...each('prod.svc', 'A', 'ANY'),
        ...each('_why.prod.svc', 'TXT'),
        ...each('_version.big.prod.svc', 'A'),
        ...each('bag.prod.svc', 'A'),
        ...each('_why.bag.prod.svc', 'TXT'),
        ...each('2.big.prod.svc', 'A'),
        ...each('_why.2.big.prod.svc', 'TXT'),
      ],
    },
    {
      what: 'half of them up, three priorities, some drained',
      instances: size,
      place: () => big,
      body: (i) => ({ ...dual(i), priority: i % 3, status: i % 2 === 0 ? 'up' : 'waiting' }),
      questions: [...below, ...each('2._version.big.prod.svc', 'A'), ...each('eu-1._near.big.prod.svc', 'A')],
    },
    {
      what: 'one of the last without the type',
      instances: size,
      place: () => big,
      body: (i) => ({ addrs: i === size - 1 ? [`https://${ipv6(i)}:8443`] : [`https://${own(i)}:8443`] }),
      questions: below,
    },
    {
      what: 'metadata of its own each',
      instances: size,
      place: () => big,
      body: (i) => ({ ...dual(i), tags: [`t${i}`], metadata: { pod: `pod-${i}`, text: 'x'.repeat(150) } }),
      questions: [
        ...below,
        ['A of a tag, each time another', (i) => `t${(i * 37) % size}._tag.big.prod.svc.`, 1],
        ['A near another zone', (i) => `z${i}._near.big.prod.svc.`, 1],
        ...each('_tag.big.prod.svc', 'A'),
        ...each('_tag.2._version.big.prod.svc', 'A'),
        ...each('_group.2._version.big.prod.svc', 'A'),
      ],
    },
    {
      what: 'selections without end',
      instances: size,
      place: () => big,
      body: (i) => ({
        ...dual(i),
        version: `${i % 100}`,
        group: `g${i % 99}`,
        tags: Array.from({ length: 8 }, (_, k) => `t${(i * (k + 3)) % 200}`),
      }),
      questions: [
        ['A of a version, each time another', (i) => `${i % 100}._version.big.prod.svc.`, 1],
        ['SRV of a tag, each time another', (i) => `t${i % 200}._tag.big.prod.svc.`, 33],
        ['A of a tag, near', (i) => `t${i % 200}._tag.eu-1._near.big.prod.svc.`, 1],
        ['A of a port, each time another tag', (i) => `t${i % 200}._tag.https._port.big.prod.svc.`, 1],
        ['_why of a tag, each time another', (i) => `_why.t${i % 200}._tag.big.prod.svc.`, 16],
      ],
    },
    {
      what: 'two at one address',
      instances: size,
      place: () => big,
      body: (i) => ({ addrs: [`https://${own(Math.max(i, 1))}:${8443 - (i === 0 ? 1 : 0)}`] }),
      questions: [...below, ...each('1.0.0.10.in-addr.arpa', 'PTR'), ...each('_why.1.0.0.10.in-addr.arpa', 'TXT')],
    },
    {
      what: 'all at one address',
      instances: size,
      place: () => big,
      body: (i) => ({ addrs: [`https://10.0.0.1:${1024 + i}`] }),
      questions: [
        ...below,
        ...each('1.0.0.10.in-addr.arpa', 'PTR', 'ANY'),
        ...each('_why.1.0.0.10.in-addr.arpa', 'TXT'),
      ],
    },
    {
      what: 'an address of its own and one of all',
      instances: size,
      place: () => big,
      body: (i) => ({ addrs: [`https://${own(i + 7)}:8443`, `https://10.0.0.1:${1024 + i}`] }),
      questions: [
        ...below,
        ...each('1.0.0.10.in-addr.arpa', 'PTR', 'ANY'),
        ...each('_why.1.0.0.10.in-addr.arpa', 'TXT'),
      ],
    },
    {
      what: 'all behind one host name',
      instances: size,
      place: () => big,
      body: (i) => ({ addrs: [`https://edge.example.net:${1024 + (i % 5)}`] }),
      questions: below,
    },
    {
      what: '32 addresses each, 120 of them',
      instances: Math.min(size, 120),
      place: () => big,
      body: (i) => ({ addrs: Array.from({ length: 32 }, (_, k) => `https://10.${k}.0.${i}:8443`) }),
      questions: [...below, ...each('7.0.3.10.in-addr.arpa', 'PTR'), ...each('big-7.big.prod.svc', 'A', 'SRV')],
    },
    {
      what: '32 ports each, 120 of them',
      instances: Math.min(size, 120),
      place: () => big,
      body: (i) => ({ addrs: Array.from({ length: 32 }, (_, k) => `http${k}://10.${k}.0.${i}:${8000 + k}`) }),
      questions: [
        ...below,
        ...each('http7.big-7.big.prod.svc', 'A'),
        ...each('_services._dns-sd._udp.prod.svc', 'PTR'),
      ],
    },
    {
      what: 'an app each, all at one address',
      instances: size,
      place: (i) => ({ env: 'prod', appid: `app-${i}` }),
      body: (i) => ({ addrs: [`https://10.0.0.1:${1024 + i}`] }),
      questions: [
        ...each('1.0.0.10.in-addr.arpa', 'PTR', 'ANY'),
        ...each('_why.1.0.0.10.in-addr.arpa', 'TXT'),
        ...each('_https._tcp.prod.svc', 'PTR'),
        ...each('_why._https._tcp.prod.svc', 'TXT'),
        ...each('prod.svc', 'A', 'ANY'),
        ...each('_why.prod.svc', 'TXT'),
        ['A of an app that is not there', (i) => `apo-${i}.prod.svc.`, 1],
        ['_why of an app that is not there', (i) => `_why.apo-${i}.prod.svc.`, 16],
        ['A in an env that is not there', (i) => `app-${i}.prd.svc.`, 1],
        ['_why of an env that is not there', (i) => `_why.app-${i}.prd.svc.`, 16],
      ],
    },
    {
      what: 'an env each',
      instances: size,
      place: (i) => ({ env: `env-${i}`, appid: 'app' }),
      body: (i) => ({ addrs: [`https://${own(i)}:8443`] }),
      questions: [
        ['A in an env that is not there', (i) => `app.evn-${i}.svc.`, 1],
        ['_why of an env that is not there', (i) => `_why.app.evn-${i}.svc.`, 16],
        ['A of an app that is not there', (i) => `ap${i}.env-${i % size}.svc.`, 1],
        ['_why of an app that is not there', (i) => `_why.ap${i}.env-${i % size}.svc.`, 16],
        ...each('_https._tcp.env-7.svc', 'PTR'),
        ...each('app.svc', 'A'),
        ...each('_why.app.svc', 'TXT'),
      ],
    },
    {
      what: 'a service type each',
      instances: size,
      place: () => big,
      body: (i) => ({ addrs: [`p${i}://${own(i)}:8443`] }),
      questions: [
        ...below,
        ...each('_services._dns-sd._udp.prod.svc', 'PTR', 'ANY'),
        ...each('_why._services._dns-sd._udp.prod.svc', 'TXT'),
        ...each('_p77._tcp.prod.svc', 'PTR'),
        ...each('_tcp.prod.svc', 'A'),
        ...each('_tcp.big.prod.svc', 'A'),
        ...each('_port.big.prod.svc', 'A'),
        ['A of a port, each time another', (i) => `p${i}._port.big.prod.svc.`, 1],
      ],
    },
  ];
}
