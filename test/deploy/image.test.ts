// The image, as far as it can be looked at without building one: the steps of the Dockerfile are followed in a folder, with
// production packages alone and what the build may see, and the server is started as the image would. And the compose file:
// paths, settings and ports are those that there are.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentNameOf, settingKeys } from '../../src/config/settings.ts';
import { cleanEnvironment, pathWithNode, run } from '../kit/process/program.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { root, startServer } from '../kit/process/server-process.ts';

const deploy = join(root, 'deploy');
const dockerfile = readFileSync(join(deploy, 'Dockerfile'), 'utf8');
const variables = new Set(settingKeys.map(environmentNameOf));

interface Step {
  readonly word: string;
  readonly rest: string;
}

/** The instructions, a continued one as one. */
const steps: Step[] = dockerfile
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ word: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));

const restOf = (word: string): string[] => steps.filter((step) => step.word === word).map(({ rest }) => rest);
const listOf = (text: string): string[] => JSON.parse(text.slice(text.indexOf('['))) as string[];

/** What the build sees of the repository, by Dockerfile.dockerignore. */
const visible = readFileSync(join(deploy, 'Dockerfile.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));

test('the Dockerfile has instructions that there are, and a runtime that the package allows', () => {
  const known = 'FROM WORKDIR COPY RUN ENV VOLUME USER EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' ');
  expect(steps.map(({ word }) => word).filter((word) => !known.includes(word))).toEqual([]);
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
  const least = Number.parseInt(engines.node.replace(/\D+/, ''), 10);
  for (const image of restOf('FROM')) expect(Number(/^node:(\d+)-/.exec(image)?.[1])).toBeGreaterThanOrEqual(least);
  for (const setting of restOf('ENV').flatMap((line) => line.match(/ROLLCALL_\w+/g) ?? []))
    expect(variables).toContain(setting);
  // It does not run as root in the end.
  expect(steps.findLastIndex(({ word }) => word === 'USER')).toBeLessThan(
    steps.findIndex(({ word }) => word === 'ENTRYPOINT'),
  );
  expect(restOf('USER')).toEqual(['node']);
});

/** What the stage that makes the JavaScript takes, and the last one does not. */
const isOfProgram = (source: string): boolean => source === 'src' || source.startsWith('bin/');

/** The folder that the last stage ends with. */
function follow(): string {
  const app = scratch();
  const builder = scratch();
  for (const rest of restOf('COPY')) {
    const words = rest.split(' ').filter((word) => !word.startsWith('--'));
    const target = words.at(-1) ?? '';
    if (rest.startsWith('--from=')) continue;
    for (const source of words.slice(0, -1)) {
      expect({ source, isVisible: visible.includes(source) }).toEqual({ source, isVisible: true });
      const folder = isOfProgram(source) ? builder : app;
      cpSync(join(root, source), join(folder, target.endsWith('/') ? source : target), { recursive: true });
    }
  }
  // What the stage `program` runs. The stages of packages and console need a registry, and are their own tests.
  const [node = '', ...args] =
    restOf('RUN')
      .find((line) => line.includes('built.cjs'))
      ?.split(' ') ?? [];
  expect(node).toBe('node');
  // From the stage of the console.
  symlinkSync(join(root, 'node_modules'), join(builder, 'node_modules'));
  cpSync(join(root, 'package.json'), join(builder, 'package.json'));
  execFileSync(process.execPath, [...args.slice(0, -1), builder], { cwd: builder });
  cpSync(join(builder, 'built'), join(app, 'built'), { recursive: true });
  // `npm ci --omit=dev`, without a registry: the packages that the lock file does not mark as dev.
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    const isOwn = path !== '' && path.lastIndexOf('node_modules/') === 0;
    if (!isOwn || dev === true || devOptional === true || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(app, path)), { recursive: true });
    symlinkSync(join(root, path), join(app, path));
  }
  return app;
}

