// A host whose names go through systemd-resolved, set up with the very text of `rollcall snippet systemd-resolved`: glibc
// finds apps through its stub, and `rollcall doctor` reports it.
// resolved runs by hand in a network of its own. It needs no systemd as PID 1 and no bus, but its user, a folder in /run,
// and an interface besides the loopback one, without which it takes the network for down.
// Its package puts itself in charge of /etc/resolv.conf, so CI unpacks it elsewhere: SYSTEMD_RESOLVED names the program.

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snippets } from '../../src/cli/commands/snippet.ts';
import { installed } from '../kit/process/installed.ts';
import { type OwnNetwork, obstacleToOwnNetwork, startInOwnNetwork } from '../kit/process/own-network.ts';
import { type Program, run, startWhen } from '../kit/process/program.ts';
import { main } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const program = process.env['SYSTEMD_RESOLVED'] ?? '/lib/systemd/systemd-resolved';
const obstacle = await obstacleToResolved();
if (obstacle === 'not installed' && process.env['CI']) throw new Error(`${program} is not there: .ci/run unpacks it`);

async function obstacleToResolved(): Promise<string> {
  if (!existsSync(program)) return 'not installed';
  if (!installed('ip') || !installed('getent')) return 'no ip or getent';
  const obstacle = await obstacleToOwnNetwork();
  if (obstacle !== '') return obstacle;
  const pair = ['ip', 'link', 'add', 'rollcall0', 'type', 'veth', 'peer', 'name', 'rollcall1'];
  return (await run('unshare', ['-n', ...pair])).code === 0 ? '' : 'may not make interfaces';
}

const dnsPort = 8053;
const snippet =
  snippets.get('systemd-resolved')?.text({
    dns: { host: '127.0.0.1', port: dnsPort },
    domains: ['svc', '10.in-addr.arpa'],
    app: 'orders.prod.svc',
    appPort: 80,
  }) ?? '';

const setUp = `
  ip link add rollcall0 type veth peer name rollcall1
  ip addr add 10.88.0.1/24 dev rollcall0
  ip link set rollcall0 up
  ip link set rollcall1 up
  for file in passwd group; do cp /etc/$file $file; done
  grep -q ^systemd-resolve: passwd || echo 'systemd-resolve:x:991:991::/:/usr/sbin/nologin' >>passwd
  grep -q ^systemd-resolve: group || echo 'systemd-resolve:x:991:' >>group
  for file in passwd group; do mount --bind $file /etc/$file; done
  mount -t tmpfs tmpfs /run
  mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d
  chown systemd-resolve:systemd-resolve /run/systemd/resolve
  cp rollcall.conf /run/systemd/resolved.conf.d
`;

describe.skipIf(obstacle !== '')(`systemd-resolved${obstacle === '' ? '' : ` (${obstacle})`}`, () => {
  let network: OwnNetwork;
  let resolved: Program;

  beforeAll(async () => {
    network = await startInOwnNetwork({
      dns: `127.0.0.1:${dnsPort}`,
      resolvConf: 'nameserver 127.0.0.53\noptions edns0 trust-ad\n',
      setUp,
      files: { 'rollcall.conf': snippet },
    });
    await network.register('prod/orders/orders-1', { addrs: ['http://10.0.0.7:8080'], dnsTtl: 1 });
    resolved = network.start([program]);
    await startWhen('systemd-resolved', resolved, async () => (await addresses('orders.prod.svc')).length > 0);
  });

  afterAll(async () => {
    await resolved.stop('SIGTERM', 5000);
    await network.stop();
  });

  /** glibc's answer: addresses, sorted, each once. */
  async function addresses(name: string): Promise<string[]> {
    const { out } = await network.run(['getent', 'ahosts', name]);
    return [...new Set(out.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ', 1)[0] ?? ''])))].sort();
  }

  test('glibc finds apps through it, and hears of changes within a TTL', async () => {
    expect(await addresses('orders.prod.svc')).toEqual(['10.0.0.7']);
    expect(await addresses('nobody.prod.svc')).toEqual([]);
    expect((await network.output(['getent', 'hosts', '10.0.0.7'])).split(/\s+/)).toEqual([
      '10.0.0.7',
      'orders.prod.svc',
    ]);
    await network.register('prod/orders/orders-2', { addrs: ['http://10.0.0.8:8080'], dnsTtl: 1 });
    const both = async (): Promise<boolean> => (await addresses('orders.prod.svc')).join() === '10.0.0.7,10.0.0.8';
    await until('the second address', both, { withinMs: 20_000 });
    // It was asked for before it was there: "no such name" is not cached.
    await network.register('prod/nobody/nobody-1', { addrs: ['http://10.0.0.9:80'], dnsTtl: 1 });
    expect(await addresses('nobody.prod.svc')).toEqual(['10.0.0.9']);
  });

  test('the doctor finds nothing wrong, and names what is in between', async () => {
    const args = ['doctor', '--url', network.server.http, '--server', `127.0.0.1:${dnsPort}`, '--seconds', '2'];
    const { code, out } = await network.run([process.execPath, main, ...args], { withinMs: 30_000 });
    expect(code).toBe(0);
    expect(out).toMatch(/^ok +systemd-resolved: /m);
    expect(out).toMatch(/^ok +resolver 127\.0\.0\.53:53: knows svc\./m);
    expect(out).toMatch(/^ok +getaddrinfo: /m);
  });
});
