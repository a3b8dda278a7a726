// Texts that the corpus is made of: a zone that is right, to which each case adds its lines, and files to include.
// One character per octet, as the parser takes them.

/** The zone that all texts are files of. */
export const origin = 'example.test.';

/** A zone that is right as it is. */
export const head = `$TTL 300
@ SOA ns.example.test. h.example.test. 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
`;

export function zone(lines: string): string {
  return `${head}${lines}\n`;
}

export function letters(count: number): string {
  return 'x'.repeat(count);
}

/** Files beside the zone's. */
export const included: Readonly<Record<string, string>> = {
  'part.inc': 'a A 192.0.2.9\nb.c TXT part\n',
  'origin.inc': '$ORIGIN deeper.example.test.\nx A 192.0.2.8\n',
  'ttl.inc': '$TTL 77\nx A 192.0.2.8\n',
  'nested.inc': 'n A 192.0.2.7\n$INCLUDE part.inc below.example.test.\nm A 192.0.2.6\n',
  'indented.inc': ' TXT inherited\nq A 192.0.2.5\n',
  'self.inc': 's A 192.0.2.4\n$INCLUDE self.inc\n',
  'circle-a.inc': '$INCLUDE circle-b.inc\n',
  'circle-b.inc': '$INCLUDE circle-a.inc\n',
  'broken.inc': 'x A secret-word\n',
};
