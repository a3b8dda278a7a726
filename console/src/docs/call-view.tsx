// One call: closed it is a line, open it has parameters, body and replies.

import type { Call, Parameter, Schema } from './description.ts';
import { typeText } from './description.ts';

export function CallView({ call }: { readonly call: Call }) {
  const { method, path, summary, description, parameters, body, replies } = call;
  return (
    <details class="call">
      <summary>
        <span class="method">{method}</span>
        <code>{path}</code>
        <span class="muted">{summary}</span>
      </summary>
      <div>
        {description !== '' && <p class="prose">{description}</p>}
        <Parameters title="Path and query" parameters={parameters} />
        {body !== undefined && <Fields title="Body" schema={body} />}
        {replies
          .filter(({ schema }) => schema !== undefined)
          .map(({ status, schema, description: text }) => (
            <Fields
              key={status}
              title={`Reply ${status}${text === 'Default Response' ? '' : `: ${text}`}`}
              schema={schema as Schema}
            />
          ))}
      </div>
    </details>
  );
}

type Row = readonly [name: string, type: string, text: string];

function Parameters({ title, parameters }: { readonly title: string; readonly parameters: readonly Parameter[] }) {
  return (
    <Rows
      title={title}
      rows={parameters.map(
        ({ name, in: place, required, schema, description }): Row => [
          name,
          `${place}${required === true ? ', required' : ''}: ${typeText(schema)}`,
          description ?? schema?.description ?? '',
        ],
      )}
    />
  );
}

const depthMax = 2;

function Fields({ title, schema }: { readonly title: string; readonly schema: Schema }) {
  return <Rows title={title} rows={fieldsOf(schema, '', depthMax)} />;
}

/** Fields of an object, and of the objects in it: `apps[].env`. */
function fieldsOf(schema: Schema, prefix: string, depth: number): Row[] {
  const whole =
    schema.properties === undefined ? (schema.anyOf ?? []).find(({ properties }) => properties !== undefined) : schema;
  return Object.entries(whole?.properties ?? {}).flatMap(([name, field]): Row[] => {
    const required = whole?.required?.includes(name) === true ? ', required' : '';
    const own: Row = [`${prefix}${name}`, `${typeText(field)}${required}`, field.description ?? ''];
    const inner = field.type === 'array' ? field.items : field;
    const mark = field.type === 'array' ? '[].' : '.';
    return depth <= 1 || inner === undefined ? [own] : [own, ...fieldsOf(inner, `${prefix}${name}${mark}`, depth - 1)];
  });
}

function Rows({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={title}>
      <h3>{title}</h3>
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>Type</th>
            <th>Meaning</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, type, text]) => (
            <tr key={name}>
              <td>
                <code>{name}</code>
              </td>
              <td>{type}</td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
