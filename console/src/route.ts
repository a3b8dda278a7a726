// Where the console is, in the part of the address after #: links can be kept and shared, a reload stays, and no proxy
// has to know the paths. `#/apps/prod/orders?at=…`; instances may have any printable text as id, so parts are encoded.

import { computed, signal } from '@preact/signals';

export interface Route {
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

const hash = signal(location.hash);
window.addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export const route = computed<Route>(() => read(hash.value));

function read(text: string): Route {
  const [path = '', search = ''] = text.replace(/^#/, '').split('?');
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  return { parts, query: Object.fromEntries(new URLSearchParams(search)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The link to a page; parameters without a value are left out. */
export function linkTo(parts: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const search = new URLSearchParams(given).toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

/** Changes parameters of the page that is open; the way back leads to the page before. */
export function replaceQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const { parts, query } = route.value;
  history.replaceState(null, '', linkTo(parts, { ...query, ...changes }));
  hash.value = location.hash;
}

export function go(parts: readonly string[], query?: Readonly<Record<string, string | undefined>>): void {
  location.hash = linkTo(parts, query);
}
