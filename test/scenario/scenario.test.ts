// Runs every story in this folder, and checks that a story that does not hold cannot pass.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScenario } from '../kit/registry/scenario.ts';

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.scn'));

test('there are stories', () => expect(files.length).toBeGreaterThan(8));

test.each(files)('%s', (file) => {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  expect(text, 'a title in the first line').toMatch(/^# \S/);
  expect(runScenario(text)).toBeGreaterThan(2);
});

describe('a story cannot pass', () => {
  const up = 'REGISTER orders.prod a http://10.0.0.1:80\n';
  const srv = 'QUERY _http._tcp.orders.prod.svc SRV -> NOERROR AA\n  ANSWER 0 10 80 a.orders.prod.svc.\n';

  test.each([
    ['that is empty', '', 'without a QUERY'],
    ['that is a comment', '# nothing\n', 'without a QUERY'],
    ['that asks nothing', up, 'without a QUERY'],
    ['with an unknown verb', 'ENROL orders.prod a http://10.0.0.1:80', 'line 1: unknown word ENROL'],
    ['with an unknown key', 'REGISTER orders.prod a http://10.0.0.1:80 wieght=1', 'unknown word wieght=1'],
    ['with an unknown knob', 'QUERY svc A +ttcp -> NOERROR AA', 'unknown word +ttcp'],
    ['with an unknown type', 'QUERY svc AX -> NOERROR AA', 'unknown type AX'],
    ['without an expectation', 'QUERY svc A', '"->" is missing'],
    ['without an rcode', 'QUERY svc A -> AA', 'an rcode is needed'],
    ['with a time without a unit', 'ELAPSE 5', 'a time like'],
    ['with an expectation without a query', '  ANSWER 10.0.0.1', 'belongs to no QUERY'],
    ['with an unknown section', `${up}QUERY orders.prod.svc A -> NOERROR AA\n  EXTRA x y z`, 'unknown word EXTRA'],
    ['with a wrong rcode', 'QUERY nope.svc A -> NOERROR AA', 'the rcode is NXDOMAIN'],
    ['with a flag too many', `${up}QUERY orders.prod.svc A -> NOERROR AA TC 10.0.0.1`, 'the flags are "AA"'],
    ['with a flag too few', `${up}QUERY orders.prod.svc A -> NOERROR 10.0.0.1`, 'the flags are "AA"'],
    ['with a wrong answer', `${up}QUERY orders.prod.svc A -> NOERROR AA 10.0.0.2`, 'nothing matches'],
    ['with an answer twice', `${up}QUERY orders.prod.svc A -> NOERROR AA 10.0.0.1 10.0.0.1`, 'nothing matches'],
    ['that leaves out an answer', `${up}QUERY orders.prod.svc A -> NOERROR AA`, 'not expected'],
    ['with a wrong TTL', `${up}QUERY orders.prod.svc A -> NOERROR AA 10.0.0.1 ttl=6`, 'nothing matches'],
    ['with a wrong number', `${up}QUERY orders.prod.svc A -> NOERROR AA count=2`, '1 answers'],
    ['that leaves out AUTHORITY', 'QUERY nope.svc A -> NXDOMAIN AA', 'authority: not expected'],
    ['that leaves out ADDITIONAL', `${up}${srv}`, 'additional: not expected'],
    [
      'with a wrong owner',
      `${up}QUERY orders.prod.svc A -> NOERROR AA 10.0.0.1\n  OWNER Orders.prod.svc.`,
      'nothing matches',
    ],
    [
      'with a wrong share',
      `${up}QUERY orders.prod.svc A +times=9 -> NOERROR AA 10.0.0.1\n  LEADS 10.0.0.1 50%`,
      '100 %',
    ],
    [
      'with an unexpected outcome',
      'RENEW orders.prod a\nQUERY svc A -> NOERROR AA authority SOA',
      'the outcome is unknown',
    ],
    ['with a wrong outcome', `REGISTER orders.prod a http://10.0.0.1:80 -> conflict\n${srv}`, 'the outcome is created'],
  ])('%s', (_, text, why) => {
    expect(() => runScenario(text)).toThrow(why);
  });
});
