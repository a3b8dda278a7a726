// Configuration of the resolvers that people have: each hands the origin to rollcall and everything else on as before.
// The comments name the file and what goes wrong there without a word; forwarders.test.ts runs these very texts.

import { each, isReverse, type Snippet, server } from './target.ts';

export const unbound: Snippet = {
  summary: 'a stub zone for Unbound',
  text: (
    target,
  ) => `# Unbound: save as /etc/unbound/unbound.conf.d/rollcall.conf, then "unbound-checkconf && unbound-control reload".
# - do-not-query-localhost is "yes" by default: then Unbound never asks 127.0.0.1 and answers SERVFAIL.
# - domain-insecure: without it a validating Unbound asks the root for a proof about the domain, and refuses ours.
# - cache-min-ttl above 0 keeps addresses of instances that are gone; leave it at 0.
server:
  do-not-query-localhost: no
${each(target, (domain) => `  domain-insecure: "${domain}."${isReverse(domain) ? `\n  local-zone: "${domain}." nodefault` : ''}`)}

${each(
  target,
  (domain) => `stub-zone:
  name: "${domain}."
  stub-addr: ${target.dns.host}@${target.dns.port}`,
)}
`,
};

export const dnsmasq: Snippet = {
  summary: 'server lines for dnsmasq',
  text: (
    target,
  ) => `# dnsmasq: save as /etc/dnsmasq.d/rollcall.conf, then restart it ("dnsmasq --test" checks; SIGHUP does not reload it).
# - rebind-domain-ok: with stop-dns-rebind dnsmasq throws away answers that hold private addresses.
# - min-cache-ttl and a large neg-ttl keep what is gone, and hide what is new; leave both out.
${each(
  target,
  (domain) => `server=/${domain}/${target.dns.host}#${target.dns.port}
rebind-domain-ok=/${domain}/`,
)}
`,
};

export const bind: Snippet = {
  summary: 'forward zones for BIND',
  text: (
    target,
  ) => `// BIND. 1. Inside options { … } (/etc/bind/named.conf.options): without it BIND looks for a DNSSEC proof and answers SERVFAIL.
//   validate-except { ${target.domains.map((domain) => `"${domain}";`).join(' ')} };
// 2. The rest goes into /etc/bind/named.conf.local, then "named-checkconf && rndc reconfig".
// - "forward only": or BIND asks the root when rollcall is down, and keeps the root's "no such name" for hours.
// - min-cache-ttl keeps addresses of instances that are gone; leave it out.
${each(
  target,
  (domain) =>
    `zone "${domain}" { type forward; forward only; forwarders { ${target.dns.host} port ${target.dns.port}; }; };`,
)}
`,
};

export const systemdResolved: Snippet = {
  summary: 'a routing domain for systemd-resolved',
  text: (
    target,
  ) => `# systemd-resolved: save as /etc/systemd/resolved.conf.d/rollcall.conf, then "systemctl restart systemd-resolved".
# - The "~" makes a routing domain: names below it go to the server named here. "resolvectl query ${target.app}" tries it.
# - If DNS= is set globally elsewhere too, those servers get these names as well, and their NXDOMAIN may win.
# - Names of other domains may be asked here as well as at the links' servers: rollcall refuses them, the others answer.
# - A port in DNS= needs systemd 246 or newer. DNSSEC=yes would refuse a domain that the root does not know.
# - Cache=no-negative: or "no such name" outlives the registration of a new app (for at most the negative TTL).
[Resolve]
DNS=${server(target)}
Domains=${each(target, (domain) => `~${domain}`, ' ')}
DNSSEC=no
Cache=no-negative
`,
};

/** Server blocks alone, for a Corefile and for a cluster's ConfigMap. */
export const corednsBlocks: Snippet['text'] = (target) =>
  each(
    target,
    (domain) => `${domain}.:53 {
    errors
    # capacity, longest TTL, shortest TTL: the plugin's own shortest is 5 s, and it would keep those who left.
    cache {
        success 9984 30 0
        denial 9984 5 0
    }
    forward . ${server(target)}
}`,
  );

export const coredns: Snippet = {
  summary: 'server blocks for CoreDNS',
  text: (target) => `# CoreDNS: add to the Corefile; the reload plugin takes it up, or restart CoreDNS.
# - A server block of its own: in the "." block the domain would go where everything else goes.
# - Leave serve_stale out of cache: it hands out addresses that are gone.
${corednsBlocks(target)}
`,
};
