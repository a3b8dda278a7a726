// Nothing is drawn anew while a pointer is pressed. A list that takes a new row, or another order, between the press and the
// release moves what was pressed away: the browser then finds no click, or one on the row beside it. What changes meanwhile is
// drawn after the click.
// Limit: a press that lasts (a text being marked, a scroll bar) holds the page for `pressMsMax`.

import { options } from 'preact';

const pressMsMax = 3000;

export function keepPressSteady(): void {
  let isPressed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    clearTimeout(timer);
    isPressed = false;
    for (const draw of waiting.splice(0)) draw();
  };
  const releaseIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(release, ms);
  };
  options.debounceRendering = (draw) => {
    if (isPressed) waiting.push(draw);
    else queueMicrotask(draw);
  };
  addEventListener(
    'pointerdown',
    () => {
      isPressed = true;
      releaseIn(pressMsMax);
    },
    { capture: true },
  );
  // The click comes after this, in the same task.
  for (const end of ['pointerup', 'pointercancel'] as const)
    addEventListener(end, () => releaseIn(0), { capture: true });
}
