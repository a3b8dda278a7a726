// Addresses of DNS servers as people write them.

import { expect, test } from 'vitest';
import { hostPortOf, hostPortText } from '../../src/cli/host-port.ts';

test.each([
  ['127.0.0.1:8053', '127.0.0.1:8053'],
  ['10.0.0.5', '10.0.0.5:53'],
  ['localhost:8053', '127.0.0.1:8053'],
  ['[::1]:8053', '[::1]:8053'],
  ['[2001:db8::5]', '[2001:db8::5]:53'],
  ['::1', '[::1]:53'],
])('%s is %s', (text, wanted) => {
  const found = hostPortOf(text);
  expect(found === undefined ? undefined : hostPortText(found)).toBe(wanted);
});

test.each(['', 'dns.example:53', '127.0.0.1:0', '127.0.0.1:70000', '127.0.0.1:', '[127.0.0.1]:53', '::1:x', '1.2.3'])(
  '%j is none',
  (text) => {
    expect(hostPortOf(text)).toBeUndefined();
  },
);
