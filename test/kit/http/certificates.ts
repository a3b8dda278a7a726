// Certificates of a test's own: an authority, and what it signs. Made by openssl, in a folder of their own.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../process/program.ts';
import { scratch } from '../process/scratch.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  readonly #folder: string;
  #serial = 1;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Authority> {
    const authority = new Authority(scratch({ 'san.cnf': 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' }));
    await authority.#openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem'],
    );
    return authority;
  }

  get ca(): string {
    return join(this.#folder, 'ca.pem');
  }

  /** For a server at 127.0.0.1 or a client: `name` is its common name. One of fewer than 0 days has expired. */
  async sign(name: string, { days = 2 }: { readonly days?: number } = {}): Promise<Certificate> {
    await this.#openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.csr`],
    );
    await this.#openssl(
      ...[
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-set_serial',
        String(++this.#serial),
      ],
      ...['-days', String(days), '-extfile', 'san.cnf', '-out', `${name}.pem`],
    );
    return { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
  }

  /** The key with a passphrase. */
  async lock(key: string): Promise<string> {
    await this.#openssl('pkcs8', '-topk8', '-in', key, '-out', `${key}.locked`, '-passout', 'pass:secret');
    return `${key}.locked`;
  }

  async #openssl(...args: readonly string[]): Promise<void> {
    await output('openssl', args, { cwd: this.#folder });
  }
}

export function read({ cert, key }: Certificate): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
