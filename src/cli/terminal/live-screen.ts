// Lines that are drawn again and again in the same place, below what was on the terminal before: no alternate screen, so
// the last state stays to be read when it ends, and nothing to be reset if the program is killed.
// Limits: as many lines as the window has, or the cursor could not come back to the first one; `everyMs` between two.

import type { CliParts } from '../command.ts';

/** Faster than one can read, and little enough for a slow line. */
const everyMs = 200;
/** Of a terminal that does not report its size. */
const rowsDefault = 24;

export class LiveScreen {
  readonly #parts: Pick<CliParts, 'terminal' | 'out'>;
  readonly #draw: (rows: number) => string;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `draw` gives the text for a window of so many rows. */
  constructor(parts: Pick<CliParts, 'terminal' | 'out'>, draw: (rows: number) => string) {
    this.#parts = parts;
    this.#draw = draw;
  }

  /** Something is different: it is drawn soon. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.draw();
    }, everyMs);
  }

  /** Draws at once. */
  draw(): void {
    // Some report 0.
    const rows = this.#parts.terminal?.rows || rowsDefault;
    const lines = this.#draw(rows)
      .split('\n')
      .slice(0, Math.max(rows - 1, 1));
    const back = this.#drawn === 0 ? '' : `\u001b[${Math.min(this.#drawn, rows)}A\r`;
    // Each line is erased after its end, and what was below the last one too: nothing flickers.
    this.#parts.out(`${back}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
    this.#drawn = lines.length;
  }

  /** Something else was printed meanwhile: the next drawing begins below it. */
  moveOn(): void {
    this.#drawn = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
