// What every TLS listener speaks, HTTPS and DNS over TLS alike (RFC 9325): TLS 1.2 and 1.3, with forward secrecy and
// authenticated encryption only, no renegotiation, the server's order of ciphers.

import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';

const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

export const tlsPolicy = {
  minVersion: 'TLSv1.2',
  ciphers,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
} as const satisfies SecureContextOptions;
