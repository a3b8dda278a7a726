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
rmSync(`${target}.old`, { recursive: true, force: true });
try {
  renameSync(target, `${target}.old`);
} catch {
  // The first one.
}
renameSync(aside, target);
rmSync(`${target}.old`, { recursive: true, force: true });
