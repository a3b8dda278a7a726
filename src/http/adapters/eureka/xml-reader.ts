// An XML body as the value that the same body in JSON has: an element with text alone is its text, attributes are `@name`
// and text beside them `$`, an element that is repeated is a list. Strict XML 1.0 in UTF-8.
// Limits: no DOCTYPE, no entities beyond the five, no processing instructions but the declaration; `depthMax`,
// `elementsMax`.

import { isUtf8 } from 'node:buffer';
import sax from 'sax';
import { elementNameOf } from './xml-names.ts';

/** An instance has four levels. */
const depthMax = 16;
/** An instance has some 30, and 64 metadata. */
const elementsMax = 1000;

export type XmlValue = string | XmlObject | readonly XmlValue[];
export interface XmlObject {
  readonly [name: string]: XmlValue;
}

interface Open {
  readonly name: string;
  readonly children: Map<string, XmlValue[]>;
  text: string;
}

export type XmlBody = { readonly name: string; readonly value: XmlValue } | { readonly fault: string };

class Refused extends Error {}

/** The root element, or what is wrong. */
export function readXml(octets: Buffer): XmlBody {
  if (!isUtf8(octets)) return { fault: 'the body is not UTF-8 text' };
  const reader = new Reader();
  try {
    return reader.read(octets.toString('utf8'));
  } catch (error) {
    // The parser throws its own errors out of `write`.
    const reason = error instanceof Error ? (error.message.split('\n', 1)[0] as string) : 'it cannot be read';
    return { fault: `the body is not XML that is taken here: ${reason}` };
  }
}

class Reader {
  readonly #stack: Open[] = [];
  #root: { readonly name: string; readonly value: XmlValue } | undefined;
  #elements = 0;

  read(text: string): XmlBody {
    const options: sax.SAXOptions & { readonly strictEntities: boolean } = { strictEntities: true };
    const parser = sax.parser(true, options);
    const refuse = (what: string) => (): never => {
      throw new Refused(`${what} is not allowed`);
    };
    parser.onerror = (error) => {
      throw error;
    };
    parser.ondoctype = refuse('a DOCTYPE');
    parser.onsgmldeclaration = refuse('a declaration');
    parser.onprocessinginstruction = ({ name }) => {
      if (name !== 'xml') refuse('a processing instruction')();
    };
    parser.onopentag = ({ name, attributes }) => this.#open(name, attributes as Record<string, string>);
    parser.ontext = (part) => this.#text(part);
    parser.oncdata = (part) => this.#text(part);
    parser.onclosetag = () => this.#close();
    parser.write(text).close();
    return this.#root ?? { fault: 'the body has no element' };
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#stack.length >= depthMax) throw new Refused(`it is nested more than ${depthMax} deep`);
    this.#elements += 1;
    if (this.#elements > elementsMax) throw new Refused(`it has more than ${elementsMax} elements`);
    const children = new Map(Object.entries(attributes).map(([key, value]) => [`@${key}`, [value] as XmlValue[]]));
    this.#stack.push({ name: elementNameOf.decode(name), children, text: '' });
  }

  #text(part: string): void {
    const open = this.#stack.at(-1);
    if (open !== undefined) open.text += part;
  }

  #close(): void {
    const { name, children, text } = this.#stack.pop() as Open;
    const value = elementValue(children, text);
    const parent = this.#stack.at(-1);
    if (parent === undefined) this.#root = { name, value };
    else parent.children.set(name, [...(parent.children.get(name) ?? []), value]);
  }
}

function elementValue(children: ReadonlyMap<string, XmlValue[]>, text: string): XmlValue {
  if (children.size === 0) return text;
  const entries = [...children].map(([name, values]): [string, XmlValue] => [
    name,
    values.length === 1 ? (values[0] as XmlValue) : values,
  ]);
  const own = text.trim();
  return Object.fromEntries(own === '' ? entries : [...entries, ['$', own]]);
}
