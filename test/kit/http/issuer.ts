// An issuer of JWTs: it signs what a test asks for, shows its public keys, and can be away.

import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import type { KeySet } from '../../../src/model/credential.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

export class Issuer {
  readonly name: string;
  readonly #nowMs: () => number;
  readonly #public: JWK[] = [];
  #keys: Keys | undefined;
  #kid = '';
  isAway = false;
  /** Answers nothing until `release`. */
  isHanging = false;
  /** What it answers instead of its keys. */
  answer: string | undefined;
  #released: () => void = () => undefined;
  /** How often its keys were read. */
  reads = 0;

  private constructor(name: string, nowMs: () => number) {
    this.name = name;
    this.#nowMs = nowMs;
  }

  static async open(name: string, nowMs: () => number): Promise<Issuer> {
    const issuer = new Issuer(name, nowMs);
    await issuer.rotate();
    return issuer;
  }

  /** Signs with a new key from now on; those before are shown on. */
  async rotate(): Promise<void> {
    this.#kid = `key-${this.#public.length + 1}`;
    this.#keys = await generateKeyPair('ES256');
    this.#public.push({ ...(await exportJWK(this.#keys.publicKey)), kid: this.#kid, alg: 'ES256', use: 'sig' });
  }

  get publicKeys(): readonly JWK[] {
    return this.#public;
  }

  /** As `HttpDeps.readKeys`. */
  readonly read = async (_keys: KeySet): Promise<string> => {
    this.reads++;
    if (this.isAway) throw new Error('connection refused');
    if (this.isHanging)
      await new Promise<void>((resolve) => {
        this.#released = resolve;
      });
    return this.answer ?? JSON.stringify({ keys: this.#public });
  };

  release(): void {
    this.#released();
  }

  /** A token as an issuer should make it; `claims` are put over its own, undefined leaves one out. */
  async token(claims: JWTPayload = {}, ttlSeconds = 600): Promise<string> {
    const now = Math.floor(this.#nowMs() / 1000);
    const all = {
      iss: this.name,
      aud: 'rollcall',
      sub: 'system:serviceaccount:prod:orders',
      iat: now,
      exp: now + ttlSeconds,
      ...claims,
    };
    const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'ES256', kid: this.#kid })
      .sign((this.#keys as Keys).privateKey);
  }
}
