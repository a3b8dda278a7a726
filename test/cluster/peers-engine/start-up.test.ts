// When a node that starts may answer: with what the others have, where they can be reached.

import { expect, test } from 'vitest';
import { StartUp } from '../../../src/cluster/peers-engine/start-up.ts';

const self = { isSelf: true, isSynced: false };
const synced = { isSelf: false, isSynced: true };
const missing = { isSelf: false, isSynced: false };

test.each([
  ['at once when all have given everything', [self, synced, synced], 100, true],
  ['at once where there is no other', [self], 100, true],
  ['not at once when one of two is missing', [synced, missing], 100, false],
  ['soon when one of two is missing', [self, synced, missing], 2000, true],
  ['not soon when two of three are missing', [synced, missing, missing], 2000, false],
  ['not soon when none was reached', [missing, missing], 9999, false],
  ['after the wait in any case', [missing, missing], 10_000, true],
])('%s', (_name, sources, afterMs, isReady) => {
  const startUp = new StartUp(10_000);
  startUp.begin(5000);
  expect(startUp.look(5000 + afterMs, sources)).toBe(isReady);
});
