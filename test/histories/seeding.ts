// A registry in etcd as nodes would have written it: one instance is registered at a node, which is stopped again, and its
// record is the pattern of all others. Registering thirty thousand by calls is what the bench measures.

import { isFault } from '../../src/cluster/engine.ts';
import { bytes, engineAt, good, textOf } from '../kit/cluster/etcd-client.ts';
import type { Member } from './fleet.ts';

const instancesAtOnce = 100;

/** Precondition: `prod/pattern/p` is registered below the prefix. */
export async function seed(urls: readonly string[], prefix: string, members: readonly Member[]): Promise<void> {
  const engine = engineAt(urls);
  try {
    const { entry } = await good(engine.read(`${prefix}i/prod/pattern/p`));
    if (entry === undefined) throw new Error('the pattern is not registered');
    const pattern = JSON.parse(textOf(entry.value)) as Record<string, unknown>;
    for (let from = 0; from < members.length; from += instancesAtOnce) {
      const puts = members.slice(from, from + instancesAtOnce).map(({ app, name, address, home, index }) => {
        const registration = { ...(pattern['r'] as object), addrs: [`http://${address}:80`] };
        const value = { ...pattern, n: name, l: name, o: `n${home + 1}`, u: `seed${index}`, r: registration };
        return { key: `${prefix}i/prod/${app}/${name}`, value: bytes(JSON.stringify(value)) };
      });
      const reply = await engine.swap({ swaps: [], puts }, 20_000);
      if (isFault(reply)) throw new Error(`${reply.fault}: ${reply.detail}`);
    }
    await good(engine.swap({ swaps: [], puts: [{ key: `${prefix}s`, value: bytes('seed') }] }, 20_000));
  } finally {
    engine.close();
  }
}
