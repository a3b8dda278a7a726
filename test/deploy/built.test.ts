// The program of a clone as JavaScript: made at the first start, again where a source is another, and never between a fault
// and its line.

import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { root } from '../kit/process/server-process.ts';

/** With as little in it as the entry needs, but for the sources. Without a bundler: as `npm ci --omit=dev` leaves it. */
function clone(hasBundler: boolean): string {
  const folder = scratch();
  for (const path of ['bin', 'src', 'package.json']) cpSync(join(root, path), join(folder, path), { recursive: true });
  const packages = join(root, 'node_modules');
  if (hasBundler) symlinkSync(packages, join(folder, 'node_modules'));
  else {
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(packages).filter((name) => name !== 'rolldown' && name !== 'vite'))
      symlinkSync(join(packages, name), join(folder, 'node_modules', name));
  }
  return folder;
}

const started = (folder: string) => run(process.execPath, [join(folder, 'bin', 'rollcall.cjs'), '--version']);
/** Folders of builds, and the last one. */
function builds(folder: string): { readonly all: readonly string[]; readonly last: string } {
  const built = join(folder, 'built');
  const all = readdirSync(built).filter((name) => /^[0-9a-f]{16}$/.test(name));
  return { all, last: join(built, readFileSync(join(built, 'stamp'), 'utf8')) };
}

describe.each([
  { how: 'in a few files', hasBundler: true },
  { how: 'file by file', hasBundler: false },
])('$how', ({ hasBundler }) => {
  let folder = '';
  let last = '';

  beforeAll(async () => {
    folder = clone(hasBundler);
    expect(await started(folder)).toMatchObject({ code: 0, err: '' });
    ({ last } = builds(folder));
  });

  test('names no file of types: what it imports and the programs of threads are built as well', () => {
    let threads = 0;
    for (const path of globSync('**/*.js', { cwd: last })) {
      // Comments of packages show imports; the bundler writes its own with double quotes.
      const text = readFileSync(join(last, path), 'utf8').replaceAll(/^\s*(?:\/\*)?\*.*$/gm, '');
      const imports = hasBundler
        ? /(?:^(?:import|export)\b[^'"\n]*|\bimport\(|new Worker\(new URL\()"(\.{1,2}\/[^"\n]+\.[jt]s)"/gm
        : /(?:\bfrom |\bimport |\bimport\(|new Worker\(new URL\()'(\.{1,2}\/[^'\n]+\.[jt]s)'/g;
      const named = [...text.matchAll(imports)];
      threads += named.filter(([all]) => all.startsWith('new Worker')).length;
      for (const [, to = ''] of named)
        expect({ path, to, isThere: existsSync(join(last, path, '..', to)) }).toMatchObject({ isThere: true });
    }
    expect(threads).toBeGreaterThan(0);
  });

  test('is built at the first start, and again where something was edited, beside what may still run', async () => {
    const first = builds(folder);
    expect(first.all.length).toBe(1);
    expect(existsSync(join(first.last, 'runtime', 'version.js'))).toBe(!hasBundler);
    expect(readFileSync(join(first.last, 'main.js'), 'utf8')).not.toContain('interface ');
    expect(await started(folder)).toMatchObject({ code: 0 });
    expect(builds(folder)).toEqual(first);
    const source = join(folder, 'src', 'main.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace('\n\n', "\nconsole.log('edited');\n"));
    expect((await started(folder)).out).toContain('edited\n');
    expect(builds(folder).all.length).toBe(2);
    expect(existsSync(join(first.last, 'main.js'))).toBe(true);
  });

  test('a fault names the line of the source', async () => {
    const broken = clone(hasBundler);
    writeFileSync(
      join(broken, 'src', 'main.ts'),
      `interface Fault {\n  text: string;\n}\nconst fault: Fault = { text: 'x' };\n  throw new Error(fault.text);\n`,
    );
    const { code, err } = await started(broken);
    expect(code).toBe(1);
    expect(err).toContain(join(broken, 'src', 'main.ts:5:9'));
    expect(existsSync(join(builds(broken).last, 'main.js'))).toBe(true);
  });
});

test('where nothing can be written, the sources are run', async () => {
  const folder = clone(true);
  writeFileSync(join(folder, 'built'), 'a file, and no folder');
  expect(await started(folder)).toMatchObject({ code: 0, err: '' });
});
