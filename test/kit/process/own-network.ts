// rollcall in a network and a file tree of its own (Linux namespaces, for root alone), where it may have port 53 or where
// /etc/resolv.conf is the test's own. Programs are run beside it by `nsenter`.

import { join } from 'node:path';
import { loopbackUp } from '../dns/foreign-lookups.ts';
import { requireInCi } from './installed.ts';
import { type Ended, output, type Program, run, type Surroundings, start } from './program.ts';
import { type Files, removeScratch, scratch } from './scratch.ts';
import { main, type ServerProcess, startServer } from './server-process.ts';

export interface OwnNetworkOptions {
  readonly dns: string;
  readonly resolvConf: string;
  /** Lines of shell that are run in it before rollcall starts, in a folder with `files`. */
  readonly setUp?: string;
  readonly files?: Files;
}

export interface OwnNetwork {
  readonly server: ServerProcess;
  readonly directory: string;
  /** Registers `prod/orders/orders-1`; anything but success is an error. */
  register(place: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  output(command: readonly [string, ...string[]]): Promise<string>;
  run(command: readonly [string, ...string[]], surroundings?: Surroundings): Promise<Ended>;
  /** A program that stays. */
  start(command: readonly [string, ...string[]]): Program;
  stop(): Promise<void>;
}

/** Why there can be none; empty: there can. To be asked once, at the top of a test file. */
export async function obstacleToOwnNetwork(): Promise<string> {
  const missing = requireInCi(['unshare', 'nsenter', 'mount', 'python3', 'curl', 'sh'], 'util-linux python3 curl');
  if (missing.length > 0) return `no ${missing.join()}`;
  return (await run('unshare', ['-mn', 'true'])).code === 0 ? '' : 'may not make namespaces';
}

export async function startInOwnNetwork({
  dns,
  resolvConf,
  setUp = '',
  files = {},
}: OwnNetworkOptions): Promise<OwnNetwork> {
  const directory = scratch({
    ...files,
    'resolv.conf': resolvConf,
    'nsswitch.conf': 'hosts: files dns\n',
    'loopback.py': loopbackUp,
    'enter.sh': `set -e
      python3 loopback.py
      for file in resolv.conf nsswitch.conf; do [ ! -e /etc/$file ] || mount --bind $file /etc/$file; done
      ${setUp}
      exec "$@"
    `,
  });
  const command = ['unshare', '-mn', 'sh', 'enter.sh', process.execPath, main, 'serve'] as const;
  const server = await startServer({ directory, command, dns });
  const inside = ['-t', String(server.pid), '-m', '-n'];
  return {
    server,
    directory,
    async register(place, body) {
      const url = `${server.http}/api/v1/apps/${place}`;
      const call = [
        'curl',
        '-fsS',
        '-o',
        '/dev/null',
        '-X',
        'PUT',
        '-H',
        'content-type: application/json',
        '-d',
        JSON.stringify(body),
        url,
      ];
      await output('nsenter', [...inside, ...call]);
    },
    output: (words) => output('nsenter', [...inside, ...words]),
    run: (words, surroundings) => run('nsenter', [...inside, ...words], surroundings),
    start: (words) => start('nsenter', [...inside, ...words], { cwd: join(directory) }),
    async stop() {
      await server.stop();
      removeScratch(directory);
    },
  };
}
