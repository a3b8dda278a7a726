// resolv.conf as glibc reads it, and what the doctor makes of it.

import { describe, expect, test } from 'vitest';
import { askedNameservers, parseResolvConf, resolvConfFindings } from '../../../src/cli/doctor/resolv-conf.ts';

describe('reading', () => {
  test('takes the last search or domain line, every option, and no comment', () => {
    const text = [
      '# nameserver 192.0.2.9',
      'nameserver 127.0.0.1 # ours',
      ' nameserver\t::1',
      'domain old.example',
      'search a.example. b.example ; c',
      'options ndots:2 rotate',
      'options timeout:1 ndots:99',
      'sortlist 10.0.0.0',
    ].join('\n');
    expect(parseResolvConf(text)).toEqual({
      nameservers: ['127.0.0.1', '::1'],
      search: ['a.example', 'b.example'],
      ndots: 15,
      rotate: true,
    });
  });

  test('three nameservers count; none is the machine itself', () => {
    const many = parseResolvConf('nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4\n');
    expect(askedNameservers(many)).toEqual(['1.1.1.1', '1.1.1.2', '1.1.1.3']);
    expect(askedNameservers(parseResolvConf(''))).toEqual(['127.0.0.1']);
  });
});

const look = (text: string, name = 'orders.prod.svc'): string[] =>
  resolvConfFindings(parseResolvConf(text), name, 'resolv.conf').map(
    ({ level, what, why }) => `${level} ${what}: ${why}`,
  );

test.each([
  [
    'nameserver 127.0.0.1',
    ['ok resolv.conf: asks 127.0.0.1', 'ok search list: none: orders.prod.svc is asked for as it is'],
  ],
  [
    'search a.example',
    ['warn resolv.conf: names no nameserver', 'ok search list: ndots is 1 and orders.prod.svc has 2 dots'],
  ],
  [
    'nameserver 127.0.0.1\nsearch corp.example lab.example\noptions ndots:3',
    [
      'ok',
      'warn search list: ndots is 3 and orders.prod.svc has only 2 dots: orders.prod.svc.corp.example is asked for first',
    ],
  ],
  [
    'nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5',
    ['ok', 'fail search list: ndots is 5'],
  ],
  [
    'nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions rotate',
    ['warn resolv.conf: rotates among 127.0.0.1, 127.0.0.2', 'ok'],
  ],
  [
    'nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 127.0.0.1',
    ['warn resolv.conf: names 4 nameservers; only the first 3 count', 'ok'],
  ],
  [
    'nameserver 127.0.0.53\noptions edns0 trust-ad',
    ['ok', 'ok', 'ok systemd-resolved: resolv.conf points at systemd-resolved'],
  ],
])('%j', (text, wanted) => {
  expect(look(text).map((line, index) => line.slice(0, wanted[index]?.length))).toEqual(wanted);
});

test('what is in the file cannot steer a terminal', () => {
  expect(look('nameserver \u001b[2J\nsearch \u009b1m\noptions ndots:9').join()).not.toMatch(/[^\P{Cc}]/u);
});
