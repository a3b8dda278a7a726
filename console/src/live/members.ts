// The instances of one app as they are now: read once, then kept by the changes. Renewals are no changes, so the ends of
// the leases are read again: of a small app all at once, of a large one those of the rows in view.

import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../api/http.ts';
import type { AppReply, Instance } from '../api/shapes.ts';
import { useLoaded } from '../parts/loaded.ts';
import { pathOf } from './actions.ts';
import { onChanges } from './changes.ts';

const leasesEveryMs = 5000;
/** Larger apps have their rows read one by one. */
const wholeMax = 300;
const rowsMax = 40;

export interface Members {
  readonly instances: readonly Instance[] | undefined;
  readonly trouble: string | undefined;
  /** The rows that are seen now. */
  readonly onView: (rows: readonly { readonly instance: string }[]) => void;
}

export function useMembers(env: string, appid: string): Members {
  const path = `api/v1/apps/${env}/${appid}`;
  const loaded = useLoaded(path, (signal) => get<AppReply>(path, {}, signal));
  const [instances, setInstances] = useState<ReadonlyMap<string, Instance>>();
  const seen = useRef<readonly { readonly instance: string }[]>([]);
  useEffect(() => {
    const reply = loaded.value;
    setInstances(reply === undefined ? undefined : new Map(reply.instances.map((one) => [one.instance, one])));
  }, [loaded.value]);

  useEffect(
    () =>
      onChanges((changes) => {
        const own = changes.filter((change) => change.env === env && change.appid === appid);
        if (own.length === 0) return;
        setInstances((before) => {
          if (before === undefined) return before;
          const next = new Map(before);
          for (const { instance, after } of own) {
            if (after === undefined) next.delete(instance);
            else if ((next.get(instance)?.revision ?? 0) <= after.revision) next.set(instance, after);
          }
          return next;
        });
      }),
    [env, appid],
  );

  const size = instances?.size ?? 0;
  useEffect(() => {
    const merge = (fresh: readonly Instance[]): void =>
      setInstances((before) => {
        if (before === undefined) return before;
        const next = new Map(before);
        for (const one of fresh) {
          const known = next.get(one.instance);
          // What left meanwhile stays away.
          if (known !== undefined && known.revision <= one.revision) next.set(one.instance, one);
        }
        return next;
      });
    const read = async (): Promise<void> => {
      if (document.visibilityState !== 'visible' || size === 0) return;
      if (size <= wholeMax) {
        const reply = await get<AppReply>(path);
        if (reply.kind === 'ok') merge(reply.value.instances);
        return;
      }
      const rows = seen.current.slice(0, rowsMax);
      const replies = await Promise.all(rows.map(({ instance }) => get<Instance>(pathOf({ env, appid, instance }))));
      merge(replies.flatMap((reply) => (reply.kind === 'ok' ? [reply.value] : [])));
    };
    const timer = setInterval(() => void read(), leasesEveryMs);
    return () => clearInterval(timer);
  }, [path, size > wholeMax, size === 0]);

  return {
    instances: instances === undefined ? undefined : [...instances.values()],
    trouble: loaded.trouble,
    onView: (rows) => {
      seen.current = rows;
    },
  };
}
