// The program of a clone as JavaScript: made at the first start, again where a source is another, and never between a fault
// and its line.

import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { root } from '../kit/process/server-process.ts';

/** With as little in it as the entry needs, but for the sources. */
function clone(): string {
  const folder = scratch();
  for (const path of ['bin', 'src', 'package.json']) cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const started = (folder: string) => run(process.execPath, [join(folder, 'bin', 'rollcall.cjs'), '--version']);

test('is built at the first start, and again what was edited', async () => {
  const folder = clone();
  expect(await started(folder)).toMatchObject({ code: 0, err: '' });
  const built = (path: string) => readFileSync(join(folder, 'built', path), 'utf8');
  expect(built('main.js')).not.toContain('interface ');
  const other = built('cli/program.js');
  const source = join(folder, 'src', 'main.ts');
  writeFileSync(source, readFileSync(source, 'utf8').replace('\n\n', "\nconsole.log('edited');\n"));
  expect((await started(folder)).out).toContain('edited\n');
  expect(built('cli/program.js')).toBe(other);
});

test('names no file of types: what it imports is built as well', async () => {
  const folder = clone();
  await started(folder);
  for (const path of ['app/app.js', 'dns/plane/dns-thread.js', 'cluster/etcd/generated/kv_pb.js']) {
    const text = readFileSync(join(folder, 'built', path), 'utf8');
    const named = [...text.matchAll(/(?:from |import |\()['"](\.{1,2}\/[^'"\n]+\.[jt]s)['"]/g)].map(([, to]) => to);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((to) => !existsSync(join(folder, 'built', path, '..', `${to}`)))).toEqual([]);
  }
});

test('a fault names the line of the source', async () => {
  const folder = clone();
  writeFileSync(
    join(folder, 'src', 'main.ts'),
    `interface Fault {\n  text: string;\n}\nconst fault: Fault = { text: 'x' };\n  throw new Error(fault.text);\n`,
  );
  const { code, err } = await started(folder);
  expect(code).toBe(1);
  expect(err).toContain(join(folder, 'src', 'main.ts:5:9'));
  expect(existsSync(join(folder, 'built', 'main.js'))).toBe(true);
});

test('where nothing can be written, the sources are run', async () => {
  const folder = clone();
  writeFileSync(join(folder, 'built'), 'a file, and no folder');
  expect(await started(folder)).toMatchObject({ code: 0, err: '' });
});
