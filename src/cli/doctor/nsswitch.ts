// The hosts line of /etc/nsswitch.conf: whether programs that use the C library ask DNS at all.

import { printable } from '../terminal/printable.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export function nsswitchFinding(text: string, path: string): Finding {
  const line = text
    .split('\n')
    .map((one) => one.replace(/#.*/, '').trim())
    .find((one) => /^hosts\s*:/.test(one));
  // Without a line glibc takes "dns [!UNAVAIL=return] files".
  if (line === undefined) return ok(path, 'has no hosts line, so DNS is asked');
  const sources = line.replace(/^hosts\s*:/, '').trim();
  const words = sources.replaceAll(/\[[^\]]*\]/g, ' ').split(/\s+/);
  if (!words.includes('dns') && !words.includes('resolve')) {
    return fail(
      path,
      `hosts: ${printable(sources)} asks neither dns nor resolve: programs never ask DNS`,
      `add "dns" to the hosts line of ${path}`,
    );
  }
  if (/\bresolve\s*\[!UNAVAIL=return\]/.test(sources) && words.includes('dns')) {
    return ok(
      path,
      `hosts: ${printable(sources)}: systemd-resolved answers first, /etc/resolv.conf only where it is not running`,
    );
  }
  const stopped = /\[NOTFOUND=return\](?=.*\bdns\b)/.exec(sources);
  const before = stopped === null ? '' : sources.slice(0, stopped.index).trim().split(/\s+/).at(-1);
  if (stopped !== null && before?.startsWith('mdns') !== true) {
    return warn(
      path,
      `hosts: ${printable(sources)}: what ${printable(before ?? '')} does not know is never asked of dns`,
      `remove [NOTFOUND=return] from ${path}`,
    );
  }
  return ok(path, `hosts: ${printable(sources)}`);
}
