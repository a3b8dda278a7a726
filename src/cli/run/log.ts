// What `rollcall run` prints on stderr while it runs. Its reader wants to know that the program can be found now, and at a
// Ctrl-C why the prompt is not back at once; more than that only where it was asked for.

/** `warn`: something is wrong; `notice`: once in a run (not with --quiet); `step`: only with --verbose. */
export type RunLog = (kind: 'warn' | 'notice' | 'step', text: string) => void;
