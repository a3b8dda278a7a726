// One question over DNS where no server can be reached.

import { expect, test } from 'vitest';
import { lookUp } from '../../../src/cli/dns/lookup.ts';

test('a server without a route is reported as unreachable', async () => {
  // To connect to the broadcast address is not allowed: like a missing route, the error comes from the call and not as an event.
  const reply = await lookUp(
    { host: '255.255.255.255', port: 53 },
    { name: 'a.example', type: 1 },
    { withinMs: 20_000 },
  );
  expect(reply).toMatchObject({ kind: 'failed', problem: expect.stringContaining('255.255.255.255:53 over UDP') });
});
