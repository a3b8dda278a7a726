// Where the other nodes are looked for: at the URLs that were given, or at whatever addresses one name has at present.

import { expect, test } from 'vitest';
import { PeerAddresses } from '../../../src/cluster/peers-engine/peer-addresses.ts';

/** Each wait is one look-up more. */
async function followed(answers: readonly (readonly string[] | Error)[], isTls = false) {
  const changes: (readonly string[])[] = [];
  const faults: string[] = [];
  const left = [...answers];
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const addresses = new PeerAddresses({
    ...{ peers: ['nodes.internal:7172'], isTls },
    onChange: (urls) => void changes.push(urls),
    onFault: (why) => void faults.push(why),
    lookUp: async () => {
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? [];
    },
    wait: async () => {
      if (left.length > 0) return;
      addresses.close();
      end();
    },
  });
  addresses.start();
  await isOver;
  return { changes, faults };
}

test('URLs are taken as they are', () => {
  const changes: (readonly string[])[] = [];
  const peers = ['http://10.0.0.1:7172', 'http://nodes.internal:7172'];
  const addresses = new PeerAddresses({
    ...{ peers, isTls: false },
    onChange: (urls) => void changes.push(urls),
    onFault: () => {},
  });
  addresses.start();
  expect([changes, addresses.isKnown]).toEqual([[peers], true]);
});

test('a name is looked up again, and nodes come and go with its addresses', async () => {
  const { changes } = await followed([
    ['10.0.0.2', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.1', 'fd00::3'],
  ]);
  expect(changes).toEqual([
    ['http://10.0.0.1:7172', 'http://10.0.0.2:7172'],
    ['http://10.0.0.1:7172', 'http://[fd00::3]:7172'],
  ]);
});

test('while it cannot be looked up the last addresses count, and the fault is reported once', async () => {
  const fault = new Error('queryA ESERVFAIL');
  const { changes, faults } = await followed([['10.0.0.1'], fault, fault, ['10.0.0.1']], true);
  expect(changes).toEqual([['https://10.0.0.1:7172']]);
  expect(faults).toEqual(['queryA ESERVFAIL']);
});
