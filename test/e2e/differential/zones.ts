// All zones of the comparison: apex -> records, one a line, owners relative to the apex.

import { mainZone } from './main-zone.ts';

const soa = (ns: string): string => `@ 600 SOA ${ns} hostmaster 1 3600 600 86400 3600`;

export const zoneLines: Readonly<Record<string, readonly string[]>> = {
  'conf.test.': mainZone,
  // Below conf.test., which delegates it and has other data about it.
  'deep.conf.test.': [
    soa('ns'),
    '@ 600 NS ns',
    '@ 600 A 203.0.113.1',
    'ns 600 A 203.0.113.2',
    'www 600 A 203.0.113.3',
    'up 600 CNAME web.conf.test.',
    'cut 600 NS ns.cut',
    'ns.cut 600 A 203.0.113.4',
    '*.wild 600 A 203.0.113.5',
  ],
  // Below conf.test., which knows nothing of it.
  'stray.above.conf.test.': [soa('ns'), '@ 600 NS ns', 'ns 600 A 203.0.113.11', 'www 600 A 203.0.113.12'],
  'other.test.': [
    soa('ns'),
    '@ 600 NS ns',
    'ns 600 A 203.0.113.21',
    'www 600 A 203.0.113.22',
    'mail 600 A 203.0.113.25',
    'alias 600 CNAME www',
    'back 600 CNAME web.conf.test.',
    'far 600 CNAME alias2.conf.test.',
    'farcut 600 CNAME www.child.conf.test.',
    'farnothing 600 CNAME nothing.conf.test.',
    'farmx 600 MX 10 mail.conf.test.',
    'farsrv 600 SRV 0 0 1 web.conf.test.',
    'sub 600 NS ns.child.conf.test.',
    'sub 600 NS ns1.conf.test.',
  ],
  // Everything below it is somewhere else.
  'dname.test.': [soa('ns.other.test.'), '@ 600 NS ns.other.test.', '@ 600 DNAME conf.test.', '@ 600 TXT "apex"'],
};

export function zoneText(apex: string): string {
  return `$ORIGIN ${apex}\n${(zoneLines[apex] ?? []).join('\n')}\n`;
}
