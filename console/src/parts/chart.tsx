// Lines over time, drawn by uPlot on a canvas in the colours of the page. A canvas is nothing to a screen reader, so each
// chart has its newest values as text beside it, which is also its legend.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from './theme.ts';

export interface Line {
  readonly name: string;
  /** A class of style.css whose colour it has. */
  readonly tone: string;
  readonly values: readonly (number | null)[];
}

interface Props {
  readonly label: string;
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly unit: string;
}

const heightPx = 150;
const spanSecondsMin = 120;

export function Chart({ label, times, lines, unit }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const shape = `${theme.value} ${lines.map(({ name }) => name).join()}`;
  useEffect(() => {
    const element = place.current;
    if (element === null || lines.length === 0) return;
    const made = new uPlot(optionsFor(element, lines), dataOf(times, lines), element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [shape]);
  useEffect(() => chart.current?.setData(dataOf(times, lines)), [times]);
  return (
    <figure class="chart">
      <figcaption>
        <span>{label}</span>
        <ul class="legend">
          {lines.map(({ name, tone, values }) => (
            <li key={name} class={tone}>
              <span class="ink">
                {name} {shortNumber(values.at(-1) ?? null)}
                {unit}
              </span>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={place} aria-hidden="true">
        {lines.length === 0 && (
          <p class="muted">Nothing yet: lines begin when the page is open for ten seconds and something is asked.</p>
        )}
      </div>
    </figure>
  );
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}

function optionsFor(element: HTMLElement, lines: readonly Line[]): uPlot.Options {
  const grid = { stroke: colourOf(element, 'tone-grid'), width: 1 };
  const ink = colourOf(element, 'muted');
  const font = '11px ui-sans-serif, system-ui, sans-serif';
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_chart, min, max) => spanOf(min, max) },
      y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.1)] },
    },
    axes: [
      {
        stroke: ink,
        font,
        grid: { show: false },
        ticks: grid,
        space: 80,
        values: (_chart, marks) => marks.map(clockText),
      },
      { stroke: ink, font, grid, ticks: { show: false }, size: 44, values: (_chart, marks) => marks.map(shortNumber) },
    ],
    series: [
      {},
      ...lines.map(({ name, tone }) => ({
        label: name,
        stroke: colourOf(element, tone),
        width: 2,
        points: { show: false },
      })),
    ],
  };
}

/** At least two minutes; without any point the last two. */
function spanOf(min: number | null, max: number | null): [number, number] {
  const end = max ?? Date.now() / 1000;
  return [Math.min(min ?? end, end - spanSecondsMin), end];
}

function clockText(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB');
}

/** A colour as the style sheet has it now, light or dark. */
function colourOf(element: HTMLElement, tone: string): string {
  const probe = document.createElement('span');
  probe.className = tone;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** `1234567` as `1.2 M`. */
export function shortNumber(value: number | null): string {
  if (value === null) return '–';
  if (value >= 999_950) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 9995) return `${(value / 1000).toFixed(0)} k`;
  if (value >= 1000) return `${(value / 1000).toFixed(1)} k`;
  return value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}
