// The time for everything that runs down: one timer for the whole page, a tick a second.

import { signal } from '@preact/signals';
import { serverNowMs } from '../api/http.ts';

export const nowMs = signal(Date.now());

export function keepTime(): void {
  setInterval(() => {
    nowMs.value = serverNowMs();
  }, 1000);
}
