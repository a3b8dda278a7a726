// A folder of zones on a disk that is followed as the app follows it, with a handler that answers from it, and what was
// logged about its files.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nameToText } from '../../../src/dns/message/name.ts';
import { formatFault } from '../../../src/dns/zone-file/fault.ts';
import { loadZones } from '../../../src/dns/zone-file/load.ts';
import type { ZoneEvent } from '../../../src/dns/zone-file/watch/zone-event.ts';
import { ZoneWatch, type ZoneWatchTimes } from '../../../src/dns/zone-file/watch/zone-watch.ts';
import { removeScratch, scratch } from '../process/scratch.ts';
import { until } from '../process/until.ts';
import { gist, Harness } from '../registry/harness.ts';

const quick = { quietMs: 20, latestMs: 200 };
/** No pauses of people to wait for; looking at all files is too rare to help where reports are what is tested. */
export const quickTimes: ZoneWatchTimes = { settling: { replaced: quick, written: quick }, sweepMs: 60_000 };

/** What every zone begins with. */
export const zoneHead = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';
export const zoneText = (address: string) => `${zoneHead}www A ${address}\n`;

export class ZoneFolder {
  readonly harness = new Harness();
  readonly news: string[] = [];
  /** Where the folder lies. */
  readonly world: string;
  readonly folder: string;
  #watch: ZoneWatch | undefined;

  /** With one zone, `a.`, where www is 10.0.0.1. */
  constructor() {
    this.world = scratch({ 'zones/a.zone': zoneText('10.0.0.1') });
    this.folder = join(this.world, 'zones');
  }

  /** Loads, lets `meanwhile` happen, and watches. */
  start(times = quickTimes, meanwhile?: () => void): void {
    const { loads, zones, broken } = loadZones(this.folder);
    for (const zone of [...zones.values(), ...broken]) this.harness.zones.set(zone);
    meanwhile?.();
    this.#watch = new ZoneWatch(this.folder, loads, (item) => this.#hear(item), times);
  }

  releaseDeleted(): number {
    return this.#watch?.releaseDeleted() ?? 0;
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    removeScratch(this.world);
  }

  /** In place, as an editor that keeps the file would. */
  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** A whole file in place of another. */
  replace(path: string, text: string): void {
    const draft = join(this.folder, `.draft-of-${path}`);
    writeFileSync(draft, text);
    renameSync(draft, join(this.folder, path));
  }

  /** rcode, AA and data of an A query. */
  served(name = 'www.a.'): string {
    return gist(this.harness.query(name));
  }

  async untilServed(answer: string, name?: string): Promise<void> {
    await until(`${answer} being served: ${this.news.join('; ')}`, () => this.served(name) === answer);
  }

  async untilReported(item: string): Promise<void> {
    await until(`"${item}" reported`, () => this.news.includes(item)).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.news.join('; ')}`);
    });
  }

  async untilAnyNews(): Promise<void> {
    await until('any news', () => this.news.length > 0);
  }

  /** Ends when all earlier changes have been handled: another zone's change is handled after them. */
  async untilSeenTo(): Promise<void> {
    const isMarker = (item: string) => item.includes('marker.');
    this.replace('marker.zone', `${zoneHead}x TXT ${Math.random()}\n`);
    await until('the marker', () => this.news.some(isMarker));
    this.news.splice(this.news.findIndex(isMarker), 1);
  }

  #hear(item: ZoneEvent): void {
    if (item.kind === 'loaded') this.harness.zones.set(item.zone);
    if (item.kind === 'released') this.harness.zones.delete(item.apex);
    this.news.push(textOf(item).replaceAll(`${this.folder}/`, ''));
  }
}

function textOf(item: ZoneEvent): string {
  switch (item.kind) {
    case 'loaded':
      return `${item.isNew ? 'new' : 'reloaded'} ${nameToText(item.zone.apex)}${item.isMended ? ' mended' : ''}`;
    case 'refused':
      return `${item.isServed ? 'kept' : 'not served'}: ${item.faults.map(formatFault).join()}`;
    default:
      return `${item.kind} ${item.path}`;
  }
}
