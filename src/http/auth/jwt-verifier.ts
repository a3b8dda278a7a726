// JSON Web Tokens (RFC 7519) of issuers that the token file names: service accounts of Kubernetes, clients of OpenID
// Connect. The signature is checked by jose against the public keys of the issuer, with the algorithms of the entry
// alone; so `none`, and a shared secret made of a public key, are never taken. A token without an expiry is refused. The
// first entry whose issuer, audience and claims match gives the caller's rights.
// Limits: `tokenCharactersMax`; `verifiedMax` tokens that were right are remembered until they expire, so that a renewal
// does not check a signature.

import { hash } from 'node:crypto';
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { GrantedPrincipal, type Principal } from '../../model/principal.ts';
import { printable } from '../../model/problem.ts';
import { matches } from '../../model/scope.ts';
import type { Credentials, JwtEntry } from './credentials.ts';
import type { KeySources } from './key-sources.ts';

export type Verified =
  | { readonly kind: 'known'; readonly principal: Principal }
  /** `reason` follows "the token". */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nothing is known of the token: the keys of its issuer cannot be read. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface JwtVerifierDeps {
  readonly credentials: Pick<Credentials, 'jwtEntries'>;
  readonly keys: KeySources;
  readonly wallMs: () => number;
}

/** Kubernetes: 1 KB; with many groups of a directory several. Node's limit for all headers is 16 KB. */
const tokenCharactersMax = 8192;
const verifiedMax = 10_000;
const subjectCharactersMax = 128;

export class JwtVerifier {
  readonly #deps: JwtVerifierDeps;
  readonly #verified = new LRUCache<string, Principal>({ max: verifiedMax });

  constructor(deps: JwtVerifierDeps) {
    this.#deps = deps;
  }

  /** Whether a secret has the form of a JWT, and there are entries for some. */
  isOne(token: string): boolean {
    return this.#deps.credentials.jwtEntries.length > 0 && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
  }

  /** One that was right before, and still is. */
  known(token: string): Principal | undefined {
    if (token.length > tokenCharactersMax || !this.isOne(token)) return undefined;
    const key = hash('sha256', token);
    const principal = this.#verified.get(key);
    if (principal?.isOver(this.#deps.wallMs()) !== true) return principal;
    this.#verified.delete(key);
    return undefined;
  }

  async verify(token: string): Promise<Verified> {
    if (token.length > tokenCharactersMax) return refused(`is longer than ${tokenCharactersMax} characters`);
    const issuer = issuerOf(token);
    const entries = this.#deps.credentials.jwtEntries.filter(({ rule }) => rule.issuer === issuer);
    if (entries.length === 0) return refused('is of an issuer that this server does not know');
    const payloads = new Map<string, Promise<JWTPayload | string>>();
    let reason = 'has claims that no entry takes';
    for (const entry of entries) {
      const { keys, algorithms, toleranceSeconds } = entry.rule;
      // Of the same for a whole team of entries one signature is checked.
      const way = JSON.stringify([keys, algorithms, toleranceSeconds]);
      const checked = payloads.get(way) ?? this.#checked(token, entry);
      payloads.set(way, checked);
      const payload = await checked;
      if (typeof payload === 'string') reason = reason === keysAway ? reason : payload;
      else if (!hasAudience(payload, entry.rule.audiences))
        reason = reason === keysAway ? reason : 'is for another audience';
      else if (haveClaims(payload, entry.rule.claims)) return this.#principal(token, entry, payload);
    }
    return reason === keysAway ? { kind: 'unavailable', reason } : refused(reason);
  }

  /** The claims of a token that is signed and in force; else why not. */
  async #checked(token: string, { rule }: JwtEntry): Promise<JWTPayload | string> {
    const source = this.#deps.keys.of(rule.keys);
    try {
      const { payload } = await jwtVerify(token, (header, jws) => source.keyFor(header, jws), {
        algorithms: [...rule.algorithms],
        issuer: rule.issuer,
        clockTolerance: rule.toleranceSeconds,
        currentDate: new Date(this.#deps.wallMs()),
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #principal(token: string, { name, rule, principal: under }: JwtEntry, { sub, exp }: JWTPayload): Verified {
    const expiresAtMs = ((exp as number) + rule.toleranceSeconds) * 1000;
    const who = sub === undefined ? name : `${name}/${printable(sub).slice(0, subjectCharactersMax)}`;
    const principal = new GrantedPrincipal('jwt', who, under.grants, { expiresAtMs, quota: under.quota, under });
    this.#verified.set(hash('sha256', token), principal);
    return principal.isOver(this.#deps.wallMs()) ? refused('has expired') : { kind: 'known', principal };
  }
}

function refused(reason: string): Verified {
  return { kind: 'refused', reason };
}

/** As in the token, which is not verified yet. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function hasAudience({ aud }: JWTPayload, audiences: readonly string[]): boolean {
  const given = typeof aud === 'string' ? [aud] : (aud ?? []);
  return given.some((one) => audiences.includes(one));
}

function haveClaims(payload: JWTPayload, claims: Readonly<Record<string, string>>): boolean {
  return Object.entries(claims).every(([claim, pattern]) => {
    const value = claimAt(payload, claim);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((one) => ['string', 'number', 'boolean'].includes(typeof one) && matches(pattern, String(one)));
  });
}

/** `kubernetes.io/namespace`: a claim of this name, else the member `namespace` of `kubernetes.io`. */
function claimAt(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const members = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, path)) return members[path];
  const slash = path.indexOf('/');
  const first = path.slice(0, slash);
  return slash < 0 || !Object.hasOwn(members, first) ? undefined : claimAt(members[first], path.slice(slash + 1));
}

const keysAway = 'cannot be checked at present: the keys of its issuer cannot be read';

/** Our text: nothing from the library or the issuer gets into a reply. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    return claim === 'nbf'
      ? 'does not count yet'
      : `has no good claim "${/^[a-z]{3}$/.test(claim) ? claim : 'of the standard'}"`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed with an algorithm that its entry does not take';
  if (error instanceof errors.JWKSNoMatchingKey) return 'is signed with a key that its issuer does not show';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has a wrong signature';
  if (error instanceof errors.JWKSTimeout) return keysAway;
  return 'is not a JWT that can be checked';
}
