// What a resolver makes of TTLs: whether it keeps an address, and the news that there is none, for as long as rollcall
// allows and no longer.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DnsReply, lookUp } from '../dns/lookup.ts';
import { hostPortText } from '../host-port.ts';
import { type Watched, watchCache } from './cache-watch.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { type Asked, addressType } from './resolver-check.ts';

/** Whole seconds of TTLs, the interval of the questions, and a slow machine. */
const toleranceMs = 1900;

/** Of a name that has addresses. */
export function checkPositiveCache(asked: Asked, name: string, forMs: number): Promise<Finding> {
  const ttlOf = ({ answer }: DnsReply): number | undefined =>
    answer.find(({ type }) => type === 'A' || type === 'AAAA')?.ttl;
  return checkCache(
    asked,
    { name, what: `cache of ${hostPortText(asked.resolver)}`, noun: 'addresses', isFresh: false, ttlOf },
    forMs,
  );
}

/** Of a name made up now, which cannot have been asked for before. */
export function checkNegativeCache(asked: Asked, forMs: number): Promise<Finding> {
  const name = `doctor-${randomBytes(4).toString('hex')}.${asked.origin}`;
  const ttlOf = ({ authority }: DnsReply): number | undefined => authority.find(({ type }) => type === 'SOA')?.ttl;
  return checkCache(
    asked,
    { name, what: `negative cache of ${hostPortText(asked.resolver)}`, noun: '"no such name"', isFresh: true, ttlOf },
    forMs,
  );
}

interface Subject {
  readonly name: string;
  readonly what: string;
  readonly noun: string;
  readonly isFresh: boolean;
  ttlOf(reply: DnsReply): number | undefined;
}

async function checkCache({ resolver, server }: Asked, subject: Subject, forMs: number): Promise<Finding> {
  const question = { name: subject.name, type: await addressType(server, subject.name) };
  const ttlAt = async (where: typeof resolver, recurse: boolean): Promise<number | undefined> => {
    const reply = await lookUp(where, question, { recurse });
    return 'rcode' in reply ? subject.ttlOf(reply) : undefined;
  };
  const watched = await watchCache(
    { ask: () => ttlAt(resolver, true), nowMs: () => performance.now(), sleep },
    forMs,
    subject.isFresh,
  );
  const allowed = await ttlAt(server, false);
  return cacheFinding(subject, watched, allowed, forMs);
}

/** The diagnosis alone: `allowed` is the TTL that rollcall gives. */
export function cacheFinding(
  { what, noun }: Pick<Subject, 'what' | 'noun'>,
  { ttlMax, keptMs, countsDown, unbrokenMs }: Watched,
  allowed: number | undefined,
  forMs: number,
): Finding {
  const floor =
    'lower its shortest TTL, or those who left stay and those who came are not seen: cache-min-ttl (Unbound), min-cache-ttl and neg-ttl (dnsmasq), min-cache-ttl and min-ncache-ttl (BIND), the last number of success and denial (CoreDNS)';
  if (allowed === undefined)
    return warn(what, `could not be measured: rollcall gives no TTL for ${noun}`, 'ask again when it does');
  if (ttlMax === undefined)
    return warn(
      what,
      `could not be measured: its answers have no TTL for ${noun}`,
      `rollcall allows ${allowed} s; look at the settings of its cache`,
    );
  if (ttlMax > allowed)
    return fail(
      what,
      `answers with TTL ${ttlMax} for ${noun} where rollcall has ${allowed}: it keeps answers too long`,
      floor,
    );
  if (keptMs !== undefined) {
    const kept = (keptMs / 1000).toFixed(1);
    if (keptMs > allowed * 1000 + toleranceMs)
      return fail(what, `kept ${noun} for ${kept} s, rollcall allows ${allowed} s`, floor);
    return ok(what, `keeps ${noun} for ${kept} s; rollcall allows ${allowed} s`);
  }
  if (!countsDown)
    return ok(
      what,
      `always answers with TTL ${ttlMax} for ${noun}: it asks rollcall every time, or keeps nothing long enough to count`,
    );
  // With a gap in what was watched, an answer may have ended in it.
  if (unbrokenMs > allowed * 2000 + toleranceMs)
    return fail(
      what,
      `kept ${noun} for all of ${Math.round(unbrokenMs / 1000)} s, rollcall allows ${allowed} s`,
      floor,
    );
  return warn(
    what,
    `${noun}: no answer ended within ${forMs / 1000} s, rollcall allows ${allowed} s`,
    'watch longer with --seconds',
  );
}
