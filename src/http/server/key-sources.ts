// The public keys of issuers (JWK sets, RFC 7517), from a file or a URL, kept in memory. They are read when the first
// token comes, again every ten minutes, and when a token names a key that is not among them, but not more often than every
// half minute whatever comes. While an issuer is away its last keys stay: tokens that it has signed go on.
// Limits: `octetsMax` a set, `keysMax` keys of it, `timeoutMs` a fetch; no redirects.

import { open } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from 'jose';
import type { KeySet } from '../../model/credential.ts';

export interface KeySourcesDeps {
  readonly monotonicMs: () => number;
  /** What can be read of a file or a URL; for tests. */
  readonly read?: (keys: KeySet) => Promise<string>;
  /** Called when keys cannot be read, and when they can again (no problem). */
  readonly onState?: (at: string, problem: string | undefined) => void;
}

const refreshMs = 600_000;
const retryMs = 30_000;
const timeoutMs = 5000;
const octetsMax = 256 * 1024;
const keysMax = 100;

export class KeySources {
  readonly #deps: KeySourcesDeps;
  readonly #sources = new Map<string, KeySource>();

  constructor(deps: KeySourcesDeps) {
    this.#deps = deps;
  }

  of(keys: KeySet): KeySource {
    const name = JSON.stringify(keys);
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = new KeySource(keys, this.#deps);
      this.#sources.set(name, source);
    }
    return source;
  }

  /** Forgets those that no entry names any more. */
  keepOnly(used: readonly KeySet[]): void {
    const names = new Set(used.map((keys) => JSON.stringify(keys)));
    for (const name of this.#sources.keys()) if (!names.has(name)) this.#sources.delete(name);
  }
}

export class KeySource {
  readonly #keys: KeySet;
  readonly #deps: KeySourcesDeps;
  #set: LocalJWKSet | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #isFailing = false;

  constructor(keys: KeySet, deps: KeySourcesDeps) {
    this.#keys = keys;
    this.#deps = deps;
  }

  /** The key that a token names; throws as jose does. */
  async keyFor(header: JWSHeaderParameters, jws: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#set === undefined) await this.#refresh(retryMs);
    // What is known is enough meanwhile.
    else void this.#refresh(this.#isFailing ? retryMs : refreshMs);
    if (this.#set === undefined) throw new errors.JWKSTimeout();
    try {
      return await this.#set(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const before = this.#set;
      await this.#refresh(retryMs);
      if (this.#set === before) throw error;
      return await this.#set(header, jws);
    }
  }

  /** Reads the keys again where the last attempt is so long ago; never throws. */
  #refresh(afterMs: number): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    const nowMs = this.#deps.monotonicMs();
    if (nowMs - this.#triedAtMs < afterMs) return Promise.resolve();
    this.#triedAtMs = nowMs;
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      this.#set = createLocalJWKSet(keySetOf(await (this.#deps.read ?? readKeys)(this.#keys)));
      if (this.#isFailing) this.#deps.onState?.(this.#keys.at, undefined);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#deps.onState?.(this.#keys.at, (error as Error).message);
      this.#isFailing = true;
    }
  }
}

/** Public keys alone: a shared key in a set that all can read would let all sign. */
function keySetOf(text: string): JSONWebKeySet {
  const set = JSON.parse(text) as { readonly keys?: unknown } | null;
  if (!Array.isArray(set?.keys)) throw new Error('there is no list "keys" in it');
  const isPublic = (key: unknown) =>
    typeof key === 'object' && key !== null && ['RSA', 'EC', 'OKP'].includes((key as { kty?: string }).kty ?? '');
  const keys = set.keys.filter(isPublic).slice(0, keysMax) as JSONWebKeySet['keys'];
  if (keys.length === 0) throw new Error('there is no public key in it');
  return { keys };
}

async function readKeys({ at, ca, bearerFile }: KeySet): Promise<string> {
  if (!/^https?:\/\//i.test(at)) return readText(at);
  const [authority, bearer] = await Promise.all([
    ca === undefined ? undefined : readText(ca),
    bearerFile === undefined ? undefined : readText(bearerFile),
  ]);
  return fetchText(at, authority, bearer?.trim());
}

async function readText(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > octetsMax) throw new Error(`${path} has more than ${octetsMax} octets`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function fetchText(url: string, ca: string | undefined, bearer: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = {
      accept: 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    };
    const options = { headers, signal, agent: false as const, ...(ca === undefined ? {} : { ca }) };
    const call = (/^https:/i.test(url) ? requestHttps : requestHttp)(url, options, (response) => {
      if (response.statusCode !== 200) {
        response.destroy();
        reject(new Error(`the answer has the status ${response.statusCode}`));
        return;
      }
      let [text, octets] = ['', 0];
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        octets += part.length;
        text += part;
        if (octets > octetsMax) response.destroy(new Error(`it has more than ${octetsMax} octets`));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}
