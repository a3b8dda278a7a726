// A JSON value as the XML that a Eureka server writes for it: two spaces a level, `@name` an attribute (without its
// prefix), `$` the text beside attributes, one element for each item of a list.

import { elementNameOf } from './xml-names.ts';

/** JSON alone spells it so, beside `overriddenstatus`. */
const jsonOnly = 'overriddenStatus';

export function xmlText(name: string, value: unknown): string {
  const lines: string[] = [];
  write(lines, elementNameOf.encode(name), value, '');
  return lines.join('\n');
}

function write(lines: string[], name: string, value: unknown, indent: string): void {
  if (Array.isArray(value)) {
    for (const item of value) write(lines, name, item, indent);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    lines.push(`${indent}<${name}>${escaped(String(value))}</${name}>`);
    return;
  }
  const entries = Object.entries(value).filter(([key]) => key !== jsonOnly);
  const attributes = entries
    .filter(([key]) => key.startsWith('@'))
    .map(([key, text]) => ` ${elementNameOf.encode(key.slice(1))}="${escaped(String(text))}"`);
  const open = `${indent}<${name}${attributes.join('')}`;
  const text = entries.find(([key]) => key === '$');
  const children = entries.filter(([key]) => !key.startsWith('@') && key !== '$');
  if (text !== undefined) lines.push(`${open}>${escaped(String(text[1]))}</${name}>`);
  else if (children.length === 0) lines.push(`${open}/>`);
  else {
    lines.push(`${open}>`);
    for (const [key, child] of children) write(lines, elementNameOf.encode(key), child, `${indent}  `);
    lines.push(`${indent}</${name}>`);
  }
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What XML 1.0 cannot represent becomes U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => entities[character] as string)
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
