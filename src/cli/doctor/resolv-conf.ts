// /etc/resolv.conf as glibc reads it (resolv.conf(5)): at most three nameservers count, the last search or domain line
// wins, ndots is at most 15. And what in it keeps names of the registry from being found.

import { printable } from '../terminal/printable.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  readonly rotate: boolean;
}

const nameserversMax = 3;

export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  let ndots = 1;
  let rotate = false;
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = line
      .replace(/[;#].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined) nameservers.push(words[0]);
    if (keyword === 'search') search = words;
    if (keyword === 'domain') search = words.slice(0, 1);
    if (keyword !== 'options') continue;
    for (const word of words) {
      if (word === 'rotate') rotate = true;
      const dots = /^ndots:(\d+)$/.exec(word)?.[1];
      if (dots !== undefined) ndots = Math.min(Number(dots), 15);
    }
  }
  return { nameservers, search: search.map((domain) => domain.replace(/\.$/, '')), ndots, rotate };
}

/** The resolvers that are asked, in their order; without any it is the machine itself. */
export function askedNameservers({ nameservers }: ResolvConf): readonly string[] {
  return nameservers.length === 0 ? ['127.0.0.1'] : nameservers.slice(0, nameserversMax);
}

/** `name` is one that people will look up, without final dot; `path` is how messages call the file. */
export function resolvConfFindings(conf: ResolvConf, name: string, path: string): Finding[] {
  return [nameserverFinding(conf, path), ...searchFindings(conf, name, path), ...stubFindings(conf, path)];
}

function nameserverFinding({ nameservers, rotate }: ResolvConf, path: string): Finding {
  const listed = nameservers.map(printable).join(', ');
  if (nameservers.length === 0) {
    return warn(path, 'names no nameserver, so 127.0.0.1 port 53 is asked', `add "nameserver ADDRESS" to ${path}`);
  }
  if (nameservers.length > nameserversMax) {
    return warn(
      path,
      `names ${nameservers.length} nameservers; only the first ${nameserversMax} count`,
      `remove the others from ${path}`,
    );
  }
  if (rotate && nameservers.length > 1) {
    return warn(
      path,
      `rotates among ${listed}, so each of them has to know the domain`,
      'delegate the domain on all of them, or remove "rotate"',
    );
  }
  const others = nameservers.length > 1 ? '; the others are asked only where the first does not answer at all' : '';
  return ok(path, `asks ${listed}${others}`);
}

function searchFindings({ search, ndots }: ResolvConf, name: string, path: string): Finding[] {
  const dots = name.split('.').length - 1;
  if (search.length === 0) return [ok('search list', `none: ${name} is asked for as it is`)];
  const listed = search.map(printable).join(', ');
  const cluster = search.find((domain) => domain === 'cluster.local' || domain.startsWith('svc.'));
  if (ndots <= dots) {
    return [
      ok('search list', `ndots is ${ndots} and ${name} has ${dots} dots: it is asked for as it is before ${listed}`),
    ];
  }
  const first = `${name}.${printable(search[0] ?? '')}`;
  const why = `ndots is ${ndots} and ${name} has only ${dots} dots: ${first} is asked for first`;
  const remedy = `write the name with its final dot (${name}.), or "options ndots:${dots}" into ${path}`;
  if (cluster !== undefined) {
    const meant = `${why}, and below cluster.local that may be a service of the cluster with the same name`;
    return [fail('search list', meant, `${remedy}, or take another origin; see "rollcall snippet kubernetes"`)];
  }
  return [warn('search list', `${why}, ${search.length} needless questions for each look-up`, remedy)];
}

function stubFindings({ nameservers }: ResolvConf, path: string): Finding[] {
  if (!nameservers.some((address) => address === '127.0.0.53' || address === '127.0.0.54')) return [];
  const why = `${path} points at systemd-resolved: which server gets a name is decided by its routing domains`;
  return [ok('systemd-resolved', `${why} ("resolvectl domain" shows them)`)];
}
