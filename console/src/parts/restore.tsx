// Undo of a removal: first a dry run, which lists what would be registered again and what would not, then the question.

import { useState } from 'preact/hooks';
import { call, failureText } from '../api/http.ts';
import type { RestoreReply } from '../api/shapes.ts';
import { lacks } from '../live/actions.ts';
import { denied, noteDenied } from '../session.ts';
import { Badge, InstanceLink, Time, Trouble } from './bits.tsx';
import { question } from './confirm.tsx';

export interface RestoreWish {
  readonly app?: string;
  readonly env?: string;
  readonly from: string;
  readonly to?: string;
  readonly why: readonly string[];
  readonly by?: { readonly token?: string; readonly address?: string };
}

const listedMax = 200;

export function Restore({ wish, done }: { readonly wish: RestoreWish; readonly done?: () => void }) {
  const [plan, setPlan] = useState<RestoreReply>();
  const [trouble, setTrouble] = useState<string>();
  const [outcome, setOutcome] = useState<string>();
  const action = `restore ${wish.app ?? wish.env ?? ''}`;
  const [env, appid] = wish.app?.split('/') ?? [wish.env];
  const whyNot = denied.value.get(action) ?? lacks(['operate'], env, appid);
  const run = async (dryRun: boolean): Promise<string | undefined> => {
    const result = await call<RestoreReply>('POST', 'api/v1/restore', { body: { ...wish, dryRun } });
    if (result.kind !== 'ok') {
      if (result.kind === 'problem' && result.problem.status === 403) noteDenied(action, result.problem);
      return failureText(result);
    }
    setPlan(dryRun ? result.value : undefined);
    setOutcome(dryRun ? undefined : `${countOf(result.value.restored.length)} registered again.`);
    if (!dryRun) done?.();
    return undefined;
  };
  const tryOut = async (): Promise<void> => setTrouble(await run(true));
  const confirm = (count: number): void => {
    question.value = {
      title: `Restore ${countOf(count)}?`,
      text: 'Each is registered again as it was, with a fresh lease: what nothing renews is evicted again. What is registered now is left alone.',
      act: `Restore ${countOf(count)}`,
      asksReason: false,
      run: () => run(false),
    };
  };
  return (
    <div class="restore">
      <button type="button" onClick={() => void tryOut()} disabled={whyNot !== undefined} title={whyNot}>
        Try it: what would be restored?
      </button>
      {whyNot !== undefined && <p class="muted">{whyNot}</p>}
      <Trouble text={trouble} />
      {outcome !== undefined && <p role="status">{outcome}</p>}
      {plan !== undefined && <Plan plan={plan} confirm={confirm} />}
    </div>
  );
}

function Plan({ plan, confirm }: { readonly plan: RestoreReply; readonly confirm: (count: number) => void }) {
  const { restored, skipped, skippedCount, left } = plan;
  return (
    <div class="plan" role="status">
      <p>
        <strong>{countOf(restored.length)} would be restored</strong>
        {skippedCount > 0 && `, ${skippedCount} left alone`}
        {left > 0 && `, ${left} more are left for the next call`}.
      </p>
      <ul class="changes">
        {restored.slice(0, listedMax).map((one) => (
          <li key={`${one.env}/${one.appid}/${one.instance}`}>
            <Time at={one.at} /> <Badge tone="warn">{one.why}</Badge> {one.env}/{one.appid}/<InstanceLink {...one} />
          </li>
        ))}
        {skipped.slice(0, listedMax).map((one) => (
          <li key={`- ${one.env}/${one.appid}/${one.instance}`}>
            <Time at={one.at} /> <Badge tone="quiet">left alone</Badge> {one.env}/{one.appid}/<InstanceLink {...one} />{' '}
            <span class="muted">{one.reason}</span>
          </li>
        ))}
      </ul>
      {restored.length > 0 && (
        <button type="button" class="primary" onClick={() => confirm(restored.length)}>
          Restore {countOf(restored.length)}
        </button>
      )}
    </div>
  );
}

function countOf(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}
