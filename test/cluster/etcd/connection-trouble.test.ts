// Texts as @grpc/grpc-js 1.x gives them, of connections to real members.

import { describe, expect, test } from 'vitest';
import { connectionTrouble } from '../../../src/cluster/etcd/connection-trouble.ts';
import { faultSentence } from '../../../src/cluster/nodes/fault-sentence.ts';

const grpc = (last: string) => `No connection established. Last error: ${last}. Resolution note: `;
const alert = (what: string, number: number) =>
  grpc(
    `402322A9687F0000:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert ${what}:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number ${number}\n (2026-11-29T10:55:27.312Z)`,
  );

describe('why there is no connection', () => {
  test.each([
    ['this node', alert('bad certificate', 42)],
    ['this node', alert('certificate required', 116)],
    ['this node', alert('unknown ca', 48)],
    [
      'another CA',
      grpc('Error: unable to verify the first certificate; if the root CA is installed locally, try running'),
    ],
    ['another CA', grpc('Error: self-signed certificate in certificate chain')],
    [
      'another address',
      grpc("Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: IP: 10.9.9.9"),
    ],
    ['expired', grpc('Error: certificate has expired')],
    ['TLS', grpc('Error: Client network socket disconnected before secure TLS connection was established')],
  ])('names the certificate: %s', (what, details) => {
    const trouble = connectionTrouble(details);
    expect(trouble).toContain(what);
    expect(trouble).not.toMatch(/SSL routines|\n/);
    expect(faultSentence({ fault: 'unavailable', detail: trouble, sent: false })).toContain('clusterEtcdCa');
  });

  test('has one line of what is not known, without what gRPC puts around it', () => {
    expect(connectionTrouble(grpc('Error: read ECONNRESET\n 10.0.0.1:2380'))).toBe('read ECONNRESET 10.0.0.1:2380');
    expect(connectionTrouble('no leader')).toBe('no leader');
    expect(connectionTrouble(grpc('Error: connect EHOSTUNREACH 10.0.0.1:2380'))).toContain('route');
    expect(connectionTrouble('Name resolution failed for target dns:etcd.internal:2379')).toContain('DNS');
    expect(connectionTrouble(grpc('Failed to connect (2026-11-29T10:55:27.358Z)'))).toContain('https://');
  });
});
