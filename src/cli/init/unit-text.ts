// The systemd unit for this machine: that of deploy/rollcall.service, which lies in the repository and in the package, with
// the Node, the program and the folder of this installation in the place of /opt/rollcall and /etc/rollcall.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Above src/cli/init and dist/cli/init. */
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The unit, and the paths in it that services do not see; undefined: this installation has no unit (an image). */
export function unitText(directory: string): { readonly text: string; readonly hidden: readonly string[] } | undefined {
  const template = readTemplate();
  if (template === undefined) return undefined;
  const program = `${root}bin/rollcall.cjs`;
  const text = template
    // The beginning is about /opt/rollcall.
    .slice(template.indexOf('[Unit]'))
    .replace(/^Documentation=.*$/m, () => `Documentation=file:${escaped(root).replaceAll(' ', '%%20')}README.md`)
    .replace(/^ExecStart=.*$/m, () => `ExecStart=${quoted(process.execPath)} ${quoted(program)} serve`)
    .replace(/^WorkingDirectory=.*$/m, () => `WorkingDirectory=${escaped(directory)}`);
  const heading = `# rollcall as a systemd unit of this machine, by "rollcall init". It reads ${directory}/rollcall.yaml.\n\n`;
  const hidden = [process.execPath, program, directory].filter((path) => unseen.test(path));
  return { text: heading + text, hidden };
}

/** ProtectHome= and PrivateTmp= hide these from the service. */
const unseen = /^\/(?:home|root|run\/user|tmp|var\/tmp)\//;

function readTemplate(): string | undefined {
  try {
    return readFileSync(`${root}deploy/rollcall.service`, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** systemd.unit(5): % begins a specifier. */
function escaped(path: string): string {
  return path.replaceAll('%', '%%');
}

/** systemd.service(5): `$` begins a variable. */
function quoted(path: string): string {
  return `"${escaped(path).replaceAll(/[\\"]/g, '\\$&').replaceAll('$', '$$$$')}"`;
}
