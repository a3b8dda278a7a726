// What stands in a service file, and where its faults are.

import { expect, test } from 'vitest';
import { parseServiceFile } from '../../../src/health/files/service-file.ts';
import { addressToText } from '../../../src/model/address.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };

function faults(text: string): readonly string[] {
  const file = parseServiceFile(text, defaults);
  return 'faults' in file ? file.faults : [];
}

const one = `env: prod
appid: orders
instance: one
addrs: [http://10.0.0.7:80]
version: "1.4"
checks:
  - type: http
    path: /healthz
`;

test('one instance, or a list of them, each with the place where it begins', () => {
  const file = parseServiceFile(one, defaults);
  if ('faults' in file) throw new Error(file.faults.join());
  expect(file.services.length).toBe(1);
  expect(file.services[0]).toMatchObject({
    key: { env: 'prod', appid: 'orders', instance: 'one' },
    registration: { version: '1.4', checks: [{ type: 'http', path: '/healthz' }] },
    at: '1:1',
  });
  expect(file.services[0]?.registration.addrs.map(addressToText)).toEqual(['http://10.0.0.7:80']);

  const list = `- ${one.replaceAll('\n', '\n  ').trimEnd()}\n- {env: prod, appid: orders, instance: two, addrs: ["http://10.0.0.8:80"], checks: [{type: tcp}]}\n`;
  const many = parseServiceFile(list, defaults);
  if ('faults' in many) throw new Error(many.faults.join());
  expect(many.services.map(({ key, at }) => `${key.instance} ${at}`)).toEqual(['one 1:3', 'two 9:3']);
});

test('a second document is a fault that names it', () => {
  expect(faults(`${one}---\n${one}`)).toEqual([expect.stringMatching(/a second document: .* write several .* list/)]);
});

test('an empty list names no instance; a file with nothing in it is a fault, since a full disk leaves such', () => {
  for (const text of ['[]', '# none any more\n[]\n', '---\n[]\n'])
    expect(parseServiceFile(text, defaults)).toEqual({ services: [] });
  for (const text of ['', '\n', '# nothing yet\n', '---\n', 'null\n'])
    expect(parseServiceFile(text, defaults)).toEqual({ faults: [expect.stringMatching(/^1:1: .*write \[\]/)] });
});

test('every fault is reported, with line and column', () => {
  const text = one
    .replace('prod', 'pr_od')
    .replace('10.0.0.7:80', '10.0.0.7:0')
    .replace('/healthz', 'healthz')
    .concat('wieght: 3\n');
  expect(faults(text)).toEqual([
    expect.stringMatching(/^1:6: env has the label pr_od/),
    expect.stringMatching(/^9:9: wieght is not a field of a registration$/),
    '4:9: addrs[0] port must be 1-65535, received 0',
    expect.stringMatching(/^8:11: checks\[0\]\.path must begin with \/ .*, received healthz$/),
  ]);
});

test.each([
  ['addrs: [', /^1:\d+: /],
  ['just words', /^1:1: an instance must be a mapping/],
  ['- 1\n- null\n', /^1:3: an instance must be a mapping/],
  [one.replace('env: prod\n', ''), /^1:1: env must be text, received nothing$/],
  [one.replace('one', '1'), /^3:11: instance must be text, received 1$/],
  [one.replace(/checks:[\s\S]*/, ''), /^1:1: checks must be a list of 1-8 checks: entries of a file are not renewed/],
  [one.replace('type: http', 'type: icmp'), /^7:11: checks\[0\]\.type must be one of/],
  [one.replace('    path', '    port: web\n    path'), /^8:11: checks\[0\]\.port must be the name of a port/],
  [
    `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(10).slice(0, -1)}]\n`)}`,
    /^1:1: Excessive alias count/,
  ],
])('%j is refused', (text, expected) => {
  expect(faults(text)[0]).toMatch(expected);
});

test('a file that is wrong all over is reported with its first twenty faults', () => {
  expect(faults('- x\n'.repeat(1000)).length).toBe(20);
});
