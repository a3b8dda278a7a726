// A question in place: how long it is, and when two are the same.

import { expect, test } from 'vitest';
import { isSameQuestion, questionHash, questionOctets } from '../../../src/dns/server/question.ts';
import { type PacketKnobs, packet } from '../../kit/dns/packet.ts';

const at = 12;

function isSame(one: PacketKnobs, other: PacketKnobs): boolean {
  const bytes = packet(other);
  return isSameQuestion(packet(one).toString('latin1'), bytes, at, questionOctets(bytes, at, bytes.length));
}

function hashOf(knobs: PacketKnobs): number {
  const bytes = packet(knobs);
  return questionHash(bytes, at, questionOctets(bytes, at, bytes.length));
}

test('letter case is no difference; name, type and class are', () => {
  const asked = { name: 'orders.prod.svc.', type: 1 };
  expect(isSame(asked, { ...asked, name: 'ORDERS.prod.Svc.' })).toBe(true);
  expect(hashOf(asked)).toBe(hashOf({ ...asked, name: 'ORDERS.prod.Svc.' }));
  for (const other of [{ type: 28 }, { class: 3 }, { name: 'order.prod.svc.' }, { name: 'orders.prod.svd.' }])
    expect(isSame(asked, { ...asked, ...other })).toBe(false);
});

test('octets that differ in the bit of letter case without being letters are others', () => {
  expect(hashOf({ name: ['[1]'] })).toBe(hashOf({ name: ['{1}'] }));
  expect(isSame({ name: ['[1]'] }, { name: ['{1}'] })).toBe(false);
});

test('a question that does not end has no octets', () => {
  const bytes = packet({ name: 'orders.prod.svc.' });
  for (let end = at; end < bytes.length; end++) expect(questionOctets(bytes, at, end)).toBe(0);
  expect(questionOctets(bytes, at, bytes.length)).toBe(bytes.length - at);
});
