// A world to resolve a configuration in: flags, environment and files as plain values.

import { type Config, type Origins, type Resolved, resolveConfig } from '../../../src/config/config.ts';
import type { Environment, Flags, ReadFile } from '../../../src/config/sources.ts';

export interface World {
  flags?: Flags;
  env?: Environment;
  files?: Readonly<Record<string, string>>;
}

function resolve({ flags = {}, env = {}, files = {} }: World = {}): Resolved {
  const readFile: ReadFile = (path) => {
    const text = files[path];
    if (path === 'locked') return { kind: 'unreadable', reason: 'permission denied' };
    return text === undefined ? { kind: 'missing' } : { kind: 'text', text };
  };
  return resolveConfig({ flags, env, readFile });
}

export function configOf(world?: World): Config {
  const resolved = resolve(world);
  if ('problems' in resolved) throw new Error(resolved.problems.join('\n'));
  return resolved.config;
}

export function originsOf(world?: World): Origins {
  const resolved = resolve(world);
  if ('problems' in resolved) throw new Error(resolved.problems.join('\n'));
  return resolved.origins;
}

export function problemsOf(world: World): readonly string[] {
  const resolved = resolve(world);
  return 'problems' in resolved ? resolved.problems : [];
}

export const yaml = (text: string): World => ({ files: { 'rollcall.yaml': text } });
export const secret = 'correct-horse-battery';
