// Configuration of those who look instances up through the resolver of their surroundings: Prometheus, and a Kubernetes
// cluster whose CoreDNS hands the origin on.

import { corednsBlocks } from './resolvers.ts';
import { each, type Snippet, server, shortName } from './target.ts';

export const prometheus: Snippet = {
  summary: 'a scrape job with dns_sd_configs for Prometheus',
  text: (target) => `# Prometheus: add to prometheus.yml, then "promtool check config prometheus.yml" and reload.
# - It asks the resolvers of /etc/resolv.conf on port 53 and no other: delegate ${target.domains[0]} there first ("rollcall snippet unbound").
# - refresh_interval is how often it asks (30s by default); TTLs are not looked at.
# - SRV has host and port. When an answer fails, Prometheus keeps the targets it had.
scrape_configs:
  - job_name: ${shortName(target)}
    dns_sd_configs:
      - names:
          - _http._tcp.${target.app}
        type: SRV
        refresh_interval: 5s
    relabel_configs:
      - source_labels: [__meta_dns_name]
        target_label: service
`,
};

export const kubernetes: Snippet = {
  summary: "a cluster's CoreDNS, and the DNS settings of a pod",
  text: (
    target,
  ) => `# Kubernetes. 1. The cluster's CoreDNS: add the server blocks to the Corefile in the ConfigMap "coredns" of kube-system
#   (k3s, AKS and others import a ConfigMap "coredns-custom" instead, as written here). The address has to be one that
#   pods can reach: ${server(target)} is reachable from a pod only if it is no loopback address.
# 2. A pod: with ndots:5 every name of less than five dots first gets each search domain, among them cluster.local:
#   orders.prod.svc then is the cluster's own service "orders" of namespace "prod". So take another origin
#   ("rollcall serve --origin internal.example."), or write the final dot, or set ndots as below.
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns-custom
  namespace: kube-system
data:
  rollcall.server: |
${corednsBlocks(target).replaceAll(/^(?=.)/gm, '    ')}
---
apiVersion: v1
kind: Pod
metadata:
  name: ${shortName(target)}-client
spec:
  dnsConfig:
    options:
      - name: ndots
        value: "1"
  containers:
    - name: client
      image: curlimages/curl
      command: ["curl", "-sS", "http://${target.app}.:${target.appPort}/"]
# The older kube-dns takes this in its ConfigMap instead:
#   stubDomains: |
#     {${each(target, (domain) => `"${domain}": ["${server(target)}"]`, ', ')}}
`,
};
