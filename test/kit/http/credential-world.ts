// A registry with a token file, whose text a test changes as an operator would.

import { readCredentials } from '../../../src/config/credential-file.ts';
import type { CredentialList, CredentialSource } from '../../../src/model/credential.ts';
import { createWorld, type World, type WorldOptions } from './http-world.ts';

export class TokenFile implements CredentialSource {
  readonly #listeners: (() => void)[] = [];
  current: CredentialList;

  constructor(text: string) {
    this.current = listOf(text);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  write(text: string): void {
    this.current = listOf(text);
    for (const listener of this.#listeners) listener();
  }
}

function listOf(text: string): CredentialList {
  const outcome = readCredentials(text, []);
  if ('problems' in outcome) throw new Error(outcome.problems.join('\n'));
  return outcome.value;
}

/** The secret of the entry `name` of such files. */
export function secretOf(name: string): string {
  return `the-own-secret-of-${name}`;
}

/** An entry with a secret of its own: `entry('deploy', '{ rights: [read], env: prod }')`. */
export function entry(name: string, grants: string, more = ''): string {
  return `- { name: ${name}, token: ${secretOf(name)}, allow: [${grants}]${more} }\n`;
}

export function bearer(name: string): Record<string, string> {
  return { authorization: `Bearer ${secretOf(name)}` };
}

export interface CredentialWorld extends World {
  readonly file: TokenFile;
}

export function credentialWorld(text: string, options: WorldOptions = {}): CredentialWorld {
  const file = new TokenFile(text);
  const world = createWorld({ ...options, deps: { credentials: file, ...options.deps } });
  return { ...world, file };
}
