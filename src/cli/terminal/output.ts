// `--output table|json|yaml`: the same answer for people or for programs. JSON and YAML carry the server's document
// whole; the table shows what is looked for most. What would steer a terminal is escaped in all three.

import { type Command, Option } from 'commander';
import { type CliContext, type Typed, textOption } from '../command.ts';
import { isPrintable, printableDocument } from './printable.ts';

export function addOutputFlag(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <form>', 'table for people, json or yaml for programs')
      .choices(['table', 'json', 'yaml'])
      .default('table'),
  );
}

/** Prints a document, or the text that `table` makes of it. */
export async function print(context: CliContext, typed: Typed, document: unknown, table: () => string): Promise<void> {
  const form = textOption(typed, 'output');
  if (form === 'json') context.out(printableDocument(`${JSON.stringify(document, undefined, 2)}\n`));
  else if (form === 'yaml') context.out(await yamlText(document));
  else context.out(table());
}

/** A plain YAML scalar knows no escapes: texts that need one are put in double quotes. */
async function yamlText(document: unknown): Promise<string> {
  const { Document, Scalar, visit } = await import('yaml');
  const yaml = new Document(document);
  visit(yaml, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && !isPrintable(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return printableDocument(yaml.toString({ lineWidth: 0 }));
}
