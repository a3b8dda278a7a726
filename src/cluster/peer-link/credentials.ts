// How nodes know each other: a certificate of the cluster's CA on both sides, or a token that all of them have.

import { timingSafeEqual } from 'node:crypto';

export interface PeerCredentials {
  readonly token: string | undefined;
  readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/** Whether an `Authorization` header shows the token. Without one the certificate is enough. */
export function isShown({ token }: PeerCredentials, header: string | undefined): boolean {
  if (token === undefined) return true;
  const [given, wanted] = [Buffer.from(header ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
