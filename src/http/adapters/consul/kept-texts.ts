// Answers as text, kept while what they are made from is the same: many callers wait for one service, and all are answered
// with the same text when it changes. Renewals change nothing in them.
// Limits: `octetsMax` of text in all, the ones asked for last.

import { LRUCache } from 'lru-cache';

const octetsMax = 16 * 1024 * 1024;

interface CachedText {
  readonly version: string;
  readonly text: string;
}

export class KeptTexts {
  readonly #texts = new LRUCache<string, CachedText>({
    maxSize: octetsMax,
    sizeCalculation: ({ text, version }, key) => 2 * (text.length + version.length + key.length) + 100,
  });

  /** `version`: of what the text is made from. */
  text(key: string, version: string, make: () => string): string {
    const kept = this.#texts.get(key);
    if (kept?.version === version) return kept.text;
    const text = make();
    this.#texts.set(key, { version, text });
    return text;
  }
}
