// Light or dark: as the system has it, or as chosen here. What is chosen is kept for this browser.

import { effect, signal } from '@preact/signals';

const key = 'rollcall.theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): 'light' | 'dark' | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is shown. */
export const theme = signal<'light' | 'dark'>(stored() ?? (dark.matches ? 'dark' : 'light'));

dark.addEventListener('change', () => {
  if (stored() === undefined) theme.value = dark.matches ? 'dark' : 'light';
});
effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(key, theme.value);
  } catch {
    // Storage is switched off: it holds until the page is closed.
  }
}
