// Small line plots side by side as an SVG for light or for dark pages: the horizontal axis in powers of ten, the vertical one
// from zero, each point with its number.

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const columns = 3;
const [width, height] = [250, 170];
const margin = { top: 40, right: 28, bottom: 26, left: 28 };

interface Colours {
  readonly text: string;
  readonly unit: string;
  readonly axis: string;
  readonly line: string;
}

export const pages = {
  light: { text: '#24292f', unit: '#57606a', axis: '#8c959f', line: '#0969da' },
  dark: { text: '#e6edf3', unit: '#9198a1', axis: '#6e7681', line: '#58a6ff' },
} as const satisfies Record<string, Colours>;

function styleOf({ text, unit, axis, line }: Colours): string {
  return [
    `text{font:11px sans-serif;fill:${text}}.t{font-weight:bold}.u{fill:${unit}}.a{stroke:${axis}}`,
    `.l{fill:none;stroke:${line};stroke-width:2}.p{fill:${line}}`,
  ].join('');
}

export function panelsAsSvg(panels: readonly Panel[], colours: Colours): string {
  const rows = Math.ceil(panels.length / columns);
  const size = [columns * width, rows * height];
  const parts = panels.map((panel, index) => {
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
    return `<g transform="translate(${x} ${y})">\n${panelBody(panel)}\n</g>`;
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" width="${size[0]}" height="${size[1]}" role="img">`;
  return `${head}\n<style>${styleOf(colours)}</style>\n${parts.join('\n')}\n</svg>\n`;
}

function panelBody({ title, unit, points }: Panel): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`nothing to draw: ${title}`);
  const decades = Math.max(1, Math.log10(last.at / first.at));
  const top = Math.max(...points.map(({ value }) => value)) || 1;
  const [inner, tall] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  const place = ({ at, value }: Panel['points'][number]): readonly [number, number] => [
    Math.round(margin.left + (inner * Math.log10(at / first.at)) / decades),
    Math.round(margin.top + tall * (1 - value / top)),
  ];
  const placed = points.map((point) => ({ point, place: place(point) }));
  const base = height - margin.bottom;
  return [
    `<text class="t" x="${margin.left}" y="14">${title}</text>`,
    `<text class="u" x="${margin.left}" y="27">${unit}</text>`,
    `<path class="a" d="M${margin.left} ${base}H${width - margin.right}"/>`,
    `<polyline class="l" points="${placed.map((one) => one.place.join(',')).join(' ')}"/>`,
    ...placed.flatMap(({ point, place: [x, y] }) => [
      `<circle class="p" cx="${x}" cy="${y}" r="3"/>`,
      `<text x="${x}" y="${y < margin.top + 12 ? y + 15 : y - 7}" text-anchor="middle">${short(point.value)}</text>`,
      `<text class="u" x="${x}" y="${base + 14}" text-anchor="middle">${power(point.at)}</text>`,
    ]),
  ].join('\n');
}

/** Three digits. */
function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function power(at: number): string {
  return at >= 1_000_000 ? `${at / 1_000_000} M` : at >= 1000 ? `${at / 1000} k` : `${at}`;
}
