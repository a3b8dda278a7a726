// Tokens: who may write. A YAML list of { name, token }, the text `name=token,name2=token2`, or a file with one a line.
// No message here repeats a token, nor anything that might be one: what is written in place of a name may be a secret put
// in the wrong order, so a faulty entry is called by its number.
// Limits: a token in the one-line form holds no comma; use a file for those.

import Value from 'typebox/value';
import { tokenNameRule, tokenRule, tokenSchema } from './settings.ts';

export interface Token {
  readonly name: string;
  readonly token: string;
}

export type TokenOutcome = { readonly value: readonly Token[] } | { readonly problems: readonly string[] };

const tokensMax = 1000;

export function readTokens(raw: unknown): TokenOutcome {
  if (typeof raw === 'string') {
    return collect(raw.split(',').map((text, index) => ({ where: `entry ${index + 1}`, entry: split(text.trim()) })));
  }
  if (!Array.isArray(raw)) return { problems: ['is not a list of { name, token }'] };
  return collect(raw.map((entry: unknown, index) => ({ where: `entry ${index + 1}`, entry })));
}

export function readTokenFile(text: string): TokenOutcome {
  const entries = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ where: `line ${index + 1}`, line: line.trim() }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ where, line }) => ({ where, entry: split(line) }));
  if (entries.length === 0) return { problems: ['holds no token; write one "name token" a line'] };
  return collect(entries);
}

/** The first `=` or blank ends the name: a token may hold further `=`, as Base64 does. */
function split(text: string): unknown {
  const parts = /^([^\s=]*)(?:\s*=\s*|\s+)(.*)$/.exec(text);
  return parts === null ? undefined : { name: parts[1], token: parts[2] };
}

function collect(entries: readonly { readonly where: string; readonly entry: unknown }[]): TokenOutcome {
  if (entries.length > tokensMax)
    return { problems: [`lists ${entries.length} tokens, at most ${tokensMax} are allowed`] };
  const tokens: Token[] = [];
  const problems: string[] = [];
  for (const { where, entry } of entries) {
    if (Value.Check(tokenSchema, entry)) tokens.push(entry);
    else problems.push(...faults(entry).map((fault) => `${where} ${fault}`));
  }
  problems.push(...clashes(tokens));
  return problems.length > 0 ? { problems } : { value: tokens };
}

function faults(entry: unknown): string[] {
  if (entry === null || typeof entry !== 'object') return ['is not a name and a token'];
  const { name, token, ...others } = entry as Readonly<Record<string, unknown>>;
  const found: string[] = [];
  if (!Value.Check(tokenSchema.properties.name, name)) found.push(`needs a name of ${tokenNameRule}`);
  if (!Value.Check(tokenSchema.properties.token, token)) found.push(`needs a token of ${tokenRule}`);
  if (Object.keys(others).length > 0) found.push('holds more than name and token');
  return found;
}

/** Two entries of one name, or one secret under two names, would leave it to chance who a caller is. */
export function clashes(tokens: readonly Token[]): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  const nameOf = new Map<string, string>();
  for (const { name, token } of tokens) {
    const other = nameOf.get(token);
    if (names.has(name)) problems.push(`the name ${name} is given twice`);
    else if (other !== undefined) problems.push(`${other} and ${name} have the same token`);
    names.add(name);
    nameOf.set(token, name);
  }
  return problems;
}
