// The public keys of issuers (JWK sets, RFC 7517), from a file or a URL, kept in memory. They are read when the first
// token comes, again every ten minutes, and when a token names a key that is not among them, but not more often than every
// half minute whatever comes. While an issuer is unreachable its last keys stay: tokens that it has signed go on.
// Limits: `keysMax` keys of a set; one is read at a time; those of key-reading.ts.

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
import { readKeySet } from './key-reading.ts';

export interface KeySourcesDeps {
  readonly monotonicMs: () => number;
  /** What can be read of a file or a URL; for tests. */
  readonly read?: (keys: KeySet) => Promise<string>;
  /** Called when keys cannot be read, and when they can again (no problem). */
  readonly onState?: (at: string, problem: string | undefined) => void;
}

const refreshMs = 600_000;
const retryMs = 30_000;
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

  /** The key that a token names; throws as jose does, JWKSTimeout where the keys cannot be read. */
  async keyFor(header: JWSHeaderParameters, jws: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#set === undefined) await this.#refresh(retryMs);
    // What is known is enough meanwhile.
    else void this.#refresh(this.#isFailing ? retryMs : refreshMs);
    // The one that is asked: reading may put another in its place meanwhile.
    const before = this.#set;
    if (before === undefined) throw new errors.JWKSTimeout();
    try {
      return await before(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh(retryMs);
      const now = this.#set;
      if (now === undefined || now === before) throw this.#isFailing ? new errors.JWKSTimeout() : error;
      return await now(header, jws);
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
      this.#set = createLocalJWKSet(keySetOf(await (this.#deps.read ?? readKeySet)(this.#keys)));
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
  const set = jsonOf(text);
  if (!Array.isArray(set?.keys)) throw new Error('there is no list "keys" in it');
  const isPublic = (key: unknown) =>
    typeof key === 'object' && key !== null && ['RSA', 'EC', 'OKP'].includes((key as { kty?: string }).kty ?? '');
  const keys = set.keys.filter(isPublic).slice(0, keysMax) as JSONWebKeySet['keys'];
  if (keys.length === 0) throw new Error('there is no public key in it');
  return { keys };
}

/** Without what the library would repeat of the text. */
function jsonOf(text: string): { readonly keys?: unknown } | null {
  try {
    return JSON.parse(text) as { readonly keys?: unknown } | null;
  } catch {
    throw new Error('it is not JSON');
  }
}
