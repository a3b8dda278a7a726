// What callers show to be known, and what that allows: the entries of the token file, after they were read. A secret is
// here as its SHA-256 alone. One entry has one proof; a key of DNS UPDATE (TSIG) will be one more kind of it.

import type { Grant } from './principal.ts';

export interface SecretDigest {
  /** SHA-256 of the secret, 64 hexadecimal digits of lower case. */
  readonly sha256: string;
  /** Wall-clock milliseconds at which it stops to count, for a secret that another has replaced. */
  readonly untilMs: number | undefined;
}

export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** Where the public keys of an issuer of JWTs are. */
export interface KeySet {
  /** `https://…`, `http://127.0.0.1…`, or the path of a file. */
  readonly at: string;
  /** Path of the authorities that the server of the URL is checked with; undefined: those of Node. */
  readonly ca: string | undefined;
  /** Path of a bearer token that the server of the URL wants; read again at each fetch. */
  readonly bearerFile: string | undefined;
}

export interface JwtRule {
  readonly issuer: string;
  /** One of them has to be in the token. */
  readonly audiences: readonly string[];
  readonly keys: KeySet;
  readonly algorithms: readonly SignatureAlgorithm[];
  /** How far clocks may be apart. */
  readonly toleranceSeconds: number;
  /** Patterns by claim, all of which hold; `a/b` is the member b of the claim a. */
  readonly claims: Readonly<Record<string, string>>;
}

export type Proof =
  | { readonly kind: 'secret'; readonly secrets: readonly SecretDigest[] }
  /** The name in a client certificate. */
  | { readonly kind: 'certificate'; readonly certificate: string }
  | { readonly kind: 'jwt'; readonly jwt: JwtRule };

export interface Credential {
  readonly name: string;
  readonly proof: Proof;
  readonly grants: readonly Grant[];
  /** Wall-clock milliseconds. */
  readonly expiresAtMs: number | undefined;
  readonly instancesMax: number | undefined;
}

export interface CredentialList {
  readonly credentials: readonly Credential[];
  /** A client certificate that no entry names has the rights of anonymous callers; otherwise all rights. */
  readonly isListed: boolean;
}

/** The entries in force, which may change while the server runs. */
export interface CredentialSource {
  readonly current: CredentialList;
  onChange(listener: () => void): void;
}
