// The suite as projects. `fast` needs no program besides Node and no wall time to pass; the others start processes,
// servers and clients of others, and browsers. `npm run test:fast` runs the first, `npm test` the first two, and all
// of them when `CI` is set. `npm test -- --coverage` writes coverage/index.html.
import { configDefaults, defineConfig } from 'vitest/config';

/** What each slow project holds. A file beside fast ones that starts programs is named `*.process.test.ts`. */
const slow = {
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
          exclude: [...configDefaults.exclude, 'test/bench/**', ...Object.values(slow).flat()],
          pool: 'forks',
          // src/ keeps no state in modules, so files can share a process: half the time of one process each.
          isolate: false,
          ...timeouts,
        },
      },
      ...Object.entries(slow).map(([name, include]) => ({
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
