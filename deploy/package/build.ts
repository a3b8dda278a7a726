// Makes dist/, which is what the npm package holds: JavaScript, because Node strips no types below node_modules, and the
// types of `rollcall/client`. Run by `npm pack` (prepack). TypeScript rewrites the imports; the programs of worker
// threads, named as URLs, are rewritten here, and a name that still ends in .ts is a fault, found now and not by a user.

import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['--project', join(import.meta.dirname, 'tsconfig.json')], {
  stdio: 'inherit',
});

for (const path of globSync('**/*.js', { cwd: dist })) {
  const text = readFileSync(join(dist, path), 'utf8');
  const rewritten = text.replaceAll(/(\bnew URL\('\.{1,2}\/[^']+)\.ts(', import\.meta\.url\))/g, '$1.js$2');
  const left = /(['"])\.{1,2}\/[^'"\n]+\.ts\1/.exec(rewritten);
  if (left !== null) throw new Error(`dist/${path} names ${left[0]}, which is not in the package`);
  if (rewritten !== text) writeFileSync(join(dist, path), rewritten);
}

execFileSync(process.execPath, [join(root, 'console', 'build.ts'), join(dist, 'console')], { stdio: 'inherit' });

// The server is a program and no library: of the types only those that the client's refer to stay.
const reached = new Set<string>();
const toRead = ['client/client.d.ts'];
for (let path = toRead.pop(); path !== undefined; path = toRead.pop()) {
  if (reached.has(path)) continue;
  reached.add(path);
  const text = readFileSync(join(dist, path), 'utf8');
  for (const [, specifier = ''] of text.matchAll(/(?:from |import\()'(\.{1,2}\/[^']+)\.(?:js|ts)'/g))
    toRead.push(normalize(join(dirname(path), `${specifier}.d.ts`)));
}
for (const path of globSync('**/*.d.ts', { cwd: dist })) if (!reached.has(path)) rmSync(join(dist, path));

// What is installed with the package, with versions and licences: CycloneDX, and the licences as text. Without time and
// serial number, so that one commit makes one package.
interface Component {
  name: string;
  readonly version: string;
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string }[];
  readonly licenses?: readonly {
    readonly license?: { readonly id?: string; readonly name?: string };
    readonly expression?: string;
  }[];
}
// Not with `--omit=dev`: npm then leaves out what a development package needs as well.
const sbomArgs = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const sbom = JSON.parse(execFileSync('npm', sbomArgs, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })) as {
  serialNumber?: string;
  readonly metadata: { timestamp?: string; readonly component: Component };
  components: readonly Component[];
  dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
};
const isDevelopment = ({ properties = [] }: Component) =>
  properties.some(({ name }) => name === 'cdx:npm:package:development');
const left = new Set(sbom.components.filter(isDevelopment).map((component) => component['bom-ref']));
sbom.components = sbom.components.filter((component) => !left.has(component['bom-ref']));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => !left.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => !left.has(other)) }));
delete sbom.serialNumber;
delete sbom.metadata.timestamp;
// npm takes the name of the folder.
sbom.metadata.component.name = 'rollcall';
writeFileSync(join(dist, 'sbom.cdx.json'), `${JSON.stringify(sbom, undefined, 1)}\n`);
const licences = sbom.components.map(({ name, version, licenses = [] }) => {
  const named = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? '');
  return `${name} ${version}: ${named.join(', ') || 'see its package'}\n`;
});
writeFileSync(join(dist, 'LICENCES.txt'), licences.sort().join(''));
