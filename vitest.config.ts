// The suite as projects. `fast` needs no program besides Node and no wall time to pass, and takes less than a minute on two
// idle cores; `long` needs no program either, but threads, a disk, sockets that are kept waiting, or many histories made at
// random; the others start processes, servers and clients of others, and browsers. `npm test` runs the first three, and all
// of them when `CI` is set; `npm run test:fast` and its like one. `npm test -- --coverage` writes coverage/index.html.
import { configDefaults, defineConfig } from 'vitest/config';

const long = [
  'test/dns/plane/**/*.test.ts',
  'test/dns/transport/**/*.test.ts',
  'test/http/{auth,limits,server}/**/*.test.ts',
  'test/http/watch/**/*.test.ts',
  'test/http/api/{renew-lane,watch}.test.ts',
  'test/store/**/*.test.ts',
  'test/cli/commands/**/*.test.ts',
  'test/cli/doctor/**/*.test.ts',
  'test/config/read-file.test.ts',
  'test/**/*.{model,property,agreement}.test.ts',
];

/** A file beside fast ones that starts programs is named `*.process.test.ts`. */
const e2e = [
  'test/e2e/**/*.test.ts',
  'test/docs/**/*.test.ts',
  'test/deploy/**/*.test.ts',
  'test/readme.test.ts',
  'test/**/*.process.test.ts',
];

/** Ecosystems of others, three nodes and their etcd, a browser. */
const withOthers = {
  clients: ['test/clients/**/*.test.ts'],
  cluster: ['test/cluster/e2e/**/*.test.ts'],
  console: ['test/console/**/*.test.ts'],
};

const withPrograms = [...e2e, ...Object.values(withOthers).flat()];

const shared = {
  // Child processes, as the program is one: sockets, signals and workers behave as they will in use.
  pool: 'forks',
  // Long, for a machine that is busy with other things.
  testTimeout: 120_000,
  hookTimeout: 120_000,
} as const;

/**
 * `src/` keeps no state in modules, so files can share a process: half the time of one process each. On two cores there are three
 * files at a time, because many tests wait for a process, a socket or the end of a lease.
 */
const together = { ...shared, isolate: false, maxWorkers: 3 } as const;

/** Each file starts a dozen programs by itself, some of them larger than ours. */
const apart = { ...shared, maxWorkers: 2, sequence: { groupOrder: 1 } } as const;

export default defineConfig({
  test: {
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/bench/**', ...long, ...withPrograms],
          ...together,
        },
      },
      {
        test: { name: 'long', include: long, exclude: [...configDefaults.exclude, ...withPrograms], ...together },
      },
      { test: { name: 'e2e', include: e2e, ...together } },
      ...Object.entries(withOthers).map(([name, include]) => ({
        test: { name, include, ...apart },
      })),
    ],
  },
});
