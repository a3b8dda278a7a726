// What a configuration text has to know: where rollcall's DNS is, which domains it answers, and which app is meant.

import { type HostPort, hostPortText } from '../host-port.ts';

export interface SnippetTarget {
  /** Where the program in question reaches rollcall's DNS. */
  readonly dns: HostPort;
  /** The domains to be handed over: the origin first, then others such as 10.in-addr.arpa; no final dot. */
  readonly domains: readonly [origin: string, ...others: string[]];
  /** APPID.ENV.ORIGIN without final dot. */
  readonly app: string;
  /** The port at which the app's instances serve, for programs that ask for addresses alone. */
  readonly appPort: number;
}

export interface Snippet {
  readonly summary: string;
  text(target: SnippetTarget): string;
}

/** `127.0.0.1:8053` */
export function server({ dns }: SnippetTarget): string {
  return hostPortText(dns);
}

/** One block for each domain, in their order. */
export function each({ domains }: SnippetTarget, block: (domain: string) => string, between = '\n'): string {
  return domains.map(block).join(between);
}

export function isReverse(domain: string): boolean {
  return /(^|\.)(in-addr|ip6)\.arpa$/.test(domain);
}

/** A name for files, pools and the like, made of the app's first label. */
export function shortName({ app }: SnippetTarget): string {
  return app.split('.', 1)[0]?.replaceAll(/[^a-z0-9-]/g, '-') || 'app';
}
