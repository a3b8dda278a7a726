// The npm package as its users get it: packed, installed into an empty folder, run by each Node that `engines` allows.
// What it depends on is installed from this repository's own lock file, so that the test does not change with the day.
// A Node 24 comes in NODE_24, a path; see .ci/run. Without it only the Node of the tests is tried.

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answersOf, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient, patientFetch } from '../kit/http/api-client.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { cleanEnvironment, output, pathWithNode, run } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { root, startServer } from '../kit/process/server-process.ts';

const missing = requireInCi(['npm'], 'npm');
const node24 = process.env['NODE_24'];
if (node24 === undefined && process.env['CI'])
  throw new Error('NODE_24 is not set: CI has to try the package with Node 24');
const nodes = [
  { name: `Node ${process.versions.node}`, path: process.execPath },
  ...(node24 === undefined ? [] : [{ name: 'Node 24', path: node24 }]),
];
const withinMs = 240_000;

interface Packed {
  readonly filename: string;
  readonly integrity: string;
  readonly files: readonly { readonly path: string }[];
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

let folder: string;
let packed: Packed;

/** Without the variables that npm sets for its scripts, which are of another folder; with what npm needs to reach its registry. */
function environment(nodePath: string): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
  const kept = Object.entries(
    cleanEnvironment(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
  );
  const isOfScripts = (name: string) => /^(npm_(?!config_)|npm_config_local_prefix$)/i.test(name);
  return {
    ...Object.fromEntries(kept.filter(([name]) => !isOfScripts(name))),
    PATH: [nodeFolder(nodePath), pathWithNode(join(root, 'node_modules', '.bin'))].join(delimiter),
  };
}

/** A folder with `node` alone: beside the binary there may be others. */
function nodeFolder(nodePath: string): string {
  const at = join(folder, 'nodes', Buffer.from(dirname(nodePath)).toString('hex').slice(-40));
  mkdirSync(at, { recursive: true });
  try {
    symlinkSync(nodePath, join(at, 'node'));
  } catch {
    // It is there from before.
  }
  return at;
}

/** The lock file of a folder that has installed the package and nothing else. */
function consumerLock(): unknown {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const { dependencies, bin, engines, version } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  const resolved = `file:${packed.filename}`;
  const needed = Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true,
  );
  const own = { version, resolved, integrity: packed.integrity, dependencies, bin, engines };
  return {
    name: 'consumer',
    lockfileVersion: lock.lockfileVersion,
    requires: true,
    packages: {
      '': { name: 'consumer', dependencies: { rollcall: resolved } },
      'node_modules/rollcall': own,
      ...Object.fromEntries(needed),
    },
  };
}

beforeAll(async () => {
  if (missing.length > 0) return;
  folder = scratch();
  const printed = await output('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    env: environment(process.execPath),
    withinMs,
  });
  // Older versions of npm give a list, newer ones an object by name.
  const [one] = Object.values(JSON.parse(printed) as Record<string, Packed>);
  packed = one as Packed;
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { rollcall: `file:${packed.filename}` },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(consumerLock()));
  const install = ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await output('npm', install, { cwd: folder, env: environment(process.execPath), withinMs });
}, 600_000);

afterAll(() => {
  if (missing.length === 0) removeScratch(folder);
});

