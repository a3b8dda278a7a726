// Questions that no answer is kept of: names that are not there, each asked once before any comes again.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appOf } from './names.ts';

/** How such a name is called, by its number. */
export const absentNames: Readonly<Record<string, (index: number) => string>> = {
  'absent app': (index) => `absent-${index}.prod.svc`,
  'absent env': (index) => `one.absent-${index}.svc`,
  'below an app': (index) => `absent-${index}.${appOf(7)}.prod.svc`,
  REFUSED: (index) => `host-${index}.example.com`,
};

/** The path of a file in `folder` that dnsperf reads. */
export function absentQuestions(
  folder: string,
  kind: string,
  nameOf: (index: number) => string,
  count: number,
): string {
  const path = join(folder, kind.replaceAll(' ', '-'));
  writeFileSync(path, Array.from({ length: count }, (_, index) => `${nameOf(index)} A\n`).join(''));
  return path;
}
