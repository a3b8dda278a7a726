// Measurements in turn and repeated, because such machines are shared and drift: what counts is the middle one, and how
// servers that were measured in the same rounds stand to each other.

/** Every subject once a round, so that a slow minute of the machine meets all of them. */
export async function inTurn<Subject, Run>(
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject) => Promise<Run>,
): Promise<Map<Subject, Run[]>> {
  const runs = new Map<Subject, Run[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) runs.get(subject)?.push(await measure(subject));
  }
  return runs;
}

/** Of each number that the runs have the middle one; they have nothing else. */
export function middleOf<Run extends object>(runs: readonly Run[]): Run {
  const [first] = runs;
  if (first === undefined) throw new Error('nothing was measured');
  const keys = Object.keys(first) as (keyof Run)[];
  return Object.fromEntries(keys.map((key) => [key, middle(runs.map((run) => run[key] as number))])) as Run;
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** `1.18`; a dash where one of the two is missing. */
export function ratio(value: number, base: number | undefined): string {
  return shown(value / (base ?? Number.NaN), 2);
}

/** A dash for what could not be measured. */
export function shown(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '-';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