test('what it copies, with production packages alone, starts as the image does, and its health check passes', async () => {
  const app = follow();
  for (const absent of ['src', 'test', 'node_modules/vitest', 'deploy'])
    expect(existsSync(join(app, absent))).toBe(false);
  const [program, closed, main = ''] = listOf(restOf('ENTRYPOINT')[0] ?? '');
  // Node's inspector stays closed from the first moment on.
  expect(closed).toBe('--disable-sigusr1');
  expect([program, main, ...listOf(restOf('CMD')[0] ?? '')]).toEqual(['node', 'built/main.js', 'serve']);
  const serve = (env: Record<string, string>) => ({
    directory: app,
    command: [process.execPath, join(app, main), 'serve'] as const,
    zones: 'zones',
    env,
  });
  const environment = Object.fromEntries(
    (restOf('ENV')[0] ?? '').split(' ').map((pair) => pair.split('=', 2) as [string, string]),
  );
  // As it is in the image it listens on every address, and so wants tokens.
  const open = await run(process.execPath, [join(app, main), 'serve'], {
    cwd: app,
    env: cleanEnvironment({ ...environment, ROLLCALL_DATA: 'none' }),
  });
  expect({ code: open.code, output: open.out + open.err }).toMatchObject({
    code: 1,
    output: expect.stringContaining('token'),
  });
  const server = await startServer({
    ...serve({ ROLLCALL_TOKENS: 'ops=0123456789abcdef', ROLLCALL_PLAIN_HTTP: 'true' }),
    http: '0.0.0.0:0',
  });
  const [shell = '', ...args] = listOf(restOf('HEALTHCHECK')[0] ?? '');
  const health = (port: number) =>
    run(
      shell,
      args.map((arg) => arg.replace(':7171/', `:${port}/`)),
      {
        env: cleanEnvironment({ PATH: pathWithNode(join(root, 'node_modules', '.bin')) }),
      },
    );
  expect(await health(server.httpPort)).toMatchObject({ code: 0 });
  expect(await health(await freePort())).toMatchObject({ code: 1 });
  await server.stop();
}, 120_000);

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, unknown>;
  readonly networks: Record<string, unknown>;
}

const composeAt = (path: string): Compose => parse(readFileSync(join(deploy, path), 'utf8')) as Compose;

test.each([
  ['compose.yaml', '.', 'rollcall'],
  ['cluster/compose.yaml', 'cluster', 'n1'],
  ['cluster/compose-peers.yaml', 'cluster', 'n1'],
])('%s names paths, settings, volumes and networks that there are', (path, folder, node) => {
  const compose = composeAt(path);
  const { build } = compose.services[node] ?? {};
  expect(existsSync(join(deploy, folder, build?.context ?? '', build?.dockerfile ?? ''))).toBe(true);
  for (const service of Object.values(compose.services)) {
    for (const name of Object.keys(service.environment ?? {})) expect(variables).toContain(name);
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      const isThere = source.startsWith('.') ? existsSync(join(deploy, folder, source)) : source in compose.volumes;
      expect({ source, isThere }).toEqual({ source, isThere: true });
    }
    for (const name of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(name);
    const networks = Array.isArray(service.networks) ? service.networks : Object.keys(service.networks ?? {});
    for (const name of networks) expect(compose.networks).toHaveProperty(String(name));
    // Nothing is open to other machines by default.
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test('the cluster of the compose file is one that a node would start in', () => {
  const { services } = composeAt('cluster/compose.yaml');
  const nodes = ['n1', 'n2', 'n3'].map((name) => services[name]?.environment ?? {});
  expect(new Set(nodes.map(({ ROLLCALL_CLUSTER_NODE: node }) => node)).size).toBe(3);
  for (const { ROLLCALL_CLUSTER_ETCD_ENDPOINTS: endpoints = '' } of nodes)
    expect(endpoints.split(',')).toEqual(['http://m1:2379', 'http://m2:2379', 'http://m3:2379']);
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(new Set(ports.map((port) => port.replace(/:\d+\//, '/'))).size).toBe(ports.length);
  const members = ['m1', 'm2', 'm3'].map((name) => services[name]?.command ?? []);
  for (const command of members) expect(command).toContain('--auto-compaction-retention=1h');
});

test('Grafana finds the dashboard, and the data source that it names', () => {
  const provisioning = (path: string) =>
    parse(readFileSync(join(deploy, 'grafana', 'provisioning', path), 'utf8')) as Record<
      string,
      { options?: { path: string }; type: string; url?: string }[]
    >;
  const [{ options } = {}] = provisioning('dashboards/rollcall.yaml')['providers'] ?? [];
  expect(composeAt('compose.yaml').services['grafana']?.volumes?.join()).toContain(`./grafana:${options?.path}`);
  expect(provisioning('datasources/prometheus.yaml')['datasources']).toMatchObject([
    { type: 'prometheus', url: 'http://prometheus:9090' },
  ]);
});
