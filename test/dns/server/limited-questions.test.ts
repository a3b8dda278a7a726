// How questions were answered whose replies were limited lately.

import { expect, test } from 'vitest';
import { LimitedQuestions, limitedAnswer } from '../../../src/dns/server/limited-questions.ts';
import { AnswerKind } from '../../../src/dns/server/response-rates.ts';
import { hex } from '../../kit/dns/packet.ts';

const missing = hex('0102 8583 0001 0000 0001 0000');
const found = hex('0102 8580 0001 0003 0000 0000');

test('of a reply its AA, rcode and kind', () => {
  expect(limitedAnswer(missing, 0)).toEqual({ authoritativeBit: 4, rcode: 3, kind: AnswerKind.nxdomain });
  expect(limitedAnswer(found, 0)).toEqual({ authoritativeBit: 4, rcode: 0, kind: AnswerKind.positive });
  expect(limitedAnswer(hex('0102 8005 0001 0000 0000 0000'), 0)).toEqual({
    authoritativeBit: 0,
    rcode: 5,
    kind: AnswerKind.error,
  });
});

test('a question is known for a second, and another of its place takes it', () => {
  const questions = new LimitedQuestions();
  expect(questions.isEmpty(0)).toBe(true);
  const [one, two] = [limitedAnswer(missing, 0), limitedAnswer(found, 0)];
  questions.add(5, one, 100);
  expect(questions.find(5, 1100)).toBe(one);
  expect(questions.isEmpty(1100)).toBe(false);
  expect(questions.find(5, 1101)).toBeUndefined();
  expect(questions.isEmpty(1101)).toBe(true);
  questions.add(5 + 4096, two, 200);
  expect(questions.find(5, 300)).toBeUndefined();
  expect(questions.find(5 + 4096, 300)).toBe(two);
  questions.add(-7, one, 200);
  expect(questions.find(-7, 300)).toBe(one);
});
