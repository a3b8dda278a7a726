// A whole registry as lines, and lines into a registry: what moves everything from one node to a cluster and back. The
// export reads app by app while writes go on, so each line is right by itself. The import writes by commands like any other
// caller, and never over what is newer here: importing a file twice, or an old one, changes nothing.

import type { Actor } from '../model/change.ts';
import type { RegisterCommand } from '../model/command.ts';
import { ownersRegistration } from '../model/compact-instance.ts';
import {
  type ExportedHold,
  type ExportedInstance,
  exportVersion,
  holdLine,
  instanceLine,
  parseExported,
} from '../model/exported.ts';
import { isSameParts } from '../model/front-parts.ts';
import { type Instance, isSameRegistration } from '../model/instance.ts';
import { isSameLiveness } from '../model/liveness.ts';
import { type InstanceKey, instanceKey } from '../model/names.ts';
import type { RegisterOutcome } from '../model/outcome.ts';
import { type Principal, principalText } from '../model/principal.ts';
import type { Problem } from '../model/problem.ts';
import type { Override } from '../model/status.ts';
import { forbiddenText, type Refused } from '../model/submit.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Commands } from './commands.ts';
import type { DecisionLog } from './decision-log.ts';

export interface TransferDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly log: DecisionLog;
  /** Keeps a hold for the next registration of an instance, over restarts and at all nodes; a reason: it cannot now. */
  readonly keepHold: (key: InstanceKey, override: Override) => Promise<string | undefined>;
}

/** What became of a line; in a dry run what would. */
export interface Imported {
  readonly key: Partial<InstanceKey>;
  /** `failed`: it may succeed later, with the same file. */
  readonly outcome: 'created' | 'replaced' | 'unchanged' | 'skipped' | 'failed';
  /** Why it was skipped, or failed. */
  readonly reason?: string | undefined;
  /** Its DNS label, where it is another one than in the file. */
  readonly label?: string | undefined;
}

type Skipped = { readonly skip: string } | 'unchanged';

export class Transfer {
  readonly #deps: TransferDeps;

  constructor(deps: TransferDeps) {
    this.#deps = deps;
  }

  /** Why the caller may not see or write everything; undefined: it may. */
  refusal(principal: Principal): Refused | undefined {
    if (principal.may('operate')) return undefined;
    return { kind: 'forbidden', right: 'operate', who: principalText(principal), where: 'all envs' };
  }

  /** The lines, made while they are asked for. `head`: which registry it is. */
  *lines(head: object): Generator<object> {
    const { registry, clock } = this.#deps;
    yield { kind: 'export', v: exportVersion, ...head, revision: registry.revision, atMs: Math.round(clock.wallMs()) };
    let [instances, holds] = [0, 0];
    for (const app of registry.apps()) {
      // What joins or leaves while a slow reader is waited for must not move the list.
      for (const stored of [...app.instances()]) {
        instances++;
        yield instanceLine(stored, clock.monotonicMs());
      }
    }
    for (const hold of [...registry.holds()]) {
      if (registry.find(hold.key) !== undefined) continue;
      holds++;
      yield holdLine(hold);
    }
    yield { kind: 'end', instances, holds };
  }

