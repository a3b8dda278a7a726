// One entry of the token file: a name, one credential (`token`, `sha256`, `certificate` or `jwt`), what it allows, and until
// when. A `token` is kept as its SHA-256, which `rollcall token new` prints for the file in the first place. `previous` are
// secrets that a newer one has replaced and that count until a time, so that a secret can be changed without an outage.
// Limits: named below; no message repeats a value.

import { hash } from 'node:crypto';
import Value from 'typebox/value';
import {
  type Credential,
  type JwtRule,
  type Proof,
  type SecretDigest,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from '../model/credential.ts';
import { type Grant, Right } from '../model/principal.ts';
import { tokenNameRule, tokenRule, tokenSchema } from './settings.ts';

export interface EntryFault {
  /** Of the field. */
  readonly path: readonly (string | number)[];
  /** Follows the field. */
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Path = EntryFault['path'];

const fields = ['name', 'token', 'sha256', 'previous', 'certificate', 'jwt', 'allow', 'expires', 'instancesMax'];
const proofFields = ['token', 'sha256', 'certificate', 'jwt'] as const;
const grantFields = ['rights', 'env', 'app'];
const previousFields = ['token', 'sha256', 'until'];
const jwtFields = ['issuer', 'audience', 'jwks', 'ca', 'bearerFile', 'algorithms', 'toleranceSeconds', 'claims'];

const grantsMax = 100;
const previousMax = 4;
const claimsMax = 16;
const audiencesMax = 16;
const textMax = 1024;
const toleranceSecondsMax = 300;
const toleranceSecondsDefault = 30;
const algorithmsDefault: readonly SignatureAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** The entry, or all that is wrong with it. */
export function readEntry(entry: unknown): Credential | EntryFault[] {
  if (!isFields(entry))
    return [{ path: [], text: `must be a mapping with name, one of ${proofFields.join(', ')}, and allow` }];
  const faults = unknownFields(entry, fields, []);
  const name = entry['name'];
  if (!Value.Check(tokenSchema.properties.name, name))
    faults.push({ path: ['name'], text: `must be ${tokenNameRule}` });
  const proof = readProof(entry, faults);
  const grants = readGrants(entry['allow'], faults);
  const expiresAtMs = readTime(entry['expires'], ['expires'], faults);
  const instancesMax = entry['instancesMax'];
  if (instancesMax !== undefined && !isWhole(instancesMax, 0, 10_000_000))
    faults.push({ path: ['instancesMax'], text: 'must be a whole number from 0 to 10000000' });
  if (faults.length > 0) return faults;
  return {
    name: name as string,
    proof: proof as Proof,
    grants,
    expiresAtMs,
    instancesMax: instancesMax as number | undefined,
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, minimum: number, maximum: number): value is number {
  return Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= textMax;
}

/** A field that is not one may be a secret: it is shown where it looks like the name of one. */
function unknownFields(value: Fields, known: readonly string[], path: Path): EntryFault[] {
  const others = Object.keys(value).filter((field) => !known.includes(field));
  const shown = others.map((field) => (/^[A-Za-z]{1,24}$/.test(field) ? field : 'a field'));
  if (others.length === 0) return [];
  return [{ path, text: `has ${shown.join(', ')}, which it cannot have: there are ${known.join(', ')}` }];
}

function readProof(entry: Fields, faults: EntryFault[]): Proof | undefined {
  const given = proofFields.filter((field) => entry[field] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    const text = given.length === 0 ? 'has no credential' : `has ${given.join(' and ')}`;
    faults.push({
      path: given.length === 0 ? [] : [given[1] as string],
      text: `${text}: give exactly one of ${proofFields.join(', ')}`,
    });
    return undefined;
  }
  if (entry['previous'] !== undefined && kind !== 'token' && kind !== 'sha256')
    faults.push({ path: ['previous'], text: 'is for token and sha256 alone' });
  if (kind === 'certificate') {
    const certificate = entry['certificate'];
    if (isText(certificate)) return { kind, certificate };
    faults.push({ path: ['certificate'], text: 'must be the name in the client certificate' });
    return undefined;
  }
  if (kind === 'jwt') {
    const jwt = readJwt(entry['jwt'], faults);
    return jwt === undefined ? undefined : { kind, jwt };
  }
  const newest = readSecret(entry, [], faults);
  const before = readPrevious(entry['previous'], faults);
  return newest === undefined
    ? undefined
    : { kind: 'secret', secrets: [{ sha256: newest, untilMs: undefined }, ...before] };
}

/** The digest of `token` or `sha256`. */
function readSecret(given: Fields, path: Path, faults: EntryFault[]): string | undefined {
  const { token, sha256 } = given as { readonly token?: unknown; readonly sha256?: unknown };
  if (token !== undefined) {
    if (Value.Check(tokenSchema.properties.token, token)) return hash('sha256', token);
    faults.push({ path: [...path, 'token'], text: `must be ${tokenRule}` });
  } else if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)) return sha256.toLowerCase();
  else faults.push({ path: [...path, 'sha256'], text: 'must be 64 hexadecimal digits, in quotes' });
  return undefined;
}

function readPrevious(given: unknown, faults: EntryFault[]): SecretDigest[] {
  if (given === undefined) return [];
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > previousMax) faults.push({ path: ['previous'], text: `may list at most ${previousMax} secrets` });
  return list.slice(0, previousMax).flatMap((one, index): SecretDigest[] => {
    const path = Array.isArray(given) ? ['previous', index] : ['previous'];
    const hasOne = isFields(one) && (one['token'] === undefined) !== (one['sha256'] === undefined);
    if (!isFields(one) || !hasOne || one['until'] === undefined) {
      faults.push({ path, text: 'must have until, and one of token and sha256' });
      return [];
    }
    faults.push(...unknownFields(one, previousFields, path));
    const sha256 = readSecret(one, path, faults);
    const untilMs = readTime(one['until'], [...path, 'until'], faults);
    return sha256 === undefined || untilMs === undefined ? [] : [{ sha256, untilMs }];
  });
}

