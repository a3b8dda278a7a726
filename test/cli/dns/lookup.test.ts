// One question over DNS, where nobody can be asked.

import { expect, test } from 'vitest';
import { lookUp } from '../../../src/cli/dns/lookup.ts';

test('a server that there is no way to is said to be so', async () => {
  // To connect to the broadcast address is not allowed: like a missing route, that is told by the call and not as an event.
  const reply = await lookUp(
    { host: '255.255.255.255', port: 53 },
    { name: 'a.example', type: 1 },
    { withinMs: 20_000 },
  );
  expect(reply).toMatchObject({ kind: 'failed', problem: expect.stringContaining('255.255.255.255:53 over UDP') });
});
