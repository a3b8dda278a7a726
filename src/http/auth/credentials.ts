// From what a caller shows to a principal: secrets by their SHA-256, certificates by name, JWTs by jwt-verifier.ts, and
// the short tokens that a log-in was given. The entries may change while the server runs: a principal whose entry is the
// same stays the same object, all others are over, and what is open in their name ends (open-calls.ts).
// A secret is looked up by its digest: who does not know a secret cannot steer what is compared with what.

import { hash } from 'node:crypto';
import type { Credential, CredentialSource, JwtRule } from '../../model/credential.ts';
import {
  allRights,
  GrantedPrincipal,
  type Principal,
  type Right,
  unauthenticated,
  unrestricted,
} from '../../model/principal.ts';
import { ShortTokens } from './short-tokens.ts';

export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

/** `expired`: the secret is right, and its time is over. */
export type KnownSecret =
  | { readonly kind: 'known'; readonly principal: Principal }
  | { readonly kind: 'expired'; readonly name: string }
  | undefined;

export interface CredentialsDeps {
  /** With all rights each. */
  readonly tokens: readonly NamedToken[];
  readonly source?: CredentialSource | undefined;
  /** Undefined: all where there are no credentials, none where there are. */
  readonly anonymousRights?: readonly Right[] | undefined;
  readonly wallMs: () => number;
}

/** An entry whose tokens an issuer signs. */
export interface JwtEntry {
  readonly name: string;
  readonly rule: JwtRule;
  /** Its rights; a caller's own principal ends with it. */
  readonly principal: GrantedPrincipal;
}

export class Credentials {
  readonly #deps: CredentialsDeps;
  readonly #listeners: (() => void)[] = [];
  /** By all that makes them what they are. */
  #made = new Map<string, GrantedPrincipal>();
  #bySecret = new Map<string, GrantedPrincipal>();
  #byCertificate = new Map<string, GrantedPrincipal>();
  #jwtEntries: readonly JwtEntry[] = [];
  /** What certificates that no entry names have; another object when that changes. */
  #unlisted: GrantedPrincipal;
  /** Of callers without credentials. */
  readonly anonymous: Principal;
  /** There are no credentials: every caller is anonymous. */
  readonly isOpen: boolean;
  readonly shortTokens: ShortTokens;

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
    this.isOpen = deps.tokens.length === 0 && deps.source === undefined;
    this.anonymous = anonymousOf(deps.anonymousRights, this.isOpen);
    this.shortTokens = new ShortTokens(deps.wallMs);
    this.#unlisted = this.#ofUnlisted(false);
    this.#load();
    deps.source?.onChange(() => {
      this.#load();
      for (const listener of this.#listeners) listener();
    });
  }

  /** Called when principals may have come to their end. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get jwtEntries(): readonly JwtEntry[] {
    return this.#jwtEntries;
  }

  bySecret(secret: string): KnownSecret {
    const wallMs = this.#deps.wallMs();
    const principal = this.#bySecret.get(digestOf(secret)) ?? this.shortTokens.find(secret);
    if (principal === undefined) return undefined;
    return principal.isOver(wallMs) ? { kind: 'expired', name: principal.name } : { kind: 'known', principal };
  }

  /** Of a certificate that TLS has verified. */
  byCertificate(name: string): Principal {
    const listed = this.#byCertificate.get(name);
    if (listed !== undefined && !listed.isOver(this.#deps.wallMs())) return listed;
    const under = this.#unlisted;
    return new GrantedPrincipal('certificate', name, under.grants, { under });
  }

  /** For fronts whose clients log in with a name and a secret. */
  byNameAndSecret(name: string, secret: string): Principal | undefined {
    if (this.isOpen) return this.anonymous;
    const found = this.bySecret(secret);
    return found?.kind === 'known' && found.principal.name === name ? found.principal : undefined;
  }

  #load(): void {
    const { tokens, source } = this.#deps;
    const before = this.#made;
    this.#made = new Map();
    this.#bySecret = new Map(tokens.map(({ name, token }) => [digestOf(token), this.#full(name, before)]));
    this.#byCertificate = new Map();
    const jwtEntries: JwtEntry[] = [];
    const { credentials = [], isListed = false } = source?.current ?? {};
    for (const one of credentials) {
      const { name, proof } = one;
      if (proof.kind === 'certificate')
        this.#byCertificate.set(proof.certificate, this.#principal('certificate', proof.certificate, one, before));
      else if (proof.kind === 'jwt')
        jwtEntries.push({ name, rule: proof.jwt, principal: this.#principal('jwt', name, one, before) });
      else {
        for (const { sha256, untilMs } of proof.secrets)
          this.#bySecret.set(sha256, this.#principal('token', name, one, before, `${sha256} ${untilMs}`, untilMs));
      }
    }
    this.#jwtEntries = jwtEntries;
    const unlisted = `unlisted ${String(isListed)}`;
    this.#unlisted = before.get(unlisted) ?? this.#ofUnlisted(isListed);
    this.#made.set(unlisted, this.#unlisted);
    for (const [key, principal] of before) if (!this.#made.has(key)) principal.revoke();
  }

  #ofUnlisted(isListed: boolean): GrantedPrincipal {
    return new GrantedPrincipal('certificate', '', isListed ? this.anonymous.grants : allRights);
  }

  #full(name: string, before: ReadonlyMap<string, GrantedPrincipal>): GrantedPrincipal {
    const principal = before.get(`full ${name}`) ?? new GrantedPrincipal('token', name, allRights);
    this.#made.set(`full ${name}`, principal);
    return principal;
  }

  #principal(
    kind: 'token' | 'certificate' | 'jwt',
    name: string,
    { name: entry, proof, grants, expiresAtMs, instancesMax }: Credential,
    before: ReadonlyMap<string, GrantedPrincipal>,
    secret = '',
    untilMs?: number,
  ): GrantedPrincipal {
    const what = proof.kind === 'secret' ? secret : proof;
    const key = JSON.stringify([kind, entry, what, grants, expiresAtMs, instancesMax]);
    const ends = [expiresAtMs, untilMs].filter((ms) => ms !== undefined);
    const made =
      before.get(key) ??
      new GrantedPrincipal(kind, name, grants, {
        expiresAtMs: ends.length === 0 ? undefined : Math.min(...ends),
        quota: instancesMax === undefined ? undefined : { entry, instancesMax },
      });
    this.#made.set(key, made);
    return made;
  }
}

function anonymousOf(rights: readonly Right[] | undefined, isOpen: boolean): Principal {
  if (rights === undefined) return isOpen ? unrestricted('anonymous') : unauthenticated;
  return rights.length === 0 ? unauthenticated : new GrantedPrincipal('anonymous', '', [{ rights }]);
}

function digestOf(secret: string): string {
  return hash('sha256', secret);
}
