// YAML as it is found in the wild, and what of it is a fault.

import { expect, test } from 'vitest';
import { readYaml } from '../../src/runtime/yaml-document.ts';

const value = (text: string): unknown => {
  const { document, faults } = readYaml(text);
  expect(faults).toEqual([]);
  return document.toJS();
};

test.each<[text: string, is: unknown]>([
  [
    '- &base {a: 1, b: 1}\n- <<: *base\n  b: 2\n',
    [
      { a: 1, b: 1 },
      { a: 1, b: 2 },
    ],
  ],
  ['%YAML 1.1\n---\na: on\nb: 1:30\n', { a: 'on', b: '1:30' }],
  ['%YAML 1.2\n---\na: 1\n', { a: 1 }],
  ['a: 1\n---\n', { a: 1 }],
  ['a: 1\n---', { a: 1 }],
  ['a: 1\r\n--- \r\n# the end\r\n\r\n', { a: 1 }],
  ['---\na: 1\n...\n', { a: 1 }],
  ['a: "{{ x }}"\nb: x {{ y }}\n# {{ z }}\n', { a: '{{ x }}', b: 'x {{ y }}' }],
])('%j', (text, is) => {
  expect(value(text)).toEqual(is);
});

test.each<[text: string, line: number, col: number]>([
  ['a: {{ .Values.x }}\n', 1, 4],
  ['a: 1\nb: [{{ x }}]\n', 2, 5],
  ['{{- if x }}\na: 1\n{{- end }}\n', 1, 1],
  ['a: 1\nb: {{ x }}:80\n', 2, 4],
  ['{{ x }}: 1\n', 1, 1],
  ['{% if x %}\na: 1\n{% endif %}\n', 1, 1],
  ['a: 1\n<% if x %>\nb: [1\n', 2, 1],
])(
  'a template that was not rendered, %j, is a fault with its place, and no warning of Node',
  async (text, line, col) => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on('warning', warned);
    const { faults, position } = readYaml(text);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    expect(faults).toMatchObject([{ isOurs: true, message: expect.stringContaining('not rendered') }]);
    expect(position(faults[0]?.offset ?? -1)).toEqual({ line, col });
  },
);

test('a second document is a fault, with anything behind the marker', () => {
  for (const text of ['a: 1\n---\nb: 2\n', 'a: 1\n---\n# c\nb: 2\n', 'a: 1\n--- b\n', 'a: 1\n---\n---\nb: 1\n'])
    expect(readYaml(text, 'only one').faults[0]).toMatchObject({ message: 'only one', offset: 5 });
});
