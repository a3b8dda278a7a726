// Problems of our parsers as one plain sentence: clients of other registries print a body and read no document.

import type { Problem } from '../../model/problem.ts';

const shownMax = 5;

export function problemText(problems: readonly Problem[]): string {
  const texts = problems
    .slice(0, shownMax)
    .map(({ field, message, value }) =>
      `${field} ${message}${value === undefined ? '' : `, received ${value}`}`.trim(),
    );
  const left = problems.length - texts.length;
  return left > 0 ? `${texts.join('; ')}; and ${left} more` : texts.join('; ');
}
