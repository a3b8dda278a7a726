// Class CH: identity and version of the server, answered only where configured (RFC 4892).

import { describe, expect, test } from 'vitest';
import { Harness } from '../../kit/registry/harness.ts';

const CH = 3;
const identity = { serverId: 'ns-1', serverVersion: 'rollcall "7"' };
const open = new Harness({ identity });
const closed = new Harness();
const idNames = ['id.server.', 'hostname.bind.', 'ID.Server.'];
const versionNames = ['version.bind.', 'version.server.', 'VERSION.BIND.'];
const ask = (harness: Harness, name: string, knobs = {}) => harness.query(name, 'TXT', { class: CH, ...knobs });

test.each([...idNames, ...versionNames])('by default %s is REFUSED', (name) => {
  const reply = ask(closed, name, { edns: true });
  expect(reply).toMatchObject({ rcode: 'REFUSED', aa: false, answer: [], authority: [], additional: [] });
});

test.each([
  ...idNames.map((name) => [name, '"ns-1"'] as const),
  ...versionNames.map((name) => [name, '"rollcall \\"7\\""'] as const),
])('%s is what was configured, with authority, in class CH, not to be kept', (name, data) => {
  for (const knobs of [{}, { edns: true }, { tcp: true }, { flags: 0x0100 }]) {
    const reply = ask(open, name, knobs);
    expect(reply).toMatchObject({ rcode: 'NOERROR', aa: true, tc: false, authority: [], additional: [] });
    expect(reply.answer).toEqual([{ owner: name, type: 'TXT', class: 'CH', ttl: 0, data }]);
  }
  expect(ask(open, name, { flags: 0x0100 }).flags).toBe('QR AA RD');
});

describe('REFUSED as well are', () => {
  test.each([
    ['other names', 'authors.bind.', {}],
    ['names below', 'x.id.server.', {}],
    ['names of ours', 'orders.prod.svc.', {}],
    ['the root', '.', {}],
    ['other types', 'version.bind.', { type: 1 }],
    ['zone transfers', 'version.bind.', { type: 252 }],
    ['class HS', 'version.bind.', { class: 4 }],
    ['class ANY', 'version.bind.', { class: 255 }],
    ['the same names in class IN', 'version.bind.', { class: 1 }],
  ])('%s', (_, name, knobs) => expect(ask(open, name, knobs)).toMatchObject({ rcode: 'REFUSED', answer: [] }));
});

test('only one of the two being configured opens only that one', () => {
  const harness = new Harness({ identity: { serverId: 'ns-1' } });
  expect(ask(harness, 'id.server.').rcode).toBe('NOERROR');
  expect(ask(harness, 'version.bind.').rcode).toBe('REFUSED');
});

test('ANY is the TXT', () => expect(ask(open, 'version.bind.', { type: 255 }).answer).toHaveLength(1));

test('gives the identity also while the registry has not recovered its state', () => {
  const starting = new Harness({ identity, isReady: () => false });
  expect(ask(starting, 'id.server.').rcode).toBe('NOERROR');
  expect(starting.query('svc.', 'SOA').rcode).toBe('SERVFAIL');
});

test('is no answer to another opcode, version or a signed request', () => {
  expect(ask(open, 'id.server.', { opcode: 4 })).toMatchObject({ rcode: 'REFUSED', answer: [] });
  expect(ask(open, 'id.server.', { edns: { version: 1 } })).toMatchObject({ rcode: 'BADVERS', answer: [] });
});

test('is counted', () => {
  const harness = new Harness({ identity });
  ask(harness, 'id.server.');
  ask(harness, 'authors.bind.');
  expect([...harness.counters.queries()].map(({ type, rcode, count }) => `${type} ${rcode} ${count}`)).toEqual([
    'TXT NOERROR 1',
    'TXT REFUSED 1',
  ]);
});
