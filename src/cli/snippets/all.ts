// The table of configuration texts: the argument's choices, the help and the tests go by it.

import { kubernetes, prometheus } from './discovery.ts';
import { caddy, haproxy, nginx } from './proxies.ts';
import { bind, coredns, dnsmasq, systemdResolved, unbound } from './resolvers.ts';
import type { Snippet } from './target.ts';

export const snippets: ReadonlyMap<string, Snippet> = new Map(
  Object.entries({
    coredns,
    unbound,
    dnsmasq,
    bind,
    'systemd-resolved': systemdResolved,
    haproxy,
    nginx,
    caddy,
    prometheus,
    kubernetes,
  }),
);
