// What DNS answers and how long HTTP calls take, over the time that the console is open.

import { moments, quantiles, ratesBy } from '../live/metrics.ts';
import { Chart, type Line } from './chart.tsx';

const tones: Readonly<Record<string, string>> = {
  NOERROR: 'tone-good',
  NXDOMAIN: 'tone-warn',
  REFUSED: 'tone-info',
  SERVFAIL: 'tone-bad',
};
const share = 0.99;

export function TrafficCharts() {
  const times = moments.value.slice(1).map(({ at }) => at);
  const queries = [...ratesBy('rollcall_dns_queries_total', 'rcode')].map(
    ([rcode, values]): Line => ({ name: rcode, tone: tones[rcode] ?? 'tone-quiet', values }),
  );
  const kinds: readonly (readonly [kind: string, name: string, tone: string])[] = [
    ['read', 'reads', 'tone-info'],
    ['write', 'writes', 'tone-warn'],
    ['renewal', 'renewals', 'tone-good'],
  ];
  const latencies = kinds
    .map(
      ([kind, name, tone]): Line => ({ name, tone, values: quantiles('rollcall_http_request_seconds', kind, share) }),
    )
    .filter(({ values }) => values.some((value) => value !== null));
  return (
    <>
      <Chart label="DNS queries a second" times={times} lines={queries} unit="" />
      <Chart label="HTTP, 99 % within" times={times} lines={latencies} unit=" ms" />
    </>
  );
}
