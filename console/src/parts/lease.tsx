// A lease that runs down: the seconds left and a bar of them. Instances with checks have none.

import { nowMs } from '../live/clock.ts';
import { Badge } from './bits.tsx';

interface Props {
  readonly endsAt: string | null;
  readonly leaseSeconds: number;
  readonly suspect?: boolean;
}

export function Lease({ endsAt, leaseSeconds, suspect = false }: Props) {
  if (endsAt === null) return <span class="muted">by checks</span>;
  const left = (Date.parse(endsAt) - nowMs.value) / 1000;
  if (suspect) return <Badge tone="bad">past its lease, kept</Badge>;
  const share = Math.max(0, Math.min(1, left / leaseSeconds));
  // A renewal moves the end, and is seen when the instance is read again.
  const tone = share < 0.15 ? 'is-bad' : share < 0.4 ? 'is-warn' : '';
  return (
    <span class={`lease ${tone}`}>
      <span class="lease-bar" aria-hidden="true">
        <span style={{ transform: `scaleX(${share})` }} />
      </span>
      <span>{Math.max(0, Math.ceil(left))} s</span>
    </span>
  );
}
