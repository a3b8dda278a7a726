// Small pieces that every page uses: statuses in words and colour (never by colour alone), times, links to instances, a
// button that copies.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { nowMs } from '../live/clock.ts';
import { linkTo } from '../route.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'info';

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function Panel(props: {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly extra?: ComponentChildren;
}) {
  return (
    <section class="panel">
      <header>
        <h2>{props.title}</h2>
        {props.extra}
      </header>
      {props.children}
    </section>
  );
}

/** `12:04:31`, with the day where it is another one; the whole time on hover. */
export function Time({ at }: { readonly at: string }) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(nowMs.value).toDateString();
  const clock = date.toLocaleTimeString('en-GB');
  const day = date.toLocaleDateString('en-CA');
  return (
    <time dateTime={at} title={at}>
      {isToday ? clock : `${day} ${clock}`}
    </time>
  );
}

/** `5 min ago`, by the clock of the server. */
export function Ago({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {duration(nowMs.value - Date.parse(at))} ago
    </time>
  );
}

/** `8 s`, `5 min`, `3 h`, `12 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

export function AppLink({ env, appid }: { readonly env: string; readonly appid: string }) {
  return (
    <a class="name" href={linkTo(['apps', env, appid])}>
      <span class="env">{env}</span>/{appid}
    </a>
  );
}

export function InstanceLink(props: { readonly env: string; readonly appid: string; readonly instance: string }) {
  return (
    <a class="name" href={linkTo(['apps', props.env, props.appid, props.instance])}>
      {props.instance}
    </a>
  );
}

/** Text with a button that copies it. */
export function Copyable({ text }: { readonly text: string }) {
  return (
    <span class="copyable">
      <code>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}

export function CopyButton({ text }: { readonly text: string }) {
  const [word, setWord] = useState('Copy');
  const copy = async (): Promise<void> => {
    setWord((await copyText(text)) ? 'Copied' : 'Press Ctrl+C');
    setTimeout(() => setWord('Copy'), 2000);
  };
  return (
    <button type="button" class="small" onClick={() => void copy()} aria-label={`Copy: ${text}`}>
      <span aria-live="polite">{word}</span>
    </button>
  );
}

/** The clipboard is only for pages of https and localhost; elsewhere the browser copies what is selected. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand('copy');
    field.remove();
    return isCopied;
  }
}

export function Trouble({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : (
    <p class="fault" role="alert">
      {text}
    </p>
  );
}

/** A placeholder while data is on its way: nothing moves when it comes. */
export function Waiting({ isTall = false }: { readonly isTall?: boolean }) {
  return (
    <p class={isTall ? 'waiting muted is-tall' : 'waiting muted'} role="status">
      Loading…
    </p>
  );
}
