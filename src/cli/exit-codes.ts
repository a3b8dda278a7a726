// The exit codes of every command, in one table: `resolve` and `show` report to a script what they found by it, and
// all others keep to the same numbers. Their order is by how bad the news is, except that 2 is what shells expect.

export const exitCodes = { ok: 0, failed: 1, usage: 2, empty: 3, missing: 4 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The table as `--help` shows it. */
export const exitCodesText = `
Exit codes: 0 done · 1 it failed, with the reason on stderr · 2 the command line is wrong
            3 the name exists without such data (NODATA) · 4 no such name or instance (NXDOMAIN, 404)
`;
