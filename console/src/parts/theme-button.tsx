// Switches between light and dark; its label is the one it leads to.

import { theme, toggleTheme } from './theme.ts';

export function ThemeButton() {
  const other = theme.value === 'dark' ? 'Light' : 'Dark';
  return (
    <button type="button" class="small" onClick={toggleTheme} title="Light or dark">
      {other}
    </button>
  );
}
