// YAML as people write it, for settings and service files: with merge keys (`<<: *base`), a `%YAML 1.1` heading (read as
// 1.2, so `on` and `1:30` stay text), and a document marker at the end. A template that was not rendered is YAML, a mapping
// with a mapping as its key, and means nothing: it is a fault of its own. Nothing is written to Node's warnings.
// Limits: one document; aliases as far as the yaml package lets them unfold.

import { type Document, isCollection, LineCounter, parseDocument, visit } from 'yaml';

export interface YamlFault {
  readonly offset: number;
  readonly message: string;
  /** The message is ours, and repeats nothing of the text. */
  readonly isOurs: boolean;
}

export interface YamlText {
  readonly document: Document.Parsed;
  readonly faults: readonly YamlFault[];
  position(offset: number): { readonly line: number; readonly col: number };
}

const unrendered = 'this looks like a template that was not rendered: {{ … }} and {% … %} are values only in quotes';

/** `severalDocuments`: the fault for a second document. */
export function readYaml(text: string, severalDocuments = 'a second document: a file holds one'): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(asOneDocument(text), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: 'error',
  });
  const template = templateIn(document, text);
  const syntax = [...document.errors, ...document.warnings].map(({ pos, code, message }) =>
    code === 'MULTIPLE_DOCS'
      ? { offset: pos[0], message: severalDocuments, isOurs: true }
      : { offset: pos[0], message, isOurs: false },
  );
  return {
    document,
    faults: template === undefined ? syntax : [{ offset: template, message: unrendered, isOurs: true }],
    position: (offset) => lines.linePos(offset),
  };
}

/** With the same offsets: a heading of version 1.1 becomes one of 1.2, a marker without a document after it blanks. */
function asOneDocument(text: string): string {
  const heading = /^\uFEFF?%YAML 1\.1[ \t]*\r?\n/.exec(text)?.[0] ?? '';
  const whole = heading.replace('1.1', '1.2') + text.slice(heading.length);
  const marker = whole.lastIndexOf('\n---');
  if (marker < 0) return whole;
  const isLast = whole
    .slice(marker + 4)
    .split('\n')
    .every((line, index) => (index === 0 ? /^[ \t]*\r?$/ : /^[ \t]*(?:#.*)?\r?$/).test(line));
  const isEnd = isLast && /^[^#%\s-]|^- /m.test(whole.slice(0, marker));
  return isEnd ? `${whole.slice(0, marker)}\n   ${whole.slice(marker + 4)}` : whole;
}

/** Where a template begins; undefined: there is none. A value in quotes, or after other text, is no collection. */
function templateIn(document: Document.Parsed, text: string): number | undefined {
  // What is left of one where it is not even YAML.
  if (document.errors.length > 0) {
    const found = /^[^#"'\n]*?(?=\{\{|\{%|<%)/m.exec(text);
    return found === null ? undefined : found.index + found[0].length;
  }
  let found: number | undefined;
  visit(document, {
    Pair(_key, { key }) {
      if (!isCollection(key)) return undefined;
      found = Math.max(0, (key.range?.[0] ?? 1) - 1);
      return visit.BREAK;
    },
  });
  return found;
}
