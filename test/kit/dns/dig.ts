// dig as people use it: runs it and reads its plain output back into sections. One try, so that a reply that is lost is
// seen and not made good.

import { output } from '../process/program.ts';

export interface Dug {
  /** `NOERROR` */
  readonly status: string;
  /** `qr aa rd` */
  readonly flags: string;
  /** Records with single blanks, in the order received. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  readonly text: string;
}

export async function dig(port: number, question: string, { server = '127.0.0.1' } = {}): Promise<Dug> {
  const text = await output('dig', [`@${server}`, '-p', String(port), '+tries=1', '+time=5', ...question.split(' ')]);
  const section = (name: string): string[] => {
    const [, body = ''] = new RegExp(`^;; ${name} SECTION:\\n((?:.+\\n)*)`, 'm').exec(`${text}\n`) ?? [];
    const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
    return lines.map((line) => line.replace(/\s+/g, ' '));
  };
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? '',
    flags: /^;; flags: ([^;]*);/m.exec(text)?.[1] ?? '',
    answer: section('ANSWER'),
    authority: section('AUTHORITY'),
    additional: section('ADDITIONAL'),
    text,
  };
}

/** `dig +short`, sorted. */
export async function digShort(port: number, question: string, server = '127.0.0.1'): Promise<string[]> {
  const args = [`@${server}`, '-p', String(port), '+tries=1', '+time=5', '+short', ...question.split(' ')];
  const text = await output('dig', args);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}
