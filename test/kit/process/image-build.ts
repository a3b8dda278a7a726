// The image as its Dockerfile says, built by buildah without a registry of images: the base that it names is put together from
// this machine's own programs (a shell, what makes folders, Node, npm and the libraries that they load), and packages come from
// npm's cache where they are in it. Nothing is left behind; images and containers are in a folder of their own.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathOf } from './installed.ts';
import { output, type Program, start } from './program.ts';
import { removeScratch, scratch } from './scratch.ts';
import { root } from './server-process.ts';

export interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly StopSignal: string;
}

const buildMs = 240_000;
const dockerfile = join(root, 'deploy', 'Dockerfile');
/** Of glibc, for prebuilt add-ons of packages, which name what Node itself does not load. */
const libraries = [
  'librt.so.1',
  'libdl.so.2',
  'libpthread.so.0',
  'libutil.so.1',
  'libresolv.so.2',
  'libnss_dns.so.2',
  'libnss_files.so.2',
];
const programs = ['sh', 'env', 'mkdir', 'chown', 'cat', 'id'];

/** Why this machine cannot make containers, such as a kernel that refuses namespaces to root; '': it can. */
export async function buildahObstacle(): Promise<string> {
  const folder = scratch();
  const where = ['--storage-driver', 'vfs', '--root', join(folder, 'storage'), '--runroot', join(folder, 'run')];
  const buildah = (args: readonly string[]) => output('buildah', [...where, ...args], { env: process.env });
  try {
    const container = (await buildah(['from', 'scratch'])).trim();
    const base = join(folder, 'base');
    mkdirSync(join(base, 'usr/bin'), { recursive: true });
    await copyProgram(base, pathOf('true') as string, '/usr/bin/true');
    await buildah(['copy', container, base, '/']);
    await buildah(['run', '--isolation', 'chroot', container, '--', '/usr/bin/true']);
    return '';
  } catch (error) {
    return `buildah cannot run a container here: ${String(error)}`;
  } finally {
    removeScratch(folder);
  }
}

export class ImageBuild {
  readonly #folder: string;

  /** `folder`: empty, for everything. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Builds it; the name of the image. */
  async build(): Promise<string> {
    const [base = ''] = /^FROM (\S+)/m.exec(readFileSync(dockerfile, 'utf8'))?.slice(1) ?? [];
    await this.#makeBase(base);
    const cache = (await output('npm', ['config', 'get', 'cache'])).trim();
    mkdirSync(cache, { recursive: true });
    const volume = ['--volume', `${cache}:/npm-cache`];
    const how = ['--pull-never', '--isolation', 'chroot', '--layers=false', '--format', 'docker', ...volume];
    await this.#buildah(['bud', ...how, '-f', dockerfile, '-t', 'rollcall', root]);
    return 'rollcall';
  }

  async config(image: string): Promise<ImageConfig> {
    const text = await this.#buildah(['inspect', '--type', 'image', image]);
    return (JSON.parse(text) as { readonly Docker: { readonly config: ImageConfig } }).Docker.config;
  }

  async container(image: string): Promise<string> {
    return (await this.#buildah(['from', '--pull-never', image])).trim();
  }

  /** The output of a program in the container. */
  run(container: string, command: readonly string[]): Promise<string> {
    return this.#buildah(['run', '--isolation', 'chroot', container, '--', ...command]);
  }

  /** A program that stays; the network is this machine's. */
  start(container: string, command: readonly string[], env: Readonly<Record<string, string>>): Program {
    const set = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const run = ['run', '--isolation', 'chroot', ...set, container, '--', ...command];
    return start('buildah', [...this.#where(), ...run], { env: process.env });
  }

  async remove(): Promise<void> {
    await this.#buildah(['rm', '--all']);
    await this.#buildah(['rmi', '--all', '--force']);
  }

  #where(): string[] {
    const [storage, run] = [join(this.#folder, 'storage'), join(this.#folder, 'run')];
    return ['--storage-driver', 'vfs', '--root', storage, '--runroot', run];
  }

  #buildah(args: readonly string[]): Promise<string> {
    return output('buildah', [...this.#where(), ...args], { env: process.env, withinMs: buildMs });
  }

  /** A root with what the Dockerfile's steps need, as an image of that name. */
  async #makeBase(name: string): Promise<void> {
    const at = join(this.#folder, 'base');
    for (const folder of [
      'usr/bin',
      'usr/local/bin',
      'usr/local/lib/node_modules',
      'usr/local/etc',
      'etc/ssl/certs',
      'tmp',
      'root',
      'proc',
      'sys',
      'dev',
    ])
      mkdirSync(join(at, folder), { recursive: true });
    symlinkSync('usr/bin', join(at, 'bin'));
    for (const program of programs) await copyProgram(at, pathOf(program) as string, `/usr/bin/${program}`);
    await copyProgram(at, process.execPath, '/usr/local/bin/node');
    for (const library of libraries) copyLibrary(at, join(dirname(await libc()), library));
    const npm = realpathSync(pathOf('npm') as string);
    const npmFolder = dirname(dirname(npm));
    if (!existsSync(join(npmFolder, 'node_modules'))) throw new Error(`${npmFolder} is not a whole npm of its own`);
    cpSync(npmFolder, join(at, 'usr/local/lib/node_modules/npm'), { recursive: true });
    symlinkSync(`../lib/node_modules/npm/bin/${basename(npm)}`, join(at, 'usr/local/bin/npm'));
    writeFileSync(join(at, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n');
    writeFileSync(join(at, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
    const settings = [
      'cache=/npm-cache',
      'prefer-offline=true',
      `registry=${(await output('npm', ['config', 'get', 'registry'])).trim()}`,
    ];
    const { NODE_EXTRA_CA_CERTS: authorities } = process.env;
    if (authorities !== undefined) {
      copyFileSync(authorities, join(at, 'etc/ssl/certs/extra.pem'));
      settings.push('cafile=/etc/ssl/certs/extra.pem');
    }
    writeFileSync(join(at, 'usr/local/etc/npmrc'), `${settings.join('\n')}\n`);
    for (const file of ['resolv.conf', 'hosts', 'nsswitch.conf'])
      if (existsSync(`/etc/${file}`)) copyFileSync(`/etc/${file}`, join(at, 'etc', file));
    const empty = (await this.#buildah(['from', 'scratch'])).trim();
    await this.#buildah(['copy', empty, at, '/']);
    await this.#buildah(['config', '--env', 'PATH=/usr/local/bin:/usr/bin', empty]);
    await this.#buildah(['commit', empty, name]);
    await this.#buildah(['rm', empty]);
  }
}

/** A program and the libraries that it loads, those at the paths where it looks for them. */
async function copyProgram(root: string, path: string, as: string): Promise<void> {
  copyFileSync(path, join(root, as));
  for (const library of await loadedBy(path)) copyLibrary(root, library);
}

function copyLibrary(root: string, library: string): void {
  const at = join(root, library);
  if (existsSync(at) || !existsSync(library)) return;
  mkdirSync(dirname(at), { recursive: true });
  copyFileSync(realpathSync(library), at);
}

async function loadedBy(path: string): Promise<string[]> {
  const listed = await output('ldd', [path]);
  return [...listed.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map(([, library = '']) => library);
}

async function libc(): Promise<string> {
  const found = (await loadedBy(process.execPath)).find((library) => library.includes('/libc.so'));
  if (found === undefined) throw new Error('Node loads no libc here');
  return found;
}
