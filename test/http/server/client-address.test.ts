// Who counts as one client: an IPv4 address, an IPv6 /64.

import { expect, test } from 'vitest';
import { clientOf } from '../../../src/http/server/client-address.ts';

test.each([
  ['10.0.0.7', '10.0.0.7'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['::ffff:a00:7', '10.0.0.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['', ''],
])('%s is %s', (address, client) => expect(clientOf(address)).toBe(client));
