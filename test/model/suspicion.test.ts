// A suspicion that goes between threads as text is the same when it arrives.

import { expect, test } from 'vitest';
import { suspicionIn, suspicionText } from '../../src/model/suspicion.ts';

test('an owner that was not heard, or that has marked an instance, comes through', () => {
  const unheard = { kind: 'unheard', owner: 'n2.example', sinceMs: 123_456, staleAfterMs: 3_600_000 } as const;
  expect(suspicionIn(suspicionText(unheard))).toEqual(unheard);
  expect(suspicionIn(suspicionText({ ...unheard, sinceMs: -5.2 }))).toEqual({ ...unheard, sinceMs: -6 });
  const marked = { kind: 'marked', owner: 'n2' } as const;
  expect(suspicionIn(suspicionText(marked))).toEqual(marked);
});

test('a reason in words is none', () => {
  expect(suspicionIn('the lease ends soon')).toBeUndefined();
  expect(suspicionIn('')).toBeUndefined();
});
