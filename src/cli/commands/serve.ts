// `rollcall serve`: the server, until it is stopped.

import type { Command } from 'commander';
import type { Action, CliContext } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { addFlags } from '../flags.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  addFlags(command).addHelpText('after', examples);
  return ({ options }) =>
    withConfig(options, context, async (config) => {
      const outcome = await context.serve(config);
      if (outcome === 'running') return outcome;
      context.err(`${outcome.problem}\n`);
      return exitCodes.failed;
    });
}

const examples = `
Examples:
  rollcall serve
  rollcall serve --http 127.0.0.1:7171,[::1]:7171 --dns 10.0.0.5:53 --origin svc.example.org.
  rollcall serve --http 0.0.0.0:7171 --token-file tokens --tls-cert server.pem --tls-key server.key
  ROLLCALL_LOG_LEVEL=debug rollcall serve --data none

Then register a service, and find it:
  curl -X PUT localhost:7171/api/v1/apps/prod/orders/orders-1 \\
    -H 'content-type: application/json' -d '{"addrs":["http://127.0.0.1:8080"]}'
  dig @127.0.0.1 -p 8053 orders.prod.svc SRV

Limits and times have no flag: "rollcall config --help" lists every setting.
`;
