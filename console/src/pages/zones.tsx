// Zone files: what is served of each, its faults with line and column, and the apps that it hides: `GET /zones`.

import { get } from '../api/http.ts';
import type { ZoneFile, ZonesReply } from '../api/shapes.ts';
import { lacks } from '../live/actions.ts';
import { caller, readsAll } from '../live/caller.ts';
import { dnsNameOf } from '../live/server.ts';
import { AppLink, Badge, Copyable, Panel, type Tone, Trouble, Waiting } from '../parts/bits.tsx';
import { useEvery, useLoaded } from '../parts/loaded.ts';
import { linkTo } from '../route.ts';

const againEveryMs = 5000;
const filesShown = '200';

export function ZonesPage() {
  const loaded = useLoaded(readsAll.value ? 'zones' : undefined, (signal) =>
    get<ZonesReply>('api/v1/zones', { limit: filesShown }, signal),
  );
  useEvery(againEveryMs, loaded);
  const { value, trouble } = loaded;
  if (caller.value !== undefined && !readsAll.value)
    return (
      <>
        <h1>Zones</h1>
        <p class="note">
          Zone files are shown to those that may read all apps. {lacks(['read'])} <a href="#/sign-in">Sign in</a>
        </p>
      </>
    );
  return (
    <>
      <h1>Zones</h1>
      <Trouble text={trouble} />
      {value === undefined ? trouble === undefined && <Waiting isTall /> : <Files reply={value} />}
    </>
  );
}

function Files({ reply: { total, failing, zones } }: { readonly reply: ZonesReply }) {
  const hidden = zones.reduce((sum, one) => sum + one.hidden.length + one.moreHidden, 0);
  return (
    <>
      <p class="summary">
        {total === 1 ? '1 zone file' : `${total} zone files`}{' '}
        {failing === 0 ? (
          <Badge tone="good">all are served</Badge>
        ) : (
          <Badge tone="bad">{failing === 1 ? '1 file fails' : `${failing} files fail`}</Badge>
        )}{' '}
        {hidden > 0 && <Badge tone="bad">{hidden === 1 ? '1 app is hidden' : `${hidden} apps are hidden`}</Badge>}
      </p>
      {total === 0 && <p class="empty">There is no zone file: the zone of registered names is made without one.</p>}
      {zones.map((one) => (
        <File key={one.file} file={one} />
      ))}
      {zones.length < total && <p class="muted">{total - zones.length} more are without faults and hide nothing.</p>}
      {failing > 0 && (
        <p>
          The same on the machine of the server: <Copyable text="rollcall check-zones" />
        </p>
      )}
    </>
  );
}

const tones: Readonly<Record<string, Tone>> = { good: 'good', refused: 'bad', deleted: 'warn' };

/** A good file that hides apps is no green one. */
function FileBadge({ file: { state, hidden, moreHidden } }: { readonly file: ZoneFile }) {
  const count = hidden.length + moreHidden;
  if (state !== 'good' || count === 0) return <Badge tone={tones[state] ?? 'warn'}>{state}</Badge>;
  return <Badge tone="warn">hides {count === 1 ? '1 app' : `${count} apps`}</Badge>;
}

function File({ file }: { readonly file: ZoneFile }) {
  const { zone, state, serves, serial, records, faults, hidden, moreHidden } = file;
  return (
    <Panel title={zone ?? file.file} extra={<FileBadge file={file} />}>
      <p class="muted">
        <code>{file.file}</code>:{' '}
        {serves === 'file' ? 'served' : serves === 'nothing' ? 'not served' : `${serves} is served`}
        {serial !== null && `, serial ${serial}`}
        {records !== null && `, ${records === 1 ? '1 record' : `${records} records`}`}
        {state === 'deleted' && '; it goes when its grace is over (zoneGraceSeconds)'}.{' '}
        {zone !== null && <a href={linkTo(['resolve'], { name: zone, type: 'SOA' })}>SOA</a>}
      </p>
      {faults.length > 0 && (
        <ul class="changes">
          {faults.map((fault) => (
            <li key={`${fault.file}:${fault.line}:${fault.column} ${fault.message}`}>
              <code>
                {fault.file}:{fault.line}:{fault.column}
              </code>{' '}
              {fault.message}
            </li>
          ))}
        </ul>
      )}
      {hidden.length > 0 && (
        <ul class="changes">
          {hidden.map(({ env, appid, instances }) => (
            <li key={`${env}/${appid}`}>
              <Badge tone="bad">hidden</Badge> <AppLink env={env} appid={appid} />{' '}
              {instances === 1 ? '1 instance' : `${instances} instances`}: this file answers in its place.{' '}
              <a href={linkTo(['resolve'], { name: dnsNameOf(env, appid), type: 'A' })}>Why</a>
            </li>
          ))}
          {moreHidden > 0 && <li class="muted">and {moreHidden} more apps</li>}
        </ul>
      )}
    </Panel>
  );
}
