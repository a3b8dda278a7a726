// The table of answers by their question's octets: what is found is the answer to that very question.

import { describe, expect, test } from 'vitest';
import type { CachedAnswer } from '../../../src/dns/server/answer-cache.ts';
import { questionHash, questionOctets } from '../../../src/dns/server/question.ts';
import { RecentAnswers } from '../../../src/dns/server/recent-answers.ts';
import { type PacketKnobs, packet } from '../../kit/dns/packet.ts';

const at = 12;

/** As much of an answer as the table reads: the octets of a message with this question. */
function answerTo(knobs: PacketKnobs): CachedAnswer {
  const bytes = packet(knobs);
  const hash = questionHash(bytes, at, questionOctets(bytes, at, bytes.length));
  return { octets: Buffer.concat([bytes, Buffer.alloc(40)]).toString('latin1'), hash } as CachedAnswer;
}

function add(table: RecentAnswers, answer: CachedAnswer): void {
  const bytes = Buffer.from(answer.octets, 'latin1');
  table.add(answer, bytes, at, questionOctets(bytes, at, bytes.length));
}

function found(table: RecentAnswers, knobs: PacketKnobs): CachedAnswer | undefined {
  const bytes = packet(knobs);
  const octets = questionOctets(bytes, at, bytes.length);
  return table.find(bytes, at, octets, questionHash(bytes, at, octets));
}

describe('an answer is found', () => {
  const answer = answerTo({ name: 'orders.prod.svc.' });

  test('for its question, in any letter case', () => {
    const table = new RecentAnswers(16);
    expect(found(table, {})).toBeUndefined();
    add(table, answer);
    for (const name of ['orders.prod.svc.', 'ORDERS.prod.svc.', 'oRdErS.PrOd.SvC.'])
      expect(found(table, { name })).toBe(answer);
  });

  test('for no other', () => {
    // One row: every question looks there.
    const table = new RecentAnswers(4);
    add(table, answer);
    const others: PacketKnobs[] = [
      { type: 28 },
      { type: 33 },
      { class: 3 },
      { name: 'order.prod.svc.' },
      { name: 'orders.prod.sv.' },
      { name: ['orders.prod', 'svc'] },
      { name: 'orders\u0000prod.svc.' },
      { name: ['orders', 'prod', 'sv\u0043'.replace('C', '#')] },
    ];
    for (const knobs of others) expect(found(table, knobs)).toBeUndefined();
    // Octets that differ in the bit of letter case without being letters.
    add(table, answerTo({ name: ['[1]'] }));
    expect(found(table, { name: ['{1}'] })).toBeUndefined();
    expect(found(table, { name: ['[1]'] })).toBeDefined();
  });

  test('beside three others of the same row; one more pushes out the oldest', () => {
    const table = new RecentAnswers(4);
    const names = ['a.svc.', 'b.svc.', 'c.svc.', 'd.svc.', 'e.svc.'];
    const answers = names.map((name) => answerTo({ name }));
    const [a, b, c, d, e] = answers;
    const foundNow = () => names.map((name) => found(table, { name }));
    for (const answer of answers.slice(0, 4)) add(table, answer);
    expect(foundNow()).toEqual([a, b, c, d, undefined]);
    add(table, e as CachedAnswer);
    expect(foundNow()).toEqual([undefined, b, c, d, e]);
    table.delete(d as CachedAnswer);
    add(table, a as CachedAnswer);
    expect(foundNow()).toEqual([a, b, c, undefined, e]);
    const newer = answerTo({ name: 'b.svc.' });
    add(table, newer);
    expect(foundNow()).toEqual([a, newer, c, undefined, e]);
  });

  test('for nearly all of as many as fill half of the table', () => {
    const table = new RecentAnswers(8192);
    const names = Array.from({ length: 4096 }, (_, i) => `app${i}.prod.svc.`);
    for (const name of names) add(table, answerTo({ name }));
    expect(names.filter((name) => found(table, { name }) === undefined).length).toBeLessThan(200);
  });

  test('until it is deleted; a newer one of the same question stays', () => {
    const table = new RecentAnswers(16);
    const newer = answerTo({ name: 'ORDERS.prod.svc.' });
    add(table, answer);
    add(table, newer);
    table.delete(answer);
    expect(found(table, {})).toBe(newer);
    table.delete(newer);
    expect(found(table, {})).toBeUndefined();
  });
});

describe('a question', () => {
  test.each<[string, PacketKnobs, number]>([
    ['of the root', { name: '.' }, 5],
    ['of a name', { name: 'a.bc.' }, 10],
    ['with octets behind it', { name: 'a.', trailing: Buffer.alloc(30, 1) }, 7],
    ['that is none', { name: null }, 0],
  ])('%s ends where it ends', (_, knobs, octets) => {
    const bytes = packet(knobs);
    expect(questionOctets(bytes, at, bytes.length)).toBe(octets);
  });

  test('that is cut off is none', () => {
    const bytes = packet({ name: 'a.bc.' });
    for (let end = at; end < bytes.length; end++) expect(questionOctets(bytes, at, end)).toBe(0);
  });
});

test('a table that grows loses nothing while there is room', () => {
  const table = new RecentAnswers(131_072);
  const names = Array.from({ length: 3000 }, (_, index) => `app-${index}.prod.svc.`);
  const answers = names.map((name) => answerTo({ name }));
  for (const answer of answers) add(table, answer);
  for (const [index, name] of names.entries()) expect(found(table, { name })).toBe(answers[index]);
  for (const answer of answers.slice(0, 1500)) table.delete(answer);
  for (const [index, name] of names.entries())
    expect(found(table, { name })).toBe(index < 1500 ? undefined : answers[index]);
});
