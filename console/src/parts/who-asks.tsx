// Who asks for an app, and who still asks for one instance by its own name: a client that holds that name goes on asking
// for it after a drain. Nothing where queries are not counted (410) or not for this credential (403): the traffic page has
// the reason.

import { get } from '../api/http.ts';
import type { Instance, QueriesReply } from '../api/shapes.ts';
import type { Target } from '../live/actions.ts';
import { caller, readsAll } from '../live/caller.ts';
import { linkTo } from '../route.ts';
import { Ago, Panel, Time, Trouble, Waiting } from './bits.tsx';
import { type Loaded, useEvery, useLoaded } from './loaded.ts';
import { QueryTable } from './query-table.tsx';

const againEveryMs = 10_000;
const rowsShown = '50';
const unlisted: readonly (number | undefined)[] = [403, 410];

function useRows(wish: Readonly<Record<string, string>>, isWanted = true): Loaded<QueriesReply> {
  const loaded = useLoaded(isWanted && readsAll.value ? `asked ${JSON.stringify(wish)}` : undefined, (signal) =>
    get<QueriesReply>('api/v1/queries', { ...wish, by: 'none', order: 'hour', limit: rowsShown }, signal),
  );
  useEvery(againEveryMs, loaded);
  return loaded;
}

export function AppAsked({ env, appid }: { readonly env: string; readonly appid: string }) {
  const app = `${env}/${appid}`;
  const { value, trouble, status } = useRows({ app });
  if (!readsAll.value || unlisted.includes(status)) return null;
  return (
    <Panel title="Who asks" extra={<a href={linkTo(['traffic'], { app, by: 'none' })}>All who ask</a>}>
      <Trouble text={trouble} />
      {value === undefined
        ? trouble === undefined && <Waiting />
        : value.queries.length === 0 && (
            <p class="empty">
              No client has asked for it since <Time at={value.since} />.
            </p>
          )}
      {value !== undefined && value.queries.length > 0 && <QueryTable by="none" queries={value.queries} empty="" />}
    </Panel>
  );
}

export interface InstanceAsked {
  readonly loaded: Loaded<QueriesReply>;
  /** What is below it has its place. */
  readonly isSettled: boolean;
}

/** `isThere`: it is registered; of others the server does not know the name. */
export function useInstanceAsked({ env, appid, instance }: Target, isThere: boolean): InstanceAsked {
  const loaded = useRows({ instance: `${env}/${appid}/${instance}` }, isThere);
  const isPossible = caller.value === undefined || readsAll.value;
  return { loaded, isSettled: !isPossible || loaded.value !== undefined || loaded.trouble !== undefined };
}

/** Of a drained instance it comes with a sentence. */
export function StillAsked({
  instance: { env, appid, instance, status },
  loaded: { value, trouble, status: refusal },
}: {
  readonly instance: Instance;
  readonly loaded: Loaded<QueriesReply>;
}) {
  const place = `${env}/${appid}/${instance}`;
  if (unlisted.includes(refusal) || (value === undefined && trouble === undefined)) return null;
  const rows = value?.queries ?? [];
  if (rows.length === 0 && status === 'up') return null;
  const [lastSeen] = rows.map((row) => row.lastSeen).sort((a, b) => (a < b ? 1 : -1));
  return (
    <Panel
      title={status === 'up' ? 'Who asks for its own name' : 'Who still asks for its own name'}
      extra={<a href={linkTo(['traffic'], { instance: place, by: 'none' })}>All who ask</a>}
    >
      <Trouble text={trouble} />
      {value !== undefined && lastSeen === undefined && (
        <p class="empty">
          No client has asked for its own name since <Time at={value.since} />.
        </p>
      )}
      {lastSeen !== undefined && status !== 'up' && (
        <p class="safe is-waiting">
          Clients have asked for its own name, last <Ago at={lastSeen} />: those may hold that name and not the app's.
        </p>
      )}
      {rows.length > 0 && <QueryTable by="none" queries={rows} empty="" />}
    </Panel>
  );
}
