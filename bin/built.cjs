// The program of a clone as JavaScript, in built/, made when a source or a package is newer. Node would strip the types in each thread at
// each start, and find, read and link some 1900 files of ours and of packages: half a second and 80 MB.
// Where there is a bundler (it comes with `npm ci`), the program and its packages are put together into a few files in a
// folder of their own, with source maps, so that a stack trace names the line of the source (bundle.cjs). Where there is none
// (`npm ci --omit=dev`) every source without its types is put at its place, every character at its own (`sourceURL`).
// A program that runs keeps its folder: those of the last three builds stay. Two that build at once make the same folder.
// built/main.js starts whichever was made last. The npm package has dist/ and needs none of this. Where built/ cannot be
// written, the sources themselves are run.
'use strict';

const { existsSync, globSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } =
  require('node:fs');
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** Named by programs of other files: imports, and those of worker threads. */
const ownSpecifier = /((?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*(['"])\.{1,2}\/[^'"\n]+)\.ts\2/g;
/** What a source finds by its own place, it finds as if it lay in built/; programs of threads are beside it. */
const ownPlace = /(?<!\.js', )\bimport\.meta\.(?:url|dirname)\b/g;
const keptBuilds = 3;
const isBuild = /^[0-9a-f]{16}$/;

/** The path of the program to run: built/main.js, which is up to date, or src/main.ts. */
function mainOf(root) {
  if (!isUpToDate(root)) {
    // In a process of its own: stripping is experimental in some versions of Node, and warns.
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', __filename, root], { stdio: 'ignore' });
    if (!isUpToDate(root)) return join(root, 'src', 'main.ts');
  }
  return join(root, 'built', 'main.js');
}

function isUpToDate(root) {
  try {
    return readFileSync(join(root, 'built', 'stamp'), 'utf8') === stampOf(root);
  } catch {
    return false;
  }
}

/** What the sources, the packages and the builder are at present. */
function stampOf(root) {
  const hash = createHash('sha256');
  const add = (path) => {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  };
  for (const path of [__filename, join(__dirname, 'bundle.cjs'), join(root, 'package.json')]) add(path);
  const packages = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(packages)) add(packages);
  for (const path of globSync('**/*.ts', { cwd: join(root, 'src') }).sort()) add(join(root, 'src', path));
  return hash.digest('hex').slice(0, 16);
}

async function build(root) {
  const built = join(root, 'built');
  const stamp = stampOf(root);
  if (!existsSync(join(built, stamp, 'main.js'))) {
    const aside = join(built, `${stamp}.${process.pid}`);
    mkdirSync(aside, { recursive: true });
    try {
      if (!(await require('./bundle.cjs').bundle(root, aside))) strip(root, aside, stamp);
      renameSync(aside, join(built, stamp));
    } finally {
      // Another one was faster, or it could not be made.
      rmSync(aside, { recursive: true, force: true });
    }
  }
  write(join(built, 'main.js'), mainText(stamp));
  // Last: what it names is there.
  write(join(built, 'stamp'), stamp);
  prune(built);
}

/** Compiled code is kept beside the program: a tenth of a second of each start. It is made anew where it does not fit. */
const mainText = (stamp) => `import { enableCompileCache } from 'node:module';
process.setSourceMapsEnabled(true);
enableCompileCache(new URL('./${stamp}/compiled', import.meta.url).pathname);
await import('./${stamp}/main.js');
`;

function strip(root, folder, stamp) {
  const { stripTypeScriptTypes } = require('node:module');
  for (const path of globSync('**/*.ts', { cwd: join(root, 'src') })) {
    const source = join(root, 'src', path);
    const text = stripTypeScriptTypes(readFileSync(source, 'utf8'))
      .replaceAll(ownSpecifier, '$1.js$2')
      .replaceAll(ownPlace, `$&.replace('/${stamp}/', '/')`);
    write(join(folder, path.replace(/\.ts$/, '.js')), `${text}\n//# sourceURL=${pathToFileURL(source)}\n`);
  }
}

function prune(built) {
  const builds = readdirSync(built).filter((name) => isBuild.test(name));
  const newestFirst = builds
    .map((name) => ({ name, atMs: statSync(join(built, name)).mtimeMs }))
    .sort((a, b) => b.atMs - a.atMs);
  for (const { name } of newestFirst.slice(keptBuilds)) rmSync(join(built, name), { recursive: true, force: true });
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

if (require.main === module) void build(process.argv[2]);

module.exports = { mainOf };
