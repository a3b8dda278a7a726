// One reader of the rows of instances, without a thread: what is put or taken out is applied at once.

import { InstanceFeed } from '../../../src/dns/plane/instance-feed.ts';
import { InstanceRows } from '../../../src/dns/plane/instance-rows.ts';
import { applyUpdates, type UpdateSink } from '../../../src/dns/plane/update.ts';
import type { Change } from '../../../src/model/change.ts';
import type { Instance } from '../../../src/model/instance.ts';

export class FedRows {
  readonly rows: InstanceRows;
  readonly feed: InstanceFeed;
  sink: UpdateSink | undefined;
  #sequence = 0;

  constructor() {
    this.feed = new InstanceFeed({
      post: (content) => {
        if (content.kind !== 'updates') throw new Error(`a feed posts updates, not ${content.kind}`);
        for (const page of content.pages) this.rows.add(page);
        if (this.sink !== undefined) applyUpdates(content, this.sink);
        return ++this.#sequence;
      },
      max: 1,
      isRead: (sequence) => sequence <= this.#sequence,
      whySuspect: () => '',
    });
    this.rows = new InstanceRows(this.feed.memory);
  }

  put(after: Instance, revision: number): void {
    this.feed.apply({ after, revision } as Change);
  }

  remove(before: Instance, revision: number): void {
    this.feed.apply({ before, revision } as Change);
  }
}
