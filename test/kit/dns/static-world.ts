// The zone on which the reference's behaviours were measured (prod.svc there, svc here), and a way to ask it.

import { Harness } from '../registry/harness.ts';

export const worldLines = [
  'web.svc. 60 A 10.0.0.1',
  'web.svc. 60 A 10.0.0.2',
  'web.svc. 60 AAAA 2001:db8:0:0:0:0:0:1',
  'a.b.c.svc. 60 A 10.0.0.3',
  '_http._tcp.web.svc. 60 SRV 0 5 80 web.svc.',
  'mail.svc. 60 MX 10 web.svc.',
  'mail.svc. 60 MX 20 gone.svc.',
  'mail.svc. 60 MX 30 mx.example.com.',
  // Aliases.
  'alias.svc. 60 CNAME web.svc.',
  'alias2.svc. 60 CNAME alias.svc.',
  'dangling.svc. 60 CNAME nowhere.svc.',
  'outside.svc. 60 CNAME www.example.com.',
  'self.svc. 60 CNAME self.svc.',
  'loop1.svc. 60 CNAME loop2.svc.',
  'loop2.svc. 60 CNAME loop1.svc.',
  'toother.svc. 60 CNAME www.other.',
  'tochild.svc. 60 CNAME x.child.svc.',
  'toentry.svc. 60 CNAME b.c.svc.',
  'toapp.svc. 60 CNAME orders.prod.svc.',
  'tonoapp.svc. 60 CNAME pay.prod.svc.',
  ...Array.from({ length: 20 }, (_, i) => `chain${i}.svc. 60 CNAME chain${i + 1}.svc.`),
  'chain20.svc. 60 A 10.0.0.20',
  // Wildcards.
  '*.wild.svc. 60 A 10.0.0.4',
  '*.wild.svc. 60 TXT any',
  'exists.wild.svc. 60 TXT here',
  'a.deep.wild.svc. 60 A 10.0.0.5',
  '*.walias.svc. 60 CNAME web.svc.',
  // Delegations, with glue and without.
  'child.svc. 60 NS ns.child.svc.',
  'child.svc. 60 NS ns.sibling.svc.',
  'child.svc. 60 NS ns.example.com.',
  'ns.child.svc. 60 A 10.0.1.1',
  'ns.child.svc. 60 AAAA 2001:db8:0:0:0:0:1:1',
  'ns.sibling.svc. 60 A 10.0.1.2',
  'signed.svc. 60 NS ns.child.svc.',
  'signed.svc. 60 DS 00010d02ab',
  'hidden.child.svc. 60 TXT occluded',
  // Redirections.
  'dn.svc. 60 DNAME web.svc.',
  'dn.svc. 60 TXT own',
  'toroot.svc. 60 DNAME c.svc.',
  'selfdn.svc. 60 DNAME x.selfdn.svc.',
  `long.svc. 60 DNAME ${`${'l'.repeat(60)}.`.repeat(3)}svc.`,
  // Unknown types, and TTLs that differ.
  'odd.svc. 60 TYPE666 0102',
  'odd.svc. 60 AAAA 2001:db8:0:0:0:0:0:9',
  'ttl.svc. 300 A 10.0.0.6',
  'ttl.svc. 30 A 10.0.0.7',
];

export const otherLines = [
  'other. 3600 SOA ns.other. hostmaster.other. 7 3600 600 86400 60',
  'other. 3600 NS ns.other.',
  'www.other. 60 A 10.9.0.1',
];

export const deepLines = [
  'x.prod.svc. 20 SOA ns.svc. hostmaster.svc. 9 3600 600 86400 60',
  'x.prod.svc. 20 NS ns.svc.',
  'www.x.prod.svc. 60 A 10.8.0.1',
];

export function staticWorld(): Harness {
  return new Harness({ lines: worldLines, zones: { 'other.': otherLines, 'x.prod.svc.': deepLines } });
}
