// The image: built from the Dockerfile and the lock file, and run as it says: as its user, from its entry point, with data in its
// volume.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digShort } from '../kit/dns/dig.ts';
import { buildahObstacle, ImageBuild, type ImageConfig } from '../kit/process/image-build.ts';
import { requireInCi } from '../kit/process/installed.ts';
import type { Program } from '../kit/process/program.ts';
import { freePort, removeScratch, scratch } from '../kit/process/scratch.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['buildah', 'npm', 'dig', 'ldd'], 'buildah bind9-dnsutils libc-bin, as root');
const isRoot = process.getuid?.() === 0;
if (!isRoot && process.env['CI']) throw new Error('CI has to be root: buildah needs it to build and run the image');
const obstacle =
  missing.length > 0
    ? `not installed: ${missing.join(', ')}`
    : isRoot
      ? await buildahObstacle()
      : 'only root can build it';

describe.skipIf(obstacle !== '')(`the image${obstacle === '' ? '' : ` (${obstacle})`}`, () => {
  const folder = scratch();
  const images = new ImageBuild(folder);
  const secret = 'a-secret-of-sixteen-and-more';
  let config: ImageConfig;
  let container: string;
  let running: Program | undefined;

  beforeAll(async () => {
    const image = await images.build();
    config = await images.config(image);
    container = await images.container(image);
  }, 400_000);

  afterAll(async () => {
    if (running !== undefined) for (const pid of descendants(running.pid)) process.kill(pid, 'SIGKILL');
    await running?.ended;
    await images.remove();
    removeScratch(folder);
  });

  test('its configuration: a user without rights, its ports, its data in a volume', () => {
    expect(config).toMatchObject({ User: 'node', Cmd: ['serve'], StopSignal: 'SIGTERM', Volumes: { '/data': {} } });
    expect(Object.keys(config.ExposedPorts).sort()).toEqual(['7171/tcp', '8053/tcp', '8053/udp']);
    expect(config.Entrypoint[0]).toBe('node');
  });

  test('without a token it does not start, and the refusal names the setting', async () => {
    await expect(images.run(container, [...config.Entrypoint, ...config.Cmd])).rejects.toThrow(/token/);
  });

  test('runs: registers, answers, shows the console, keeps data, and ends at SIGTERM', async () => {
    const [http, dns] = [await freePort(), await freePort()];
    const env = {
      ROLLCALL_HTTP: `127.0.0.1:${http}`,
      ROLLCALL_DNS: `127.0.0.1:${dns}`,
      ROLLCALL_TOKENS: `ci=${secret}`,
    };
    running = images.start(container, [...config.Entrypoint, ...config.Cmd], env);
    const base = `http://127.0.0.1:${http}`;
    const isReady = async () => (await fetch(`${base}/readyz`).catch(() => undefined))?.status === 200;
    await until('the image is ready', isReady, { withinMs: 60_000 });
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ addrs: ['http://10.0.0.7:80'] });
    const put = await fetch(`${base}/api/v1/apps/prod/orders/a1`, { method: 'PUT', headers, body });
    expect(put.status).toBe(201);
    expect(await digShort(dns, 'orders.prod.svc A')).toEqual(['10.0.0.7']);
    const console = await fetch(`${base}/console/`);
    expect(console.status).toBe(200);
    const [script = ''] = /[\w./-]+\.js/.exec(await console.text()) ?? [];
    expect((await fetch(new URL(script, `${base}/console/`))).status).toBe(200);
    // The last of those that buildah started: the server, as its user.
    const server = descendants(running.pid).find((pid) => uidOf(pid) === 1000);
    expect(server).toBeDefined();
    process.kill(server as number, 'SIGTERM');
    const { code } = await running.ended;
    running = undefined;
    expect(code).toBe(0);
    expect(await images.run(container, ['cat', '/data/life'])).not.toBe('');
  });
});

/** The processes below one. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
      return [{ pid: Number(name), parent: Number(parent) }];
    } catch {
      return [];
    }
  });
  const found = [pid];
  for (const one of found) found.push(...parents.filter(({ parent }) => parent === one).map((child) => child.pid));
  return found.slice(1).reverse();
}

/** Undefined: it has ended meanwhile. */
function uidOf(pid: number): number | undefined {
  try {
    return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
