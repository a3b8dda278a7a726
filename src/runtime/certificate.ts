// A certificate and its key, read from PEM files and read again when the files change. What is read is checked as a whole before it
// is used: that both can be parsed, that they belong together, and that OpenSSL takes them; otherwise one sentence has
// what is wrong with which file. At a bad reload the last good pair stays in use.
// Files are looked at by `stat` (file-state.ts). They are read once they have been the same for
// two looks, since certificate and key are replaced one after the other.
// Limits: `fileOctetsMax`. Keys with a passphrase are refused, because there is no prompt at a server. An expired certificate is
// taken at the start, with `expiresAtMs` in the past, since a restart should not make things worse; clients refuse it.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { fileCheckMs, fileState } from './file-state.ts';

export interface CertificateFiles {
  /** The certificate and the intermediate ones after it. */
  readonly cert: string;
  readonly key: string;
  /** Certificates of the authorities that client certificates are checked with. */
  readonly clientCa?: string | undefined;
}

/** What `tls.createServer` and `setSecureContext` take, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  readonly expiresAtMs: number;
  /** `DNS:a.example, IP Address:10.0.0.7`, as OpenSSL prints it; empty where it has none. */
  readonly names: string;
}

export interface CertificateEvents {
  readonly onReload: (certificate: Certificate) => void;
  /** Once for each state of the files; the last good certificate stays in use. */
  readonly onProblem: (problem: string) => void;
}

/** A chain has some certificates of two kilobytes; an authority file of a whole system has 250 kB. */
const fileOctetsMax = 1024 * 1024;

export function readCertificate(files: CertificateFiles): Certificate | { readonly problem: string } {
  const cert = readPem(files.cert);
  if (typeof cert !== 'string') return cert;
  const key = readPem(files.key);
  if (typeof key !== 'string') return key;
  const clientCa = files.clientCa === undefined ? undefined : readPem(files.clientCa);
  if (typeof clientCa === 'object') return clientCa;
  const leaf = parsed(() => new X509Certificate(cert));
  if (leaf === undefined) return { problem: `${files.cert} holds no certificate in PEM` };
  const privateKey = parsed(() => createPrivateKey(key));
  if (privateKey === undefined) {
    const isLocked = key.includes('ENCRYPTED');
    return {
      problem: `${files.key} ${isLocked ? 'has a passphrase; store the key without' : 'holds no private key in PEM'}`,
    };
  }
  if (!leaf.checkPrivateKey(privateKey)) {
    return { problem: `the key in ${files.key} is not the key of the certificate in ${files.cert}` };
  }
  if (clientCa !== undefined && parsed(() => new X509Certificate(clientCa)) === undefined)
    return { problem: `${files.clientCa} holds no certificate in PEM` };
  try {
    createSecureContext({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) });
  } catch (error) {
    return { problem: `OpenSSL does not take the certificate in ${files.cert}: ${(error as Error).message}` };
  }
  return { cert, key, clientCa, expiresAtMs: Date.parse(leaf.validTo), names: leaf.subjectAltName ?? '' };
}

export class CertificateSource {
  readonly #files: CertificateFiles;
  readonly #events: CertificateEvents[] = [];
  #current: Certificate;
  /** The state of the files that `#current`, or the last problem, is of. */
  #readState: string;
  #seenState: string;
  #isFailing = false;
  #timer: NodeJS.Timeout | undefined;

  readonly #wallMs: () => number;

  private constructor(files: CertificateFiles, state: string, current: Certificate, wallMs: () => number) {
    this.#files = files;
    this.#wallMs = wallMs;
    this.#readState = state;
    this.#seenState = state;
    this.#current = current;
  }

  /** Reads the files, or returns in a sentence what is wrong with them. */
  static open(
    files: CertificateFiles,
    wallMs: () => number = Date.now,
  ): CertificateSource | { readonly problem: string } {
    const state = stateOf(files);
    const certificate = readCertificate(files);
    return 'problem' in certificate ? certificate : new CertificateSource(files, state, certificate, wallMs);
  }

  get current(): Certificate {
    return this.#current;
  }

  /** What the files hold now was refused; `current` is from before. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Listeners are called in the order in which they were added. */
  on(events: CertificateEvents): void {
    this.#events.push(events);
  }

  /** Looks at the files, and reads them where they have changed and were the same at the last look. */
  check(): void {
    const state = stateOf(this.#files);
    const isSettled = state === this.#seenState;
    this.#seenState = state;
    if (isSettled && state !== this.#readState) this.#read(state);
  }

  /** Reads the files now, changed or not: for SIGHUP. */
  reload(): void {
    this.#read(stateOf(this.#files));
  }

  /** Checks every `fileCheckMs` from now on; keeps no process alive. */
  watch(): void {
    this.#timer ??= setInterval(() => this.check(), fileCheckMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #read(state: string): void {
    this.#readState = state;
    this.#seenState = state;
    const next = readCertificate(this.#files);
    const problem = 'problem' in next ? next.problem : this.#expiry(next);
    this.#isFailing = problem !== undefined;
    if (problem !== undefined) {
      for (const { onProblem } of this.#events) onProblem(problem);
    } else if (!('problem' in next) && !isSame(next, this.#current)) {
      this.#current = next;
      for (const { onReload } of this.#events) onReload(next);
    }
  }

  /** Why a certificate is worse than the one in use. */
  #expiry({ expiresAtMs }: Certificate): string | undefined {
    const nowMs = this.#wallMs();
    if (expiresAtMs > nowMs || this.#current.expiresAtMs <= nowMs) return undefined;
    return `the certificate in ${this.#files.cert} expired on ${new Date(expiresAtMs).toISOString()}, the one in use has not`;
  }
}

function isSame(one: Certificate, other: Certificate): boolean {
  return one.cert === other.cert && one.key === other.key && one.clientCa === other.clientCa;
}

function readPem(path: string): string | { readonly problem: string } {
  try {
    const found = statSync(path);
    if (!found.isFile()) return { problem: `${path} is not a file` };
    if (found.size > fileOctetsMax) return { problem: `${path} has more than ${fileOctetsMax} octets` };
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = reasons.get(code ?? '') ?? message;
    return { problem: `cannot read ${path}: ${reason}` };
  }
}

const reasons = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'permission denied'],
]);

function parsed<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** Changes whenever one of the files does, or a link on the way to it. */
function stateOf({ cert, key, clientCa }: CertificateFiles): string {
  return [cert, key, clientCa].map((path) => (path === undefined ? '' : fileState(path))).join(' ');
}
