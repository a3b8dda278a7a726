// Clients that write to their own instances and note what was acknowledged, and the check afterwards: what was
// acknowledged is there, what was cancelled is not, and the one write that was under way may be either.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../http/api-client.ts';

interface Known {
  /** The weight that was acknowledged; undefined: a cancel was, or nothing. */
  acknowledged: number | undefined;
  /** A write without an answer, or with one that warns that it may be lost. */
  open: { readonly weight: number | undefined } | undefined;
}

export class AcknowledgedWrites {
  readonly #known = new Map<string, Known>();
  #count = 0;
  acknowledged = 0;

  /** `clients` at once, each a write every `everyMs`, until the server is gone. */
  async writeUntilGone(http: string, clients: number, everyMs: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, client) => this.#client(http, client, everyMs)));
  }

  /** Every difference between what was acknowledged and what is there. */
  async differences(http: string): Promise<string[]> {
    const api = new ApiClient(http);
    const found: string[] = [];
    for (const [place, known] of this.#known) {
      const { status, json } = await api.call('GET', `/api/v1/apps/${place}`);
      const weight = status === 404 ? undefined : (json['weight'] as number);
      if (weight === known.acknowledged) known.open = undefined;
      else if (known.open !== undefined && weight === known.open.weight) {
        // It was written, though no reply came.
        known.acknowledged = weight;
        known.open = undefined;
      } else found.push(`${place}: acknowledged ${known.acknowledged}, found ${weight} (${status})`);
    }
    api.close();
    return found;
  }

  /** One write; true: it was acknowledged. */
  async write(api: ApiClient, place: string, isCancel: boolean): Promise<boolean> {
    const known = this.#known.get(place) ?? { acknowledged: undefined, open: undefined };
    this.#known.set(place, known);
    const weight = isCancel ? undefined : ++this.#count % 65_000;
    known.open = { weight };
    const path = `/api/v1/apps/${place}`;
    const body = { addrs: ['http://10.0.0.7:80'], weight, metadata: { text: 'x'.repeat(200) } };
    const { status, json } = isCancel ? await api.call('DELETE', path) : await api.call('PUT', path, { body });
    const isDone = status < 300 || (isCancel && status === 404);
    if (isDone) {
      known.acknowledged = weight;
      this.acknowledged++;
    }
    // Refused before it was applied: nothing may be seen of it.
    if (isDone || json['type'] !== 'urn:rollcall:problem:not-durable') known.open = undefined;
    return isDone;
  }

  async #client(http: string, client: number, everyMs: number): Promise<void> {
    const api = new ApiClient(http, 1);
    try {
      for (let i = 0; ; i++) {
        await this.write(api, `prod/app-${client}/one-${(i * 7) % 12}`, i % 3 === 2);
        await sleep(everyMs);
      }
    } catch {
      // The server is gone.
    } finally {
      api.close();
    }
  }
}
