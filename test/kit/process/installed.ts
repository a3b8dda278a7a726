// Which foreign programs this machine has. Tests that need one skip without it, naming it; in CI, where a skipped test
// would go unseen, they fail instead.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian puts servers and their tools where a user's PATH may not look. */
const alsoIn = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Whether `binary` can be run by its name or from a folder of system programs. */
export function installed(binary: string): boolean {
  return pathOf(binary) !== undefined;
}

/** The full path of a program; undefined: it is not installed. */
export function pathOf(binary: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...alsoIn].filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, binary)).find(isExecutable);
}

/**
 * Those of `binaries` that are missing, for `it.skipIf(missing.length > 0)`. Throws where the variable CI is set and
 * any is missing. `packages` names what to install.
 */
export function requireInCi(binaries: readonly string[], packages: string): readonly string[] {
  const missing = binaries.filter((binary) => !installed(binary));
  if (missing.length > 0 && process.env['CI']) {
    throw new Error(`Not installed: ${missing.join(', ')}. CI needs: apt-get install ${packages}`);
  }
  return missing;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
