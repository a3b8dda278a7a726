// `host:port` of a DNS server, as flags have it: 127.0.0.1:8053, [::1]:53, 10.0.0.5. Addresses only: what resolves a
// name is just what is in question here.

import { isIP, isIPv6 } from 'node:net';

export interface HostPort {
  /** An IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Undefined: it is not of that form. Without a port it is `defaultPort`. */
export function hostPortOf(text: string, defaultPort = 53): HostPort | undefined {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? (plain?.toLowerCase() === 'localhost' ? '127.0.0.1' : plain);
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || isIP(host) === 0 || port < 1 || port > 65_535) return undefined;
  return bracketed !== undefined && !isIPv6(host) ? undefined : { host, port };
}

export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
