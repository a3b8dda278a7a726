// The files of the console and of /docs, read once, compressed once and kept in memory: some 100 KB. The npm package has
// them in dist/console. A checkout has sources in console/: there they are built when a page is asked for and a source is
// newer than what was built, by a process of its own, so that neither the event loop nor the two commands of the README
// change. Limits: one build at a time, sources looked at once in `lookAgainMs` at most, files of at most `octetsMax`.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

export interface SiteFile {
  readonly contentType: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly br: Buffer;
}

/** By path, such as `index.html` and `assets/main-AbC123.js`. */
export type Site = ReadonlyMap<string, SiteFile>;

/** `missing`: what an operator has to do to have it. */
export type SiteState =
  | { readonly kind: 'built'; readonly site: Site }
  | { readonly kind: 'missing'; readonly hint: string };

export interface SiteFolders {
  /** Of the npm package: built when it was packed. */
  readonly packaged: string;
  /** Of a checkout: `build.ts`, sources, and `dist` when it was built. */
  readonly sources: string;
  /** Runs `build.ts` of the sources; Node by default. */
  readonly build?: (script: string) => Promise<void>;
  readonly monotonicMs: () => number;
}

/** A build takes a second; on a machine that is busy it may take longer. */
const buildMsMax = 60_000;
const lookAgainMs = 2000;
/** The whole console is far smaller; more is not ours. */
const octetsMax = 4 * 1024 * 1024;

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where the files lie in the npm package (dist/http/console) and in a checkout (src/http/console). */
export function siteAt(monotonicMs: () => number): SiteFolders {
  const root = join(import.meta.dirname, '..', '..');
  return { packaged: join(root, 'console'), sources: join(root, '..', 'console'), monotonicMs };
}

interface Loaded {
  readonly state: SiteState;
  /** When its files were built, wall clock. */
  readonly builtMs: number;
}

/** Returns the function that gives the files as they are now. */
export function openSite(folders: SiteFolders): () => Promise<SiteState> {
  let loaded: (Loaded & { readonly atMs: number }) | undefined;
  let loading: Promise<SiteState> | undefined;
  const load = async (): Promise<SiteState> => {
    loaded = { ...(await readSite(folders, loaded)), atMs: folders.monotonicMs() };
    return loaded.state;
  };
  return async () => {
    if (loaded !== undefined && folders.monotonicMs() - loaded.atMs < lookAgainMs) return loaded.state;
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };
}

async function readSite(folders: SiteFolders, known: Loaded | undefined): Promise<Loaded> {
  const script = join(folders.sources, 'build.ts');
  if ((await modifiedMs(script)) === undefined) return read(folders.packaged, known, notPackaged);
  const target = join(folders.sources, 'dist');
  const builtMs = await builtAt(target);
  if ((await newestMs(folders.sources)) <= builtMs) return read(target, known, noFiles);
  try {
    await (folders.build ?? runBuild)(script);
  } catch (error) {
    // An older one is of more use than none.
    const hint = `The console of this checkout could not be built. Run "npm ci", then load this page again.\n\n${outputOf(error)}`;
    return (await builtAt(target)) > 0
      ? read(target, known, noFiles)
      : { state: { kind: 'missing', hint }, builtMs: 0 };
  }
  return read(target, undefined, noFiles);
}

const notPackaged =
  'This installation has no console: dist/console is not there. Install the npm package again, or build the image from a checkout.';
const noFiles = 'The build of the console left no files.';

/** What is known, unless the folder was built again. */
async function read(folder: string, known: Loaded | undefined, hint: string): Promise<Loaded> {
  const builtMs = await builtAt(folder);
  return known?.state.kind === 'built' && known.builtMs === builtMs
    ? known
    : { state: await siteIn(folder, hint), builtMs };
}

async function builtAt(folder: string): Promise<number> {
  return (await modifiedMs(join(folder, 'index.html'))) ?? 0;
}

async function runBuild(script: string): Promise<void> {
  await promisify(execFile)(process.execPath, [script], { timeout: buildMsMax, maxBuffer: 1024 * 1024 });
}

function outputOf(error: unknown): string {
  const { stderr } = error as { readonly stderr?: unknown };
  const text = typeof stderr === 'string' && stderr !== '' ? stderr : (error as Error).message;
  return text.slice(0, 2000);
}

/** When any source last changed, wall clock; what was built and what is installed do not count. */
async function newestMs(folder: string): Promise<number> {
  let newest = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (/^(dist|node_modules|\.)/.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const ms = entry.isDirectory() ? await newestMs(path) : ((await modifiedMs(path)) ?? 0);
    newest = Math.max(newest, ms);
  }
  return newest;
}

async function modifiedMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function siteIn(folder: string, hint: string): Promise<SiteState> {
  const site = new Map<string, SiteFile>();
  let octets = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const contentType = contentTypes[extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    // Another server may put a new build in its place meanwhile.
    const plain = await readFile(path).catch(() => undefined);
    if (plain === undefined) return { kind: 'missing', hint: 'The console is being built: load this page again.' };
    octets += plain.length;
    if (octets > octetsMax) break;
    site.set(relative(folder, path).split(sep).join('/'), await fileOf(plain, contentType));
  }
  return site.has('index.html') ? { kind: 'built', site } : { kind: 'missing', hint };
}

async function fileOf(plain: Buffer, contentType: string): Promise<SiteFile> {
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  const [zipped, br] = await Promise.all([promisify(gzip)(plain, { level: 9 }), promisify(brotliCompress)(plain)]);
  return { contentType, etag, plain, gzip: zipped, br };
}
