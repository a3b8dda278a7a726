// Which answers are outstanding, as found from a packet capture: every reply is read, octet by octet, and each
// record of an instance is noted with the time and its TTL. Independent of caches, ledger and view.
// Instances are recognised by their data: instance 3 of app 2 is at 10.2.3.x and 2001:db8:2:3::x, is named
// `i3.<app>`, and has the metadata `id=2/3`. A record of a zone file that names an instance is not the instance's: who
// follows it asks again.

import { type Rec, readReply } from './reply.ts';

interface Holding {
  readonly lastServedMs: number;
  readonly heldUntilMs: number;
}

export class NaiveOutstanding {
  /** By `app/instance`, both numbers. */
  readonly #holdings = new Map<string, Holding[]>();
  readonly #apps: readonly string[];

  /** Names of the apps with their env; the number of an app is its place here. */
  constructor(apps: readonly string[]) {
    this.#apps = apps;
  }

  /** A reply that was sent at `nowMs`. */
  sent(bytes: Uint8Array, nowMs: number): void {
    const { answer, additional } = readReply(bytes);
    for (const record of [...answer, ...additional]) {
      for (const id of this.#idsIn(record)) {
        const holdings = this.#holdings.get(id) ?? [];
        const heldMs = record.ttl === 0 ? 0 : record.ttl * 1000 + 1000;
        // Half a second: what is on its way.
        holdings.push({ lastServedMs: nowMs, heldUntilMs: nowMs + heldMs + 500 });
        this.#holdings.set(id, holdings);
      }
    }
  }

  /** What is held at `nowMs` of this instance; undefined: nothing. */
  of(app: number, instance: number, nowMs: number): Holding | undefined {
    const held = (this.#holdings.get(`${app}/${instance}`) ?? []).filter(({ heldUntilMs }) => heldUntilMs > nowMs);
    if (held.length === 0) return undefined;
    return {
      lastServedMs: Math.max(...held.map(({ lastServedMs }) => lastServedMs)),
      heldUntilMs: Math.max(...held.map(({ heldUntilMs }) => heldUntilMs)),
    };
  }

  #idsIn({ owner, type, data }: Rec): string[] {
    switch (type) {
      case 'A':
        return Array.from(data.matchAll(/^10\.(\d+)\.(\d+)\./g), ([, app, instance]) => `${app}/${instance}`);
      case 'AAAA':
        return Array.from(data.matchAll(/^2001:db8:(\d+):(\d+):/g), ([, app, instance]) => `${app}/${instance}`);
      case 'TXT':
        return Array.from(data.matchAll(/"id=(\d+\/\d+)"/g), ([, id]) => id as string);
      case 'SRV':
      case 'HTTPS':
      case 'SVCB':
        if (!owner.endsWith('.prod.svc.')) return [];
        return this.#apps.flatMap((name, app) => {
          const [, instance] = new RegExp(`(?:^|[ .])i(\\d+)\\.${name}\\.svc\\.(?: |$)`).exec(data) ?? [];
          return instance === undefined ? [] : [`${app}/${instance}`];
        });
      default:
        return [];
    }
  }
}
