// Shell completion, made from commander's own tree of commands, so a new flag needs no word here. The scripts are static:
// completing asks no server and starts no process.
// Files are offered where a file or a directory is asked for, and nowhere else.
// Limits: names of apps and instances are not completed.

import type { Command } from 'commander';

interface Word {
  readonly text: string;
  readonly description: string;
}

/** What is offered where a value is to be typed. */
type Offer = readonly string[] | 'files';

interface Flag extends Word {
  /** Undefined: the flag takes no value. */
  readonly value: Offer | undefined;
}

interface Completed extends Word {
  readonly flags: readonly Flag[];
  /** For the first argument. */
  readonly argument: Offer;
}

export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const commands = program.commands.map(completedOf);
  const own = flagsOf(program);
  if (shell === 'bash') return bashScript(commands, own);
  return shell === 'zsh' ? zshScript(commands, own) : fishScript(commands, own);
}

function completedOf(command: Command): Completed {
  const [first] = command.registeredArguments;
  const argument = first?.argChoices ?? (first?.name() === 'dir' ? 'files' : []);
  return { text: command.name(), description: command.description(), flags: flagsOf(command), argument };
}

function flagsOf(command: Command): Flag[] {
  const help = command.createHelp();
  return help.visibleOptions(command).map((option) => {
    const isFile = /<(file|dir)>/.test(option.flags);
    const value = option.required || option.optional ? (option.argChoices ?? (isFile ? 'files' : [])) : undefined;
    return { text: option.long ?? option.short ?? '', description: option.description, value };
  });
}

function bashScript(commands: readonly Completed[], own: readonly Flag[]): string {
  const values = (flags: readonly Flag[]): string[] =>
    flags.flatMap(({ text, value }) => (value === undefined ? [] : [`${text}) ${bashReply(value)} ;;`]));
  const cases = commands.map(({ text, flags, argument }) => {
    const free = `if [[ $current == -* ]]; then ${bashReply(flags.map((flag) => flag.text))}; else ${bashReply(argument)}; fi`;
    return `    ${text})
      case $previous in
        ${[...values(flags), `*) ${free} ;;`].join('\n        ')}
      esac ;;`;
  });
  return `# bash completion for rollcall
_rollcall() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    ${bashReply([...commands, ...own].map(({ text }) => text))}
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
}
complete -F _rollcall rollcall
`;
}

function bashReply(offer: Offer): string {
  if (offer === 'files') return 'COMPREPLY=($(compgen -f -- "$current"))';
  return offer.length === 0 ? 'COMPREPLY=()' : `COMPREPLY=($(compgen -W '${offer.join(' ')}' -- "$current"))`;
}

function zshScript(commands: readonly Completed[], own: readonly Flag[]): string {
  const offered = (offer: Offer): string =>
    offer === 'files' ? '_files' : offer.length === 0 ? ' ' : `(${offer.join(' ')})`;
  const flag = ({ text, description, value }: Flag): string => {
    const taken = value === undefined ? '' : `:value:${offered(value)}`;
    return quoted(`*${text}[${description.replaceAll(/[[\]:\\]/g, '\\$&')}]${taken}`);
  };
  const cases = commands.map(({ text, flags, argument }) => {
    const first = quoted(`1:argument:${offered(argument)}`);
    return `    ${text}) _arguments ${[...flags.map(flag), first].join(' ')} ;;`;
  });
  return `#compdef rollcall
_rollcall() {
  local -a commands
  commands=(
${commands.map(({ text, description }) => `    ${quoted(`${text}:${description}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments ${own.map(flag).join(' ')}
    return
  fi
  local called=$words[2]
  shift words
  (( CURRENT-- ))
  case $called in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _rollcall ]]; then _rollcall "$@"; else compdef _rollcall rollcall; fi
`;
}

function fishScript(commands: readonly Completed[], own: readonly Flag[]): string {
  const offered = (offer: Offer): string =>
    offer === 'files' ? '-F' : offer.length === 0 ? '-f' : `-f -a ${quoted(offer.join(' '))}`;
  const flagLine = (where: string, { text, description, value }: Flag): string => {
    const taken = value === undefined ? '' : ` -r ${offered(value)}`;
    return `complete -c rollcall -n ${quoted(where)} -l ${text.replace(/^--/, '')}${taken} -d ${quoted(description)}`;
  };
  const lines = commands.flatMap(({ text, description, flags, argument }) => {
    const after = `__fish_seen_subcommand_from ${text}`;
    return [
      `complete -c rollcall -n __fish_use_subcommand -f -a ${text} -d ${quoted(description)}`,
      ...flags.map((one) => flagLine(after, one)),
      `complete -c rollcall -n ${quoted(after)} ${offered(argument)}`,
    ];
  });
  return `# fish completion for rollcall
${[...own.map((one) => flagLine('__fish_use_subcommand', one)), ...lines].join('\n')}
`;
}

/** In single quotes, as all three shells read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
