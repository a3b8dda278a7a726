// What is wrong between this node and etcd, in a sentence that names the remedy where there is one: for the log, /readyz,
// `rollcall nodes` and the replies to writes that cannot be taken.

import type { Fault } from '../engine.ts';

/** In messages of TLS and of gRPC about it. */
const certificateTrouble = /certificate|CERT_|self.signed|unable to verify|altname|handshake|SSL routines|\bTLS\b/i;

export function faultSentence({ fault, detail }: Fault): string {
  switch (fault) {
    case 'no-space':
      return "etcd's disk quota is used up: compact, defragment, and disarm the alarm (etcdctl alarm disarm)";
    case 'denied':
      return `etcd does not permit it (${detail}): check clusterEtcdUser and clusterEtcdPasswordFile or the CN of clusterEtcdCert, and that its role has readwrite on the prefix`;
    case 'unavailable':
      return certificateTrouble.test(detail)
        ? `${detail}: check clusterEtcdCa, clusterEtcdCert and clusterEtcdKey, and the certificate of that member`
        : detail;
    default:
      return detail;
  }
}
