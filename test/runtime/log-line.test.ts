// The log as people read it on a terminal.

import { expect, test } from 'vitest';
import { lineForPeople } from '../../src/runtime/log-line.ts';

const line = (fields: object): string =>
  `${JSON.stringify({ level: 40, time: 0, pid: 1, hostname: 'h', ...fields })}\n`;

test('time, level, what happened, and the facts', () => {
  const { line: text, message } = lineForPeople(
    line({ app: 'prod/pay', why: 'tcp: refused', n: 3, list: [1], msg: 'it fails' }),
    false,
  );
  expect(text).toBe('00:00:00 warn  it fails app=prod/pay why="tcp: refused" n=3 list=[1]\n');
  expect(message).toBe('it fails');
});

test('an instance is named as every command takes it', () => {
  const fields = { env: 'prod', appid: 'pay', instance: 'a b', why: 'x', msg: 'it fails' };
  expect(lineForPeople(line(fields), false).line).toBe('00:00:00 warn  it fails prod/pay/a b why=x\n');
  expect(lineForPeople(line({ env: 'prod', appid: 'pay', msg: 'm' }), false).line).toContain('env=prod appid=pay');
});

test('only the level is coloured, and nothing steers the terminal', () => {
  const { line: text } = lineForPeople(line({ app: 'a\u001b[2J\u202e', msg: 'b\u001b[2J\u0007' }), true);
  const head = '\u001b[33m00:00:00 warn \u001b[39m ';
  expect(text.startsWith(head)).toBe(true);
  expect(text.slice(head.length)).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
});

test('what is no line of the log is passed on', () => {
  expect(lineForPeople('out of memory\n', false)).toEqual({ line: 'out of memory\n', message: undefined });
});
