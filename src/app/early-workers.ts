// Workers that load their programs while the main thread loads its own: a third of the time from exec to ready, where there is
// more than one core. What opens the store and the data plane takes them; what is left when the app runs, or has
// ended, is ended.
// Limits: those of the first opening; where the data has to be opened a second time, and for further threads, others are made then.

import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import { defaultThreads, newDnsWorker } from '../dns/plane/dns-worker.ts';
import { newWriterWorker } from '../store/writer-worker.ts';

/** Undefined: there is none left. */
export type TakeWorker = () => Worker | undefined;

export class EarlyWorkers {
  readonly #dns: Worker[];
  readonly #writers: Worker[];

  constructor({ dnsThreads, data, clusterName }: Pick<Config, 'dnsThreads' | 'data' | 'clusterName'>) {
    // The data of a cluster is in etcd.
    const writers = data === undefined || clusterName !== '' ? 0 : 1;
    this.#writers = Array.from({ length: writers }, newWriterWorker);
    this.#dns = Array.from({ length: dnsThreads ?? defaultThreads(availableParallelism()) }, newDnsWorker);
  }

  readonly takeDns: TakeWorker = () => this.#dns.shift();
  readonly takeWriter: TakeWorker = () => this.#writers.shift();

  /** Ends those that were not taken. */
  close(): void {
    for (const worker of [...this.#dns.splice(0), ...this.#writers.splice(0)]) void worker.terminate();
  }
}
