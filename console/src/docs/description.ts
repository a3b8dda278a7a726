// /openapi.json as far as the page shows it: calls with their parameters, bodies and replies.

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
}

interface Media {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
  readonly description?: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Media;
  readonly responses?: Readonly<Record<string, Media>>;
}

export interface Description {
  readonly info: { readonly version: string };
  readonly security?: readonly unknown[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Call {
  /** `PUT /api/v1/apps/{env}/{appid}/{instance}` */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly replies: readonly {
    readonly status: string;
    readonly description: string;
    readonly schema: Schema | undefined;
  }[];
}

export function callsOf({ paths }: Description): readonly Call[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => {
      const method = verb.toUpperCase();
      const { summary = '', description = '', parameters = [], requestBody, responses = {} } = operation;
      const replies = Object.entries(responses).map(([status, reply]) => ({
        status,
        description: reply.description ?? '',
        schema: schemaOf(reply),
      }));
      return {
        id: `${method} ${path}`,
        method,
        path,
        summary,
        description,
        parameters,
        body: schemaOf(requestBody),
        replies,
      };
    }),
  );
}

function schemaOf(media: Media | undefined): Schema | undefined {
  return Object.values(media?.content ?? {})[0]?.schema;
}

/** `integer 0-65535, default 10`. */
export function typeText(schema: Schema | undefined): string {
  if (schema === undefined) return '';
  const { minimum, maximum, minItems, maxItems, maxLength } = schema;
  const range = minimum !== undefined || maximum !== undefined ? ` ${minimum ?? ''}-${maximum ?? ''}` : '';
  const size = maxItems === undefined ? '' : ` of ${minItems ?? 0}-${maxItems}`;
  const length = maxLength === undefined ? '' : `, at most ${maxLength} characters`;
  const byDefault = schema.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`;
  return `${kindText(schema)}${range}${size}${length}${byDefault}`;
}

function kindText({ type, anyOf, enum: values, const: only, items }: Schema): string {
  if (only !== undefined) return JSON.stringify(only);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' or ');
  if (anyOf !== undefined) return [...new Set(anyOf.map(kindText))].join(' or ');
  if (type === 'array') return `list${items === undefined ? '' : ` of ${kindText(items)}`}`;
  return type ?? 'any';
}