describe.skipIf(missing.length > 0)('the package', () => {
  test('has the program, the client with its types, the documents, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      'bin/rollcall.cjs',
      'deploy/rollcall.service',
      'dist/main.js',
      'dist/client/client.js',
      'dist/client/client.d.ts',
      'dist/console/index.html',
      'dist/console/docs.html',
      'README.md',
      'docs/client.md',
      'LICENSE',
    ])
      expect(paths).toContain(path);
    const others = paths.filter(
      (path) =>
        !/^(bin\/rollcall\.cjs|deploy\/rollcall\.service|deploy\/rollcall-port53\.conf|dist\/sbom\.cdx\.json|dist\/LICENCES\.txt|dist\/.+\.js|dist\/(client|model|runtime)\/.+\.d\.ts|dist\/console\/.+\.(html|css|svg)|docs\/.+\.(md|svg)|docs\/console\/.+\.png|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/.test(
          path,
        ),
    );
    expect(others).toEqual([]);
  });

  test('lists what is installed with it, and under which licences', () => {
    const dist = join(folder, 'node_modules', 'rollcall', 'dist');
    const { metadata, components } = JSON.parse(readFileSync(join(dist, 'sbom.cdx.json'), 'utf8')) as {
      metadata: { component: { name: string } };
      components: readonly { name: string; version: string }[];
    };
    expect(metadata.component.name).toBe('rollcall');
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const listed = new Map(components.map(({ name, version }) => [name, version]));
    for (const [name, version] of Object.entries(dependencies))
      expect([name, listed.get(name)]).toEqual([name, version]);
    const licences = readFileSync(join(dist, 'LICENCES.txt'), 'utf8').trimEnd().split('\n');
    expect(licences).toHaveLength(components.length);
    expect(licences.filter((line) => !/^\S+ \S+: \S/.test(line))).toEqual([]);
  });

  test('has a client that needs nothing of the server', () => {
    const dist = join(folder, 'node_modules', 'rollcall', 'dist');
    const reached = new Set<string>();
    const modules = new Set<string>();
    const toRead = [join(dist, 'client', 'client.js')];
    for (let path = toRead.pop(); path !== undefined; path = toRead.pop()) {
      if (reached.has(path)) continue;
      reached.add(path);
      const imports = readFileSync(path, 'utf8').matchAll(/(?:\bfrom |\bimport |\bimport\()'([^']+)'/g);
      for (const [, to = ''] of imports) {
        if (to.startsWith('.')) toRead.push(join(dirname(path), to));
        else if (!to.startsWith('node:')) modules.add(to);
      }
    }
    const rooms = new Set([...reached].map((path) => relative(dist, path).split(sep)[0]));
    expect({ rooms, modules }).toEqual({
      rooms: new Set(['client', 'model', 'runtime']),
      modules: new Set(['cockatiel', 'eventsource-parser']),
    });
  });

  test('is what publint and attw want a package to be', async () => {
    const env = environment(process.execPath);
    const tarball = join(folder, packed.filename);
    const bin = (name: string) => join(root, 'node_modules', '.bin', name);
    expect(await output(bin('publint'), ['run', tarball, '--strict'], { env, withinMs })).toContain('All good!');
    // There is no CommonJS in it, and a `require` of it is reported as one of ESM.
    const { code, out } = await run(bin('attw'), [tarball, '--profile', 'esm-only'], { env, withinMs });
    expect({ code, out: code === 0 ? '' : out }).toEqual({ code: 0, out: '' });
  });

  test('gives TypeScript the types of the client', async () => {
    const source = `
      import { RollcallClient, RollcallError } from 'rollcall/client';
      import type { Endpoint, InstancePath, Membership, Problem, RegistrationReply } from 'rollcall/client';
      const client = new RollcallClient({ registry: 'http://127.0.0.1:7171', strategy: 'weighted' });
      const answer: Promise<number> = client.call('prod/orders', async (endpoint: Endpoint, signal: AbortSignal) => endpoint.port);
      client.on('breaker', ({ state }) => state.toUpperCase());
      // @ts-expect-error There is no such strategy.
      new RollcallClient({ strategy: 'best' });
      // A variable that may be missing, as strict settings see it.
      new RollcallClient({ token: process.env['ROLLCALL_TOKEN'] });
      const member: Membership = client.register({ env: 'prod', appid: 'orders', addrs: ['http://10.0.0.7:80'] });
      member.on('registered', ({ dnsNames, leaseSeconds }: RegistrationReply) => dnsNames.join().padEnd(leaseSeconds));
      export async function follow(path: InstancePath, problems: Problem[]): Promise<readonly Problem[]> {
        await using discovery = client.discover(path.name);
        for await (const [first] of discovery) if (first?.portName === 'http') break;
        return problems;
      }
      export const errors = (error: RollcallError): readonly Problem[] => error.errors;
      export const code = (error: unknown) => (error instanceof RollcallError ? error.code : await0(answer));
      function await0(value: unknown) { return value; }
    `;
    writeFileSync(join(folder, 'consumer.ts'), source);
    const flags = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
    ];
    const roots = ['--typeRoots', join(root, 'node_modules', '@types')];
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const { code, out } = await run(tsc, [...flags, ...roots, 'consumer.ts'], {
      cwd: folder,
      env: environment(process.execPath),
      withinMs,
    });
    expect({ code, out }).toEqual({ code: 0, out: '' });
  });

  describe.each(nodes)('with $name', ({ path }) => {
    test('npx rollcall serve answers HTTP and DNS, and rollcall/client finds what is registered', async () => {
      const env = environment(path);
      expect(await output('npx', ['--no-install', 'rollcall', '--help'], { cwd: folder, env, withinMs })).toContain(
        'serve',
      );
      const here = scratch();
      symlinkSync(join(folder, 'node_modules'), join(here, 'node_modules'));
      const command = ['npx', '--no-install', 'rollcall', 'serve'] as const;
      const server = await startServer({
        command,
        directory: here,
        env: { PATH: env['PATH'] ?? '' },
        withinMs: 60_000,
      });
      try {
        const api = new ApiClient(server.http);
        await api.register('prod/orders/orders-1', ['http://127.0.0.7:8080']);
        api.close();
        const dns = await udpClient(server.dnsPort);
        const reply = await dns.ask('orders.prod.svc', 'A');
        dns.close();
        expect(answersOf(reply)).toEqual(['A 127.0.0.7']);
        const page = await patientFetch(`${server.http}/console/`);
        expect([page.status, await page.text()]).toEqual([200, expect.stringMatching(/assets\/[\w-]+\.js/)]);
        const program = `
          import { RollcallClient } from 'rollcall/client';
          const client = new RollcallClient({ registry: '${server.http}' });
          console.log(process.versions.node.split('.')[0], (await client.pick('prod/orders')).url);
          await client.close();
        `;
        const printed = await output(path, ['--input-type=module', '-e', program], { cwd: folder, env, withinMs });
        expect(printed).toMatch(/^\d+ http:\/\/127\.0\.0\.7:8080$/);
        const version = await output(path, ['-p', 'process.versions.node.split(".")[0]'], { env });
        expect(printed.split(' ')[0]).toBe(version);
      } finally {
        await server.stop();
        removeScratch(here);
      }
    });
  });
});
