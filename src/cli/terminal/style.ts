// Colour, where it can be seen: on a terminal that has not declined it (https://no-color.org). Nothing is shown by
// colour alone.

import { styleText } from 'node:util';
import type { CliParts } from '../command.ts';

export type Style = 'strong' | 'good' | 'doubtful' | 'bad' | 'faint';

const formats = { strong: 'bold', good: 'green', doubtful: 'yellow', bad: 'red', faint: 'dim' } as const;

/** Whether colour is wanted. */
export function isColoured({ terminal, env }: Pick<CliParts, 'terminal' | 'env'>): boolean {
  return terminal !== undefined && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Paints a text that is safe to print; gives it back as it is where colour is not wanted. */
export function painter(parts: Pick<CliParts, 'terminal' | 'env'>): (style: Style, text: string) => string {
  if (!isColoured(parts)) return (_style, text) => text;
  return (style, text) => styleText(formats[style], text, { validateStream: false });
}
