// A map of very many texts or numbers, in parts: a map that grows is laid out anew as a whole, which at a million entries holds the
// thread, and all answers, for a tenth of a second; here one part of many grows at a time.
// Limits: texts that end alike in four characters share a part. Of addresses and counted names that is some hundred of
// a million.

const parts = 1024;

export class ShardedMap<V, Key extends string | number = string> {
  readonly #parts: (Map<Key, V> | undefined)[] = [];

  get(key: Key): V | undefined {
    return this.#parts[partOf(key)]?.get(key);
  }

  set(key: Key, value: V): void {
    const index = partOf(key);
    const part = this.#parts[index];
    if (part === undefined) {
      while (this.#parts.length <= index) this.#parts.push(undefined);
      this.#parts[index] = new Map([[key, value]]);
    } else part.set(key, value);
  }

  delete(key: Key): void {
    const index = partOf(key);
    const part = this.#parts[index];
    if (part?.delete(key) === true && part.size === 0) this.#parts[index] = undefined;
  }
}

function partOf(key: string | number): number {
  if (typeof key === 'number') return key & (parts - 1);
  let hash = key.length;
  for (let at = Math.max(0, key.length - 4); at < key.length; at++) hash = Math.imul(hash, 31) + key.charCodeAt(at);
  return hash & (parts - 1);
}
