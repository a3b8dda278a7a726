// Why there is no connection to a member, from what gRPC says of it: its text has OpenSSL's function names and file lines, and
// says of a certificate neither whose it is nor which side refuses it.

const known: readonly (readonly [RegExp, string])[] = [
  [
    /alert (?:bad certificate|unknown ca|certificate|access denied)/i,
    'the member refuses the certificate of this node, or it has none',
  ],
  [/unable to verify|self.signed|unable to get|signature failure/i, 'the certificate of the member is of another CA'],
  [/altnames/i, 'the certificate of the member is for another address'],
  [/certificate has expired|not yet valid/i, 'the certificate of the member has expired, or is not valid yet'],
  [/before secure TLS|wrong version number|packet length/i, 'the member ended the TLS handshake, or speaks no TLS'],
  [/ECONNREFUSED/, 'nothing listens there (ECONNREFUSED)'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no route to it'],
  [/Name resolution failed|ENOTFOUND|EAI_AGAIN/, 'its name is not found in DNS'],
  [/Failed to connect/, 'it closed the connection at once; a member with TLS needs https:// in its URL'],
];

/** One line for a person. */
export function connectionTrouble(details: string): string {
  const found = known.find(([form]) => form.test(details));
  if (found !== undefined) return found[1];
  const [, last = details] =
    /Last error: (?:Error: )?(.*?)(?: \(\d{4}-[^)]*\))?\.? Resolution note:/s.exec(details) ?? [];
  return last.replaceAll(/\s+/g, ' ').trim();
}
