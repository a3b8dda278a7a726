// Configuration of proxies that find their backends by DNS. HAProxy and Caddy read SRV records and learn the port, too;
// nginx reads addresses alone. proxies.test.ts runs the texts for HAProxy and nginx.

import { type Snippet, server, shortName } from './target.ts';

export const haproxy: Snippet = {
  summary: 'resolvers, a backend and a frontend for HAProxy',
  text: (
    target,
  ) => `# HAProxy: add to haproxy.cfg, then "haproxy -c -f haproxy.cfg" and reload; to try it, it runs as it is: "haproxy -f FILE".
# - server-template makes that many slots: more instances than slots are left out without a word.
# - HAProxy does not go by TTL: it asks again after "timeout resolve" and keeps an answer for "hold valid".
# - accepted_payload_size: without it (512) a large app does not fit. init-addr none: it may start before the app does.
# - It divides SRV weights by 256, rounding up: 10 and 200 are alike to it, so register weights in steps of 256.
# - hold obsolete 0s: an instance that is not in the answer gets no new connection.
resolvers rollcall
  nameserver one ${server(target)}
  accepted_payload_size 1232
  resolve_retries 3
  timeout resolve 1s
  timeout retry 500ms
  hold valid 1s
  hold obsolete 0s
  hold nx 1s

backend ${shortName(target)}
  mode http
  balance roundrobin
  option redispatch
  retries 3
  server-template ${shortName(target)} 20 _http._tcp.${target.app} resolvers rollcall resolve-prefer ipv4 init-addr none check inter 1s
  timeout connect 1s
  timeout server 1m

# Where clients come in; leave it out where a frontend of yours has "default_backend ${shortName(target)}".
frontend ${shortName(target)}-in
  mode http
  bind 127.0.0.1:8089
  timeout client 1m
  default_backend ${shortName(target)}
`,
};

export const nginx: Snippet = {
  summary: 'a server that resolves its backends for nginx',
  text: (
    target,
  ) => `# nginx: save as /etc/nginx/conf.d/${shortName(target)}.conf (inside http), then "nginx -t && nginx -s reload".
# - The name has to be in a variable: written into proxy_pass it is resolved once, when nginx starts, and never again.
# - Without valid= nginx goes by TTL, which is right; valid=30s would keep those who left for 30 s.
# - ipv6=off saves a question for apps that have no IPv6. search domains are not used: write the whole name.
# - DNS gives nginx addresses alone, so the port is written here. proxy_next_upstream tries another address on a failure.
server {
  listen 127.0.0.1:8088;
  resolver ${server(target)} ipv6=off;
  resolver_timeout 2s;
  location / {
    set $rollcall_app ${target.app};
    proxy_pass http://$rollcall_app:${target.appPort};
    proxy_set_header Host $host;
    proxy_connect_timeout 1s;
    proxy_next_upstream error timeout;
  }
}
`,
};

export const caddy: Snippet = {
  summary: 'a reverse proxy with dynamic upstreams for Caddy',
  text: (target) => `# Caddy: add to the Caddyfile, then "caddy validate && caddy reload".
# - refresh is how long Caddy keeps what it found (1m by default, with any TTL).
# - lb_try_duration: a request waits and tries another instance instead of failing on one that just left.
:8088 {
	reverse_proxy {
		dynamic srv _http._tcp.${target.app} {
			resolvers ${server(target)}
			refresh 1s
		}
		lb_policy round_robin
		lb_try_duration 2s
	}
}
`,
};
