// Builds the console: HTML, scripts and styles into console/dist, or into the folder given (deploy/package/build.ts gives
// dist/console). It is built aside and then put in place, so that a server never reads half of one. Run by the server
// where a source is newer than what was built (src/http/console/site.ts), and by hand with `npm run build:console`.

import { renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';

const root = import.meta.dirname;
const target = resolve(process.argv[2] ?? join(root, 'dist'));
const aside = `${target}.${process.pid}`;

await build({
  root,
  configFile: false,
  // Relative: a proxy may put the server below a path of its own.
  base: './',
  logLevel: 'warn',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: aside,
    emptyOutDir: true,
    target: 'es2023',
    // Nothing inline: the policy of the pages forbids it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: [join(root, 'index.html'), join(root, 'docs.html')] },
  },
});
// Two servers may build at the same time: the last one in place stays, and each takes away what was its own.
const old = `${aside}.old`;
for (const [from, to] of [
  [target, old],
  [aside, target],
] as const) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!/ENOENT|ENOTEMPTY|EEXIST/.test(String(error))) throw error;
  }
}
for (const left of [old, aside]) rmSync(left, { recursive: true, force: true });
