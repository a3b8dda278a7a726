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

/** What each project with programs holds. A file beside fast ones that starts programs is named `*.process.test.ts`. */
const withPrograms = {
  e2e: [
    'test/e2e/**/*.test.ts',
    'test/docs/**/*.test.ts',
    'test/deploy/**/*.test.ts',
    'test/readme.test.ts',
    'test/**/*.process.test.ts',
  ],
  clients: ['test/clients/**/*.test.ts'],
  cluster: ['test/cluster/e2e/**/*.test.ts'],
  console: ['test/console/**/*.test.ts'],
};

/** Long, for a machine that is busy with other things. */
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

/** `src/` keeps no state in modules, so files can share a process: half the time of one process each. */
const together = { pool: 'forks', isolate: false, ...timeouts } as const;

export default defineConfig({
  test: {
    // Many tests wait for a process or a socket: two at a time, also where there is one core.
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/bench/**', ...long, ...Object.values(withPrograms).flat()],
          ...together,
        },
      },
      {
        test: {
          name: 'long',
          include: long,
          exclude: [...configDefaults.exclude, ...Object.values(withPrograms).flat()],
          ...together,
        },
      },
      ...Object.entries(withPrograms).map(([name, include]) => ({
        // Child processes, as the program is one: sockets, signals and workers behave as they will in use.
        test: {
          name,
          include,
          exclude: [...configDefaults.exclude],
          pool: 'forks' as const,
          ...timeouts,
        },
      })),
    ],
  },
});
