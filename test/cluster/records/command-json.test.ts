// Writes that travel between nodes: what goes out comes in, and what is damaged is refused.

import { describe, expect, test } from 'vitest';
import { type WriteBody, writeOf, writeToJson } from '../../../src/cluster/records/command-json.ts';
import type { Command } from '../../../src/model/command.ts';
import { parseRegistration } from '../../../src/model/instance.ts';

const registration = parseRegistration(
  { addrs: ['http://10.0.0.1:80'], metadata: { team: 'pay' }, tags: ['a'], leaseSeconds: 30 },
  { leaseSeconds: 90, dnsTtl: 5 },
);
if (Array.isArray(registration)) throw new Error('a registration that is none');
const key = { env: 'prod', appid: 'pay', instance: 'a1' };
const actor = { kind: 'token', principal: 'ci', front: 'api', address: '10.0.0.9', node: 'n1', reason: 'why' } as const;

function sent(command: Command): WriteBody {
  return { operation: 'op1', node: 'n1', hlc: 5, agoMs: 10, basis: 7, actor, command };
}

const travelled = (write: WriteBody) => writeOf(JSON.parse(JSON.stringify(writeToJson(write))), 'n2');

const commands: Command[] = [
  { kind: 'register', key, registration, dirtyAtMs: 9, file: '/etc/a.json', liveness: { kind: 'none' } },
  { kind: 'register', key, registration, quotaEntry: 'deploy' },
  {
    kind: 'register',
    key,
    registration,
    liveness: { kind: 'lease-then-waiting', evictAfterSeconds: 60 },
    keeps: ['tags'],
  },
  { kind: 'patch', key, patch: { weight: 7, metadata: null } },
  { kind: 'drain', key, holdUntilMs: 'unbounded' },
  { kind: 'drain', key },
  { kind: 'up', key },
  { kind: 'cancel', key },
  { kind: 'judge', key, verdict: 'critical', reason: 'refused' },
];

describe('a write that travels', () => {
  test.each(commands.map((command) => [command.kind, command] as const))('%s comes in as it went out', (_, command) => {
    const write = travelled(sent(command));
    expect(write).toMatchObject({
      ...sent(command),
      command: JSON.parse(JSON.stringify({ ...command, registration: undefined })),
    });
    if (command.kind === 'register') expect(write?.command).toMatchObject({ registration });
  });

  test('loses its precondition: that needs the answer of etcd', () => {
    const write = travelled(sent({ kind: 'cancel', key, precondition: { ifMatch: [1] } }));
    expect(write?.command).toEqual({ kind: 'cancel', key });
  });

  test.each([
    ['no object', 7],
    ['no operation', { ...writeToJson(sent({ kind: 'cancel', key })), operation: '' }],
    ['a negative age', { ...writeToJson(sent({ kind: 'cancel', key })), agoMs: -1 }],
    ['a command of a later version', { ...writeToJson(sent({ kind: 'cancel', key })), command: { kind: 'move', key } }],
    [
      'an id that is none',
      { ...writeToJson(sent({ kind: 'cancel', key })), command: { kind: 'cancel', key: { ...key, env: 'A B' } } },
    ],
    [
      'a registration without addresses',
      { ...writeToJson(sent({ kind: 'cancel', key })), command: { kind: 'register', key, registration: {} } },
    ],
  ])('is refused with %s', (_, body) => {
    expect(writeOf(body, 'n2')).toBeUndefined();
  });
});
