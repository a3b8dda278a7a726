// Keys in etcd that could not be read: each is reported and counted, and hides no other.
// Limits: so many are remembered; the count goes on.

const keysMax = 10_000;

export class BadKeys {
  readonly #prefix: string;
  readonly #report: (key: string, problem: string) => void;
  readonly #paths = new Set<string>();
  count = 0;

  constructor(prefix: string, report: (key: string, problem: string) => void) {
    this.#prefix = prefix;
    this.#report = report;
  }

  add(key: string, problem = 'cannot be read'): void {
    if (this.#paths.size < keysMax) this.#paths.add(key.slice(this.#prefix.length));
    this.count++;
    this.#report(key, problem);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }
}
