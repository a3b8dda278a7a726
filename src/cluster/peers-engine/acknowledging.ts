// Reports to each peer how far its changes are here, so that it knows which of its writes every node has: the latest, one call
// at a time, and once a second. A node that is about to start takes no calls yet, and is called again soon.

import { setTimeout as pause } from 'node:timers/promises';

const againMs = 100;
const attemptsMax = 10;

interface Sending {
  readonly life: string;
  revision: number;
  isSending: boolean;
}

export class Acknowledging {
  readonly #send: (node: string, life: string, revision: number) => Promise<unknown>;
  readonly #sending = new Map<string, Sending>();

  constructor(send: (node: string, life: string, revision: number) => Promise<unknown>) {
    this.#send = send;
  }

  applied(node: string, life: string, revision: number): void {
    const known = this.#sending.get(node);
    if (known?.life === life && known.isSending) {
      known.revision = revision;
      return;
    }
    const sending = { life, revision, isSending: true };
    this.#sending.set(node, sending);
    void this.#run(node, sending);
  }

  async #run(node: string, sending: Sending): Promise<void> {
    let sent = -1;
    while (sent < sending.revision) {
      for (let attempt = 1; attempt <= attemptsMax; attempt++) {
        sent = sending.revision;
        if ((await this.#send(node, sending.life, sent)) !== undefined) break;
        await pause(againMs, undefined, { ref: false });
      }
    }
    sending.isSending = false;
  }
}
