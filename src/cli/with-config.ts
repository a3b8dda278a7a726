// For commands that need the server's settings: resolves them, or prints every problem with them.

import { type Config, type Origins, resolveConfig } from '../config/config.ts';
import type { Flags } from '../config/sources.ts';
import type { CliParts } from './command.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

export async function withConfig(
  flags: Flags,
  parts: Pick<CliParts, 'env' | 'readFile' | 'err'>,
  next: (config: Config, origins: Origins) => Promise<ExitCode | 'running'>,
): Promise<ExitCode | 'running'> {
  const resolved = resolveConfig({ env: parts.env, readFile: parts.readFile, flags });
  if ('config' in resolved) return next(resolved.config, resolved.origins);
  parts.err(resolved.problems.map((text) => `${text}\n`).join(''));
  return exitCodes.failed;
}
