// The program and its packages in a few files: one for main.ts, one for each program of a thread, one for each command and part that
// is loaded when it is needed, and what they share. What no import reaches is left out. koffi stays a package, it has a native
// part.
// - All files lie in one folder, so a thread's program is named by its path with `-` for `/`.
// - What a source finds by its own place (package.json, the console) it finds as if it lay at built/ and its path.
// - An `import` of node:http reads everything that it exports, fetch and WebSocket with it: 30 ms and four megabytes. A `require`
//   reads what is used.
'use strict';

const { readFileSync, globSync } = require('node:fs');
const { join, relative, sep } = require('node:path');

const threadUrl = /new URL\('\.\/([\w/-]+)\.ts', import\.meta\.url\)/g;
const ownPlace = /\bimport\.meta\.(url|dirname)\b/g;
const sparing = 'node:http';

/** Returns false where there is no bundler. */
async function bundle(root, folder) {
  let rolldown;
  try {
    ({ rolldown } = await import('rolldown'));
  } catch {
    return false;
  }
  const sources = join(root, 'src');
  const pathOf = (file) => relative(sources, file).split(sep).join('/').replace(/\.ts$/, '');
  const input = { main: join(sources, 'main.ts') };
  for (const file of globSync('**/*.ts', { cwd: sources })) {
    for (const [, name] of readFileSync(join(sources, file), 'utf8').matchAll(threadUrl)) {
      const thread = join(sources, file, '..', `${name}.ts`);
      input[flat(pathOf(thread))] = thread;
    }
  }
  const placed = {
    name: 'place',
    resolveId: (id, from) => (id === sparing && from?.startsWith(sources) ? `\0${id}` : undefined),
    load: (id) => (id === `\0${sparing}` ? `module.exports = require('${sparing}')` : undefined),
    transform(text, file) {
      if (!file.startsWith(sources) || !text.includes('import.meta')) return undefined;
      const path = pathOf(file);
      const code = text
        .replace(
          threadUrl,
          (_, name) => `new URL('./${flat(pathOf(join(file, '..', `${name}.ts`)))}.js', import${'\0'}.url)`,
        )
        .replace(ownPlace, (_, what) =>
          what === 'url'
            ? `new URL('../${path}.js', import${'\0'}.url).href`
            : `(import${'\0'}.dirname + '/../${path}/..')`,
        )
        .replaceAll('\0', '.meta');
      return { code, map: null };
    },
  };
  const built = await rolldown({
    input,
    cwd: root,
    platform: 'node',
    external: ['koffi'],
    logLevel: 'silent',
    plugins: [placed],
  });
  await built.write({
    dir: folder,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await built.close();
  return true;
}

const flat = (path) => path.replaceAll('/', '-');

module.exports = { bundle };
