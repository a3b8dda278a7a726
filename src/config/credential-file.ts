// The token file: either the old form, one `name token` a line, each with all rights, or YAML, a list of entries with one
// credential each and what it allows. Every fault is named by its line, entry and field. No message repeats a value: a
// secret may have got into any place.
// Limits: `credentialsMax` entries; what an entry may hold is in credential-entry.ts.

import { hash } from 'node:crypto';
import { isMap, isNode, isSeq } from 'yaml';
import type { Credential, CredentialList } from '../model/credential.ts';
import { allRights } from '../model/principal.ts';
import { readYaml } from '../runtime/yaml-document.ts';
import { type EntryFault, readEntry } from './credential-entry.ts';
import { clashes, readTokenFile, type Token } from './tokens.ts';

export type CredentialsOutcome =
  /** `tokens`: those of the old form, for those who list names. */
  { readonly value: CredentialList; readonly tokens: readonly Token[] } | { readonly problems: readonly string[] };

const credentialsMax = 1000;
/** A wrong file is wrong in one way many times over: the first ones are enough. */
const problemsMax = 20;

/** `own`: tokens of the setting `tokens`, which count beside those of the file. */
export function readCredentials(text: string, own: readonly Token[]): CredentialsOutcome {
  const outcome = isYaml(text) ? readYamlForm(text) : readOldForm(text, own);
  if ('problems' in outcome) return outcome;
  const value = { ...outcome.value, credentials: [...credentialsOf(own), ...outcome.value.credentials] };
  const problems = doubles(value.credentials);
  return problems.length > 0 ? { problems } : { value, tokens: outcome.tokens };
}

/** What a token without an entry of its own is: all rights. */
export function credentialsOf(tokens: readonly Token[]): Credential[] {
  return tokens.map(({ name, token }) => ({
    name,
    proof: { kind: 'secret', secrets: [{ sha256: hash('sha256', token), untilMs: undefined }] },
    grants: allRights,
    expiresAtMs: undefined,
    instancesMax: undefined,
  }));
}

/** A line of the old form begins with a name, and none of these is one followed by a token. */
function isYaml(text: string): boolean {
  const first = /^\uFEFF?(?:[ \t]*(?:#.*)?\r?\n)*[ \t]*(\S.*)/.exec(text)?.[1] ?? '';
  return /^(?:-(?:\s|$|--)|\[|\{|%YAML)/.test(first) && !/^-\s+[!-~]{16,512}$/.test(first);
}

function readOldForm(text: string, own: readonly Token[]): CredentialsOutcome {
  const outcome = readTokenFile(text);
  if ('problems' in outcome) return outcome;
  const problems = clashes([...own, ...outcome.value]);
  if (problems.length > 0) return { problems };
  const credentials = credentialsOf(outcome.value);
  return { value: { credentials, isListed: false }, tokens: outcome.value };
}

function readYamlForm(text: string): CredentialsOutcome {
  const { document, faults, position } = readYaml(text);
  const lineAt = (offset: number): string => `line ${position(offset).line}`;
  if (faults.length > 0) {
    // A syntax message of the parser may end with the text that was met.
    const textOf = (message: string, isOurs: boolean) => (isOurs ? message : message.replace(/:.*$/s, ''));
    return {
      problems: faults.slice(0, problemsMax).map((one) => `${lineAt(one.offset)}: ${textOf(one.message, one.isOurs)}`),
    };
  }
  const { contents } = document;
  if (!isSeq(contents) || contents.items.length === 0)
    return {
      problems: ['holds no list of entries; write "- { name: …, token: …, allow: [{ rights: [read] }] }" for each'],
    };
  if (contents.items.length > credentialsMax)
    return { problems: [`lists ${contents.items.length} entries, at most ${credentialsMax} are allowed`] };
  const credentials: Credential[] = [];
  const problems: string[] = [];
  contents.items.forEach((node, index) => {
    const value = plain(() => document.getIn([index]));
    const start = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const entry = isMap(value) ? plain(() => value.toJS(document) as unknown) : undefined;
    const read = readEntry(entry);
    if (!Array.isArray(read)) {
      credentials.push(read);
      return;
    }
    for (const { path, text: fault } of read) {
      const at = offsetOf(value, path) ?? start;
      problems.push(`${lineAt(at)}: ${entryName(entry, index)}${faultText({ path, text: fault })}`);
    }
  });
  if (problems.length > 0) return { problems: problems.slice(0, problemsMax) };
  return { value: { credentials, isListed: true }, tokens: [] };
}

/** Undefined: aliases that unfold too far. */
function plain<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** The name where it can be one: anything else may be a secret. */
function entryName(entry: unknown, index: number): string {
  const name = (entry as { readonly name?: unknown } | undefined)?.name;
  return typeof name === 'string' && /^[a-z0-9_-]{1,64}$/.test(name) ? `${name}: ` : `entry ${index + 1}: `;
}

function faultText({ path, text }: EntryFault): string {
  const field = path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${part}`))
    .join('');
  return field === '' ? text : `${field} ${text}`;
}

/** Where the deepest part of the path is that there is. */
function offsetOf(node: unknown, path: EntryFault['path']): number | undefined {
  let at: number | undefined;
  for (let length = 1; length <= path.length && isMap(node); length++) {
    const found = node.getIn(path.slice(0, length), true);
    if (!isNode(found)) break;
    at = found.range?.[0] ?? at;
  }
  return at;
}

/** Two entries with one name, secret or certificate would leave it to chance who a caller is. */
function doubles(credentials: readonly Credential[]): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const { name, proof } of credentials) {
    if (names.has(name)) problems.push(`the name ${name} is given twice`);
    names.add(name);
    const proofs =
      proof.kind === 'secret'
        ? proof.secrets.map(({ sha256 }) => ({ what: 'secret', key: sha256 }))
        : proof.kind === 'certificate'
          ? [{ what: 'certificate', key: ` ${proof.certificate}` }]
          : [];
    for (const { what, key } of proofs) {
      const other = owners.get(key);
      if (other !== undefined) problems.push(`${other} and ${name} have the same ${what}`);
      owners.set(key, name);
    }
  }
  return problems;
}
