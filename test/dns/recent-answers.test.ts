// The table of answers by their question's octets: what is found is the answer to that very question.

import { describe, expect, test } from 'vitest';
import type { CachedAnswer } from '../../src/dns/answer-cache.ts';
import { questionHash, questionOctets, RecentAnswers } from '../../src/dns/recent-answers.ts';
import { type PacketKnobs, packet } from '../kit/packet.ts';

const at = 12;

/** As much of an answer as the table reads: the octets of a message with this question. */
function answerTo(knobs: PacketKnobs): CachedAnswer {
  return { encoded: { bytes: Buffer.concat([packet(knobs), Buffer.alloc(40)]) } } as CachedAnswer;
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
    table.add(answer);
    for (const name of ['orders.prod.svc.', 'ORDERS.prod.svc.', 'oRdErS.PrOd.SvC.'])
      expect(found(table, { name })).toBe(answer);
  });

  test('for no other', () => {
    // One pair of places: every question looks there.
    const table = new RecentAnswers(2);
    table.add(answer);
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
    table.add(answerTo({ name: ['[1]'] }));
    expect(found(table, { name: ['{1}'] })).toBeUndefined();
    expect(found(table, { name: ['[1]'] })).toBeDefined();
  });

  test('beside one other of the same place; a third pushes out the oldest', () => {
    const table = new RecentAnswers(2);
    const names = ['a.svc.', 'b.svc.', 'c.svc.'];
    const [one, two, three] = names.map((name) => answerTo({ name })) as [CachedAnswer, CachedAnswer, CachedAnswer];
    for (const answer of [one, two]) table.add(answer);
    expect(names.map((name) => found(table, { name }))).toEqual([one, two, undefined]);
    table.add(three);
    expect(names.map((name) => found(table, { name }))).toEqual([undefined, two, three]);
    table.delete(three);
    table.add(one);
    expect(names.map((name) => found(table, { name }))).toEqual([one, two, undefined]);
  });

  test('for nearly all of as many as fill an eighth of the table', () => {
    const table = new RecentAnswers(8192);
    const names = Array.from({ length: 1024 }, (_, i) => `app${i}.prod.svc.`);
    for (const name of names) table.add(answerTo({ name }));
    expect(names.filter((name) => found(table, { name }) === undefined).length).toBeLessThan(40);
  });

  test('until it is deleted; a newer one of the same question stays', () => {
    const table = new RecentAnswers(16);
    const newer = answerTo({ name: 'ORDERS.prod.svc.' });
    table.add(answer);
    table.add(newer);
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
