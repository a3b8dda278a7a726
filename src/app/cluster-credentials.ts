// The files of a cluster's secrets: certificates for etcd and the other nodes, the token of the nodes, the password of etcd.
// Read when they are used, so that renewed ones count; what is wrong with one is an error with its name.

import type { PeerCredentials } from '../cluster/peer-link/credentials.ts';
import type { Config } from '../config/config.ts';
import { readFile } from '../config/read-file.ts';

export function credentialsOf(config: Config): PeerCredentials {
  const { clusterTokenFile: file } = config;
  const token = file === '' ? undefined : textOf(file).trim();
  if (token !== undefined && !/^[!-~]{16,512}$/.test(token))
    throw new Error(`${file} must hold 16 to 512 printable ASCII characters without blanks`);
  const { ca, cert, key } = tlsOf(config);
  const isMutual = ca !== undefined && cert !== undefined && key !== undefined;
  return { token, tls: isMutual ? { ca, cert, key } : undefined };
}

/** A pipe or a device is refused and not waited for (config/read-file.ts). */
export function textOf(path: string): string {
  const file = readFile(path);
  if (file.kind === 'text') return file.text;
  throw new Error(`cannot read ${path}: ${file.kind === 'missing' ? 'there is no such file' : file.reason}`);
}

/** The files that are named. */
export function tlsOf({ clusterEtcdCa: ca, clusterEtcdCert: cert, clusterEtcdKey: key }: Config) {
  const read = (path: string): Buffer | undefined => (path === '' ? undefined : Buffer.from(textOf(path)));
  return { ca: read(ca), cert: read(cert), key: read(key) };
}
