// Zone files: how many are served, how many are at fault, and which apps they hide. The API says no more of them today:
// the faults themselves are in the log and in `rollcall check-zones`.

import { useEffect } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { Answer } from '../api/shapes.ts';
import { catalogue } from '../live/catalogue.ts';
import { lookForHidden, scan } from '../live/hidden.ts';
import { metric } from '../live/metrics.ts';
import { server } from '../live/server.ts';
import { AppLink, Badge, Copyable, Panel, Trouble, Waiting } from '../parts/bits.tsx';
import { useLoaded } from '../parts/loaded.ts';
import { linkTo } from '../route.ts';

const zonesShown = 50;

export function ZonesPage() {
  const failing = metric('rollcall_zone_files_failing');
  return (
    <>
      <h1>Zones</h1>
      <p class="summary">
        {metric('rollcall_zones') ?? '–'} zones are served, those of files and those made for registered names.{' '}
        {failing !== undefined &&
          (failing === 0 ? (
            <Badge tone="good">all files are served</Badge>
          ) : (
            <Badge tone="bad">{failing === 1 ? '1 file fails' : `${failing} files fail`}</Badge>
          ))}
      </p>
      {(failing ?? 0) > 0 && (
        <Panel title="Faults">
          <p>
            A file that was refused or deleted: its last good version is served where there is one. The log names file,
            line and column, and so does this, in the folder where the server runs:
          </p>
          <Copyable text="rollcall check-zones zones" />
        </Panel>
      )}
      <Hidden />
      <Served />
    </>
  );
}

function Hidden() {
  const { isRunning, looked, of, hidden, passed } = scan.value;
  const { kind } = catalogue.value;
  useEffect(() => {
    if (kind === 'known') void lookForHidden();
  }, [kind]);
  return (
    <Panel
      title="Hidden by zone files"
      extra={
        <button type="button" class="small" disabled={isRunning} onClick={() => void lookForHidden()}>
          Look again
        </button>
      }
    >
      <p class="muted" role="status">
        {isRunning
          ? `Looked at ${looked} of ${of} apps.`
          : `${of} apps were looked at${passed > 0 ? `, ${passed} were passed over` : ''}.`}
      </p>
      <ul class="changes">
        {hidden.map((one) => (
          <li key={one.name}>
            <Badge tone="bad">hidden</Badge> <AppLink {...one} /> {one.text}{' '}
            <a href={linkTo(['resolve'], { name: one.name, type: 'A' })}>Why</a>
          </li>
        ))}
      </ul>
      {!isRunning && hidden.length === 0 && <p class="empty">No app that was looked at is hidden.</p>}
    </Panel>
  );
}

/** The origin and the zones of the environments below it. */
function Served() {
  const end = server.value.origin.replace(/\.$/, '');
  const envs = [...new Set(catalogue.value.apps.map(({ env }) => env))];
  const names = [end, ...envs.map((env) => `${env}.${end}`)].slice(0, zonesShown);
  return (
    <Panel title="Serials">
      <p class="muted">
        A zone that is the registry's own has the serial of its last change; an environment without a zone of its own is
        part of the one above.
      </p>
      <ul class="changes">
        {names.map((name) => (
          <Serial key={name} name={name} />
        ))}
      </ul>
    </Panel>
  );
}

function Serial({ name }: { readonly name: string }) {
  const { value, trouble } = useLoaded(`soa ${name}`, (signal) =>
    get<Answer>('api/v1/resolve', { name, type: 'SOA' }, signal),
  );
  const [soa] = value?.answer ?? [];
  return (
    <li>
      <a class="name" href={linkTo(['resolve'], { name, type: 'SOA' })}>
        {name}
      </a>{' '}
      {value === undefined ? (
        trouble === undefined ? (
          <Waiting />
        ) : (
          <Trouble text={trouble} />
        )
      ) : (
        <code>{soa ?? 'no zone of its own'}</code>
      )}
    </li>
  );
}
