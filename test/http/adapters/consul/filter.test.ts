// Filters as go-bexpr reads them.

import { expect, test } from 'vitest';
import { parseFilter } from '../../../../src/http/adapters/consul/filter.ts';

const document = {
  Node: { Node: 'n1', Address: '10.0.0.1', Meta: {} },
  Service: {
    ID: 'web-1',
    Port: 8080,
    Tags: ['blue', 'v1.4'],
    Meta: { version: '1.4.2', 'a.b': 'dotted', empty: '' },
    EnableTagOverride: false,
  },
  Checks: [
    { CheckID: 'serfHealth', Status: 'passing' },
    { CheckID: 'service:web-1', Status: 'critical' },
  ],
};

function passes(text: string): boolean {
  const filter = parseFilter(text);
  if (typeof filter !== 'function') throw new Error(filter.fault);
  return filter(document);
}

test.each([
  'Service.Meta.version == "1.4.2"',
  'Service.Meta.version == 1.4.2',
  'Service.Meta["a.b"] == dotted',
  'Service.Meta.nothing != "x"',
  'Service.Port == 8080',
  'Service.EnableTagOverride == false',
  '"blue" in Service.Tags',
  'blue in Service.Tags',
  '"green" not in Service.Tags',
  'Service.Tags contains "blue"',
  'Service.Tags not contains "green"',
  'Service.Meta contains "version"',
  '"version" in Service.Meta',
  'Node.Address contains "10.0"',
  'Node.Meta is empty',
  'Service.Meta.empty is empty',
  'Service.Meta.nothing is empty',
  'Service.Tags is not empty',
  'Service.ID matches "^web-[0-9]+$"',
  'Service.ID matches `web`',
  'Service.ID not matches "^api"',
  'Checks.Status == critical',
  'Service.Port == 1 or Service.ID == "web-1" and not Service.Port == 2',
  'not (Service.Port == 1 or Service.Port == 2)',
  '((Service.Port==8080))',
])('%s', (text) => {
  expect(passes(text)).toBe(true);
});

test.each([
  'Service.Meta.version == "1.4.3"',
  'Service.Port != 8080',
  '"blue" not in Service.Tags',
  'Service.Tags is empty',
  'not Service.ID matches "web"',
  'Service.ID == "web-1" and Service.Port == 1',
])('not: %s', (text) => {
  expect(passes(text)).toBe(false);
});

test.each([
  'Service.Port',
  'Service.Port ==',
  '== 1',
  'Service.Port = 1',
  '(Service.Port == 1',
  'Service.Port == 1 Service.Port == 2',
  'Service. == 1',
  'Service.Meta[version] == 1',
  '"blue"',
  'Service.ID matches "("',
  'Service.ID is 1',
  'Service.ID == "\\x"',
  `${'('.repeat(60)}Service.Port == 1${')'.repeat(60)}`,
  `Service.ID == "${'x'.repeat(5000)}"`,
  '',
])('refused: %j', (text) => {
  expect(parseFilter(text)).toMatchObject({ fault: expect.any(String) as string });
});

test('names that objects have by themselves are not fields', () => {
  expect(passes('constructor is empty')).toBe(true);
  expect(passes('Service.__proto__ is empty')).toBe(true);
});
