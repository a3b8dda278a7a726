// A line of the log for people: time, level, what happened, and the facts behind it as name=value. For a terminal; programs
// and files get the JSON as it is.
// Limits: a value is printed as JSON where it is no plain word, so nothing in it can steer the terminal.

import { styleText } from 'node:util';

const levels: Readonly<Record<number, readonly [name: string, style: 'dim' | 'yellow' | 'red']>> = {
  10: ['trace', 'dim'],
  20: ['debug', 'dim'],
  30: ['info', 'dim'],
  40: ['warn', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
};

/** In every line alike. */
const everywhere = new Set(['level', 'time', 'pid', 'hostname', 'msg']);

export interface LogLine {
  /** With its line end. */
  readonly line: string;
  /** What happened, without the facts; undefined: it is no line of pino's. */
  readonly message: string | undefined;
}

/** `line`: one of pino's, with its line end. */
export function lineForPeople(line: string, isColoured: boolean): LogLine {
  const fields = fieldsOf(line);
  if (fields === undefined) return { line, message: undefined };
  const message = typeof fields['msg'] === 'string' ? fields['msg'] : '';
  const [name, style] = levels[Number(fields['level'])] ?? ['', 'dim' as const];
  const at = new Date(Number(fields['time'])).toISOString().slice(11, 19);
  const { env, appid, instance, ...others } = fields;
  const isNamed = [env, appid, instance].every((part) => typeof part === 'string');
  // As every command takes it.
  const named = isNamed ? [` ${printable([env, appid, instance].join('/'))}`] : [];
  const facts = Object.entries(isNamed ? others : fields).filter(([key]) => !everywhere.has(key));
  const head = `${at} ${name.padEnd(5)}`;
  const parts = [
    isColoured ? styleText(style, head, { validateStream: false }) : head,
    `${printable(message)}${named.join('')}`,
    ...facts.map(([key, value]) => `${printable(key)}=${word(value)}`),
  ];
  return { line: `${parts.join(' ')}\n`, message };
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A plain word as it is, anything else as JSON. */
function word(value: unknown): string {
  return printable(typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value));
}

/** Control characters and the marks that turn the direction of text, escaped. */
function printable(text: string): string {
  const escaped = (one: string): string => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, escaped);
}
