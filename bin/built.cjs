// The program of a clone as JavaScript, in built/: sources without their types, every file at its place and every character at
// its own, so that a stack trace names the line of the source (`sourceURL`). Node would strip them in each thread at each
// start, which takes half a second and 45 MB. Made when a source is newer; of 600 files that takes half a second, of a few
// that were edited nothing that one notices. Two that build at once write the same files.
// The npm package has dist/ and needs none of this. Where built/ cannot be written, the sources themselves are run.
'use strict';

const { globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** Named by programs of other files: imports, and those of worker threads. */
const ownSpecifier = /((?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*(['"])\.{1,2}\/[^'"\n]+)\.ts\2/g;

/** The path of the program to run: built/main.js, which is up to date, or src/main.ts. */
function mainOf(root) {
  const { changed } = compared(root);
  if (changed.length > 0) {
    // In a process of its own: stripping is experimental in some versions of Node, and warns.
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', __filename, root], { stdio: 'ignore' });
    if (compared(root).changed.length > 0) return join(root, 'src', 'main.ts');
  }
  return join(root, 'built', 'main.js');
}

/** Sources with what they were when they were last seen, and those of them that are others than what was built. */
function compared(root) {
  const built = readStamps(root);
  const stamps = { builder: stampOf(__filename) };
  const changed = [];
  for (const path of globSync('**/*.ts', { cwd: join(root, 'src') })) {
    stamps[path] = stampOf(join(root, 'src', path));
    if (built.builder !== stamps.builder || built[path] !== stamps[path]) changed.push(path);
  }
  return { stamps, changed };
}

function stampOf(path) {
  const { mtimeMs, size } = statSync(path);
  return `${mtimeMs} ${size}`;
}

function readStamps(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'built', 'stamps.json'), 'utf8'));
  } catch {
    return {};
  }
}

function build(root) {
  const { stripTypeScriptTypes } = require('node:module');
  const { stamps, changed } = compared(root);
  for (const path of changed) {
    const source = join(root, 'src', path);
    const text = stripTypeScriptTypes(readFileSync(source, 'utf8')).replaceAll(ownSpecifier, '$1.js$2');
    write(join(root, 'built', path.replace(/\.ts$/, '.js')), `${text}\n//# sourceURL=${pathToFileURL(source)}\n`);
  }
  // Last: what it lists is there.
  write(join(root, 'built', 'stamps.json'), JSON.stringify(stamps));
}

/** Whole or not at all. */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  try {
    writeFileSync(fresh, text);
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

if (require.main === module) build(process.argv[2]);

module.exports = { mainOf };
