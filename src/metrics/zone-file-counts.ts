// Which zone files are not served as they are written: refused, or deleted while their zone is served on. The log has
// the same.

export interface ZoneFileNews {
  readonly kind: 'loaded' | 'mended' | 'refused' | 'deleted' | 'released' | 'unwatched';
  readonly path: string;
}

export class ZoneFileCounts {
  readonly #failing = new Set<string>();

  /** Files at fault now. */
  get failing(): number {
    return this.#failing.size;
  }

  changed({ kind, path }: ZoneFileNews): void {
    if (kind === 'refused' || kind === 'deleted') this.#failing.add(path);
    else if (kind !== 'unwatched') this.#failing.delete(path);
  }
}
