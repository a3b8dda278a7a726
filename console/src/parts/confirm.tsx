// The question before every change: what will happen, a reason for the record of changes, and a button labelled with what it
// does. A native dialog: Escape closes it, the focus stays in it and goes back to where it was.

import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** What was filled in. */
export interface Given {
  readonly reason: string;
  readonly number: number;
  readonly choice: string;
}

export interface Question {
  readonly title: string;
  readonly text: ComponentChildren;
  /** On the button: `Drain orders-1`. */
  readonly act: string;
  readonly isDanger?: boolean;
  /** The reason is kept with the change; a restore has none. */
  readonly asksReason?: boolean;
  /** A number to be given: the weight. */
  readonly number?: { readonly label: string; readonly value: number; readonly max: number };
  /** One of several to be chosen: value and title. */
  readonly choice?: { readonly label: string; readonly options: readonly (readonly [value: string, title: string])[] };
  /** Does it. Text is what went wrong: the dialog stays open and shows it. */
  readonly run: (given: Given) => Promise<string | undefined>;
}

export const question = signal<Question | undefined>(undefined);

const reasonCharactersMax = 200;

/** One for the whole page. */
export function ConfirmDialog() {
  const asked = question.value;
  return asked === undefined ? null : <Dialog key={asked.title} asked={asked} />;
}

function Dialog({ asked }: { readonly asked: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const [number, setNumber] = useState(asked.number?.value ?? 0);
  const [choice, setChoice] = useState(asked.choice?.options[0]?.[0] ?? '');
  const [fault, setFault] = useState<string>();
  const [isRunning, setRunning] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setRunning(true);
    const wrong = await asked.run({ reason: reason.trim(), number, choice });
    setRunning(false);
    setFault(wrong);
    if (wrong === undefined) dialog.current?.close();
  };
  const close = (): void => {
    question.value = undefined;
  };
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="ask-title">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="ask-title">{asked.title}</h2>
        <div class="dialog-text">{asked.text}</div>
        {asked.number !== undefined && (
          <label>
            {asked.number.label}
            <input
              type="number"
              min={0}
              max={asked.number.max}
              required
              value={number}
              onInput={({ currentTarget }) => setNumber(currentTarget.valueAsNumber)}
            />
          </label>
        )}
        {asked.choice !== undefined && (
          <label>
            {asked.choice.label}
            <select value={choice} onChange={({ currentTarget }) => setChoice(currentTarget.value)}>
              {asked.choice.options.map(([value, title]) => (
                <option key={value} value={value}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        )}
        {asked.asksReason !== false && (
          <label>
            Reason <span class="muted">(optional, kept with the change)</span>
            <input
              type="text"
              maxLength={reasonCharactersMax}
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
        )}
        {fault !== undefined && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Leave it
          </button>
          <button type="submit" class={asked.isDanger === true ? 'danger' : 'primary'} disabled={isRunning}>
            {asked.act}
          </button>
        </div>
      </form>
    </dialog>
  );
}