const timeForm = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

function readTime(value: unknown, path: Path, faults: EntryFault[]): number | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' && timeForm.test(value) ? Date.parse(value.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  faults.push({ path, text: 'must be a time such as 2027-01-31 or 2027-01-31T12:00:00Z' });
  return undefined;
}

function readGrants(value: unknown, faults: EntryFault[]): Grant[] {
  const path = ['allow'];
  if (!Array.isArray(value) || value.length > grantsMax) {
    const text = `must be a list of at most ${grantsMax} of { rights: [${Right.join(', ')}], env: …, app: … }`;
    faults.push({ path, text });
    return [];
  }
  return value.flatMap((grant: unknown, index): Grant[] => {
    const at = [...path, index];
    if (!isFields(grant)) {
      faults.push({ path: at, text: 'must be a mapping with rights' });
      return [];
    }
    faults.push(...unknownFields(grant, grantFields, at));
    const { rights, env, app } = grant as { rights?: unknown; env?: unknown; app?: unknown };
    const isRight = (word: unknown): word is Right => (Right as readonly unknown[]).includes(word);
    const areRights = Array.isArray(rights) && rights.length > 0 && rights.every(isRight);
    if (!areRights) faults.push({ path: [...at, 'rights'], text: `must be a list of some of ${Right.join(', ')}` });
    for (const [field, pattern] of Object.entries({ env, app })) {
      if (pattern !== undefined && !isPattern(pattern))
        faults.push({ path: [...at, field], text: 'must be a name, in which * is any run of characters (in quotes)' });
    }
    const place = { ...(isPattern(env) ? { env } : {}), ...(isPattern(app) ? { app } : {}) };
    return areRights ? [{ rights: [...new Set(rights)], ...place }] : [];
  });
}

function isPattern(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_.*-]{1,253}$/.test(value);
}

function readJwt(value: unknown, faults: EntryFault[]): JwtRule | undefined {
  const path = ['jwt'];
  if (!isFields(value)) {
    faults.push({ path, text: 'must be a mapping with issuer, audience, jwks and claims' });
    return undefined;
  }
  const before = faults.length;
  faults.push(...unknownFields(value, jwtFields, path));
  const fault = (field: string, text: string): void => void faults.push({ path: [...path, field], text });
  const { issuer, audience, jwks, ca, bearerFile, algorithms = algorithmsDefault } = value as Record<string, unknown>;
  const { toleranceSeconds = toleranceSecondsDefault, claims } = value as Record<string, unknown>;
  if (!isText(issuer)) fault('issuer', 'must be the text of the claim "iss"');
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (audiences.length === 0 || audiences.length > audiencesMax || !audiences.every(isText))
    fault('audience', `must be text, or a list of 1 to ${audiencesMax}: for whom the tokens are made`);
  if (!isText(jwks) || !isKeyPlace(jwks)) fault('jwks', 'must be a path or an https URL (http on loopback alone)');
  for (const [field, file] of Object.entries({ ca, bearerFile })) {
    if (file !== undefined && !isText(file)) fault(field, 'must be a path');
    else if (file !== undefined && isText(jwks) && !/^https?:/i.test(jwks)) fault(field, 'is for a URL in jwks alone');
  }
  const isAlgorithm = (word: unknown) => (signatureAlgorithms as readonly unknown[]).includes(word);
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(isAlgorithm)) {
    fault(
      'algorithms',
      `must be a list of some of ${signatureAlgorithms.join(', ')}: none and shared keys are never taken`,
    );
  }
  if (!isWhole(toleranceSeconds, 0, toleranceSecondsMax))
    fault('toleranceSeconds', `must be a whole number from 0 to ${toleranceSecondsMax}`);
  if (
    !isFields(claims) ||
    Object.keys(claims).length === 0 ||
    Object.keys(claims).length > claimsMax ||
    !areClaims(claims)
  )
    fault('claims', `must be a mapping of 1 to ${claimsMax} claims to texts, in which * is any run of characters`);
  if (faults.length > before) return undefined;
  return {
    issuer: issuer as string,
    audiences: audiences as string[],
    keys: { at: jwks as string, ca: ca as string | undefined, bearerFile: bearerFile as string | undefined },
    algorithms: algorithms as SignatureAlgorithm[],
    toleranceSeconds: toleranceSeconds as number,
    claims: Object.fromEntries(Object.entries(claims as Fields).map(([claim, text]) => [claim, String(text)])),
  };
}

function areClaims(claims: Fields): boolean {
  return Object.entries(claims).every(([claim, text]) => isText(claim) && (isText(text) || typeof text === 'boolean'));
}

/** The keys that signatures are checked with must not come over a line that others can write on. */
function isKeyPlace(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return true;
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (`${username}${password}` !== '') return false;
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}
