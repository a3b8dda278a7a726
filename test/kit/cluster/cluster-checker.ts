// What must hold for every answer of a node of a cluster, under any faults.

import { type Beating, leaseMs, type Sample } from './cluster-clients.ts';

/** Renewed at joined nodes without a break, and yet not in the answer of a node that is joined. */
export function vanished({ state, addresses, atMs }: Sample, beating: readonly Beating[]): string[] {
  if (state !== 'joined') return [];
  const isSure = ({ registeredMs, unbrokenMs, provenMs, isSilent, isOut, backMs }: Beating) =>
    !isSilent &&
    !isOut &&
    atMs - backMs > 5000 &&
    atMs - registeredMs > 5000 &&
    atMs - unbrokenMs > 5000 &&
    atMs - provenMs < leaseMs / 2;
  return beating.filter((one) => isSure(one) && !addresses.has(one.address)).map(({ name }) => name);
}

/** Cancelled with the word of the cluster, and yet answered a second later. */
export function back({ state, addresses, atMs }: Sample, beating: readonly Beating[]): string[] {
  if (state !== 'joined') return [];
  const isGone = ({ cancelledMs }: Beating) => cancelledMs !== undefined && atMs - cancelledMs > 1000;
  return beating.filter((one) => isGone(one) && addresses.has(one.address)).map(({ name }) => name);
}

/** Of each node: every serial of one life is at least the one before. */
export function fallen(samples: readonly Sample[]): Sample[] {
  const last = new Map<string, number>();
  return samples.filter(({ node, life, serial }) => {
    const before = last.get(`${node} ${life}`) ?? 0;
    last.set(`${node} ${life}`, serial);
    return serial < before;
  });
}

/** Two joined nodes with one number show one state. */
export function unlike(samples: readonly Sample[]): string[] {
  const joined = samples.filter(({ state }) => state === 'joined');
  return [...Map.groupBy(joined, ({ life, serial }) => `${life}-${serial}`)].flatMap(([number, same]) => {
    const states = new Set(same.map(({ addresses }) => [...addresses].sort().join()));
    return states.size > 1 ? [`${number}: ${[...states].join(' / ')}`] : [];
  });
}
