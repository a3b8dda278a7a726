// Tests run in child processes, as the program does: sockets, signals and workers behave as they will in use.
// `npm test -- --coverage` writes coverage/index.html.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    pool: 'forks',
    // Many tests wait for a process or a clock: two at a time, also where there is one core.
    maxWorkers: 2,
    // Much more than is usual, for a machine that is busy with other things.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
