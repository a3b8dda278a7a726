// The zone `prod.svc` on which the reference servers' replies were measured, as a zone file.

const many = (count: number, line: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => line(i));

export const measuredZone = [
  '$TTL 60',
  '@ 3600 SOA ns1 hostmaster 1 900 300 604800 10',
  '@ 3600 NS ns1',
  'ns1 3600 A 127.0.0.1',
  'web A 10.0.0.1',
  'web A 10.0.0.2',
  'web AAAA 2001:db8::1',
  ...many(60, (i) => `big A 10.0.1.${i + 1}`),
  ...many(300, (i) => `huge TXT "${String(i).padStart(203, 'x')}"`),
  'a.b.c A 10.0.0.3',
  'alias CNAME web',
  'dangling CNAME nowhere',
  '*.wild A 10.0.0.4',
  '*.wild MX 10 web',
  '_http._tcp.web SRV 0 5 80 web',
  'My\\032Web._http._tcp SRV 0 0 80 web',
  '\\224 A 10.0.0.5',
  'child NS ns.child',
  'ns.child A 10.0.2.1',
  '',
].join('\n');