  /** A result for each line, in order. */
  async import(
    principal: Principal,
    actor: Actor,
    lines: readonly unknown[],
    isDryRun: boolean,
  ): Promise<readonly Imported[] | Refused> {
    const refused = this.refusal(principal) ?? (isDryRun ? undefined : this.#deps.commands.writeRefusal(principal));
    if (refused !== undefined) return refused;
    const holds = new Map([...this.#deps.registry.holds()].map(({ key, override }) => [keyText(key), override]));
    const one = (line: unknown) => this.#importOne(principal, actor, line, { isDryRun, holds });
    const results = await Promise.all(lines.map(one));
    if (isDryRun) return results;
    const count = results.filter(({ outcome }) => outcome === 'created' || outcome === 'replaced').length;
    if (count === 0) return results;
    this.#deps.log.imported(actor, { count, skipped: results.length - count });
    return (await this.#deps.commands.settled()) ?? results;
  }

  async #importOne(
    principal: Principal,
    actor: Actor,
    line: unknown,
    { isDryRun, holds }: { readonly isDryRun: boolean; readonly holds: ReadonlyMap<string, Override> },
  ): Promise<Imported> {
    const entry = parseExported(line);
    if (!('kind' in entry)) return { key: namesIn(line), outcome: 'skipped', reason: sentenceOf(entry) };
    const { key } = entry;
    if (entry.kind === 'hold') return this.#importHold(entry, isDryRun, holds);
    const command = this.#commandFor(entry);
    if (command === 'unchanged') return { key, outcome: 'unchanged' };
    if ('skip' in command) return { key, outcome: 'skipped', reason: command.skip };
    const outcome = isDryRun
      ? this.#decided(actor, command)
      : await this.#deps.commands.perform(principal, actor, command);
    return resultOf(entry, outcome);
  }

  /** Of an instance that is not registered. */
  async #importHold(
    { key, override }: ExportedHold,
    isDryRun: boolean,
    holds: ReadonlyMap<string, Override>,
  ): Promise<Imported> {
    const { registry, clock, keepHold } = this.#deps;
    const known = holds.get(keyText(key));
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(override)) return { key, outcome: 'unchanged' };
    const skip = (reason: string): Imported => ({ key, outcome: 'skipped', reason });
    if (known !== undefined || registry.find(key) !== undefined)
      return skip('its instance is registered here, or another hold of it is: that one counts');
    if (typeof override.until === 'number' && override.until <= clock.wallMs()) return skip('is a hold that has ended');
    if (registry.areHoldsFull) return skip('is one hold more than there may be');
    const reason = isDryRun ? undefined : await keepHold(key, override);
    return reason === undefined ? { key, outcome: 'created' } : { key, outcome: 'failed', reason };
  }

  #commandFor(entry: ExportedInstance): RegisterCommand | Skipped {
    const { key, registration, liveness, fronts, file } = entry;
    if (file !== undefined) return { skip: `comes from the service file ${file}: put that file beside the others` };
    if (liveness.kind === 'connection' || liveness.kind === 'remote')
      return { skip: 'is kept by a connection of its client, which registers it again' };
    const wallMs = this.#deps.clock.wallMs();
    const { until } = entry.override ?? {};
    const override = typeof until === 'number' && until <= wallMs ? undefined : entry.override;
    const stored = this.#deps.registry.find(key);
    if (stored !== undefined) {
      if (isSame(stored.instance, { ...entry, override })) return 'unchanged';
      if (stored.updatedAtMs >= entry.updatedAtMs)
        return { skip: `is newer here: changed at ${new Date(stored.updatedAtMs).toISOString()}` };
    }
    const dirtyAtMs = Math.min(entry.dirtyAtMs, wallMs);
    return { kind: 'register', key, registration, dirtyAtMs, liveness, override, fronts };
  }

  /** What would come of it, as far as the present state shows. */
  #decided(actor: Actor, command: RegisterCommand): RegisterOutcome | { readonly kind: 'created' | 'replaced' } {
    const { registry, clock } = this.#deps;
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const decision = registry.decide(command, actor, now);
    if (decision.kind !== 'changes') return decision.outcome;
    return { kind: registry.find(command.key) === undefined ? 'created' : 'replaced' };
  }
}

function keyText({ env, appid, instance }: InstanceKey): string {
  return `${env} ${appid} ${instanceKey(instance)}`;
}

function isSame(stored: Instance, entry: Pick<ExportedInstance, 'registration' | 'liveness' | 'override' | 'fronts'>) {
  const { registration, liveness, override, fronts } = entry;
  if (!isSameRegistration(ownersRegistration(stored), registration) || !isSameLiveness(stored.liveness, liveness))
    return false;
  return isSameParts(stored.fronts, fronts) && JSON.stringify(stored.override) === JSON.stringify(override);
}

function resultOf(
  { key, label }: ExportedInstance,
  outcome: RegisterOutcome | Refused | { readonly kind: 'created' | 'replaced' },
): Imported {
  switch (outcome.kind) {
    case 'created':
    case 'replaced': {
      const made = 'stored' in outcome ? outcome.stored.instance.label : label;
      return { key, outcome: outcome.kind, ...(made === label ? {} : { label: made }) };
    }
    case 'unchanged':
      return { key, outcome: 'unchanged' };
    case 'exists':
    case 'outdated':
    case 'precondition-failed':
      return { key, outcome: 'skipped', reason: 'is newer here' };
    case 'conflict':
    case 'invalid':
    case 'full':
    case 'not-yours':
      return { key, outcome: 'skipped', reason: sentenceOf([outcome.problem]) };
    case 'forbidden':
      return { key, outcome: 'skipped', reason: forbiddenText(outcome) };
    default:
      return { key, outcome: 'failed', reason: 'reason' in outcome ? outcome.reason : outcome.kind };
  }
}

function sentenceOf(problems: readonly Problem[]): string {
  const text = ({ field, message, value }: Problem) =>
    `${field === '' ? '' : `${field} `}${message}${value === undefined ? '' : `, received ${value}`}`;
  return problems.map(text).join('; ');
}

/** What of its name can be read, for the message. */
function namesIn(line: unknown): Partial<InstanceKey> {
  if (typeof line !== 'object' || line === null) return {};
  const fields = Object.entries(line).filter(([name]) => ['env', 'appid', 'instance'].includes(name));
  return Object.fromEntries(fields.map(([name, value]) => [name, String(value).slice(0, 253)]));
}
