// A table that draws only the rows in view: ten thousand rows cost as much as thirty. All rows have one height. It
// scrolls by wheel, touch and keyboard (it can be focused), and announces to screen readers how many rows there are and which
// ones these are (ARIA's table roles, since a real table cannot leave rows out).

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Of `grid-template-columns`. */
  readonly width: string;
  /** Left out where there is little room. */
  readonly isExtra?: boolean;
  readonly isNumber?: boolean;
}

interface Props<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly rowClass?: (row: T) => string;
  /** Shown in the place of a table without rows. */
  readonly empty: ComponentChildren;
  readonly heightMax?: number;
  /** Of that height however few rows there are: nothing below moves. */
  readonly isTall?: boolean;
  /** Which rows are drawn. */
  readonly onView?: (rows: readonly T[]) => void;
}

const rowHeight = 38;
const spare = 6;
const heightDefault = 640;

export function VirtualTable<T>(props: Props<T>) {
  const { rows, columns, keyOf, heightMax = heightDefault } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = props.isTall === true ? heightMax : Math.min(heightMax, (rows.length + 1) * rowHeight + 2);
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight), rows.length - 1) - spare);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + spare);
  const shown = rows.slice(first, last);
  const { onView } = props;
  const seen = onView === undefined ? '' : shown.map(keyOf).join('\n');
  useEffect(() => onView?.(shown), [seen]);
  const isNarrow = useIsNarrow();
  const visible = columns.filter(({ isExtra }) => !(isNarrow && isExtra === true));
  const grid = { gridTemplateColumns: visible.map(({ width }) => width).join(' ') };
  if (rows.length === 0) {
    const size = props.isTall === true ? { height: `${heightMax}px` } : {};
    return (
      <div class="empty" style={size}>
        {props.empty}
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows out of view are not in the document, see above
    <div
      class="vtable"
      role="table"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      style={{ height: `${height}px` }}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" class="vhead">
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: rows are read, the links in them are focused */}
        <div role="row" aria-rowindex={1} class="vrow" style={grid}>
          {visible.map(({ title, isNumber }) => (
            // biome-ignore lint/a11y/useSemanticElements: as above
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div role="columnheader" key={title} class={isNumber === true ? 'number' : ''}>
              {title}
            </div>
          ))}
        </div>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" class="vbody" style={{ height: `${rows.length * rowHeight}px` }}>
        {shown.map((row, i) => (
          // biome-ignore lint/a11y/useSemanticElements: as above
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            role="row"
            key={keyOf(row)}
            aria-rowindex={first + i + 2}
            class={`vrow ${props.rowClass?.(row) ?? ''}`}
            style={{ ...grid, transform: `translateY(${(first + i) * rowHeight}px)` }}
          >
            {visible.map(({ title, cell, isNumber }) => (
              // biome-ignore lint/a11y/useSemanticElements: as above
              <div role="cell" key={title} class={isNumber === true ? 'number' : ''}>
                {cell(row)}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

const narrow = window.matchMedia('(max-width: 760px)');

function useIsNarrow(): boolean {
  const [isNarrow, set] = useState(narrow.matches);
  useEffect(() => {
    const changed = (): void => set(narrow.matches);
    narrow.addEventListener('change', changed);
    return () => narrow.removeEventListener('change', changed);
  }, []);
  return isNarrow;
}
