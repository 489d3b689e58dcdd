import { MurmurError } from '@murmuration/core';
import type { Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Words that may follow `path`: subcommands, then options. */
interface Words {
  readonly path: string;
  readonly words: readonly string[];
}

export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .argument('<shell>', SHELLS.join(', '))
    .description('print a completion script for your shell')
    .addHelpText(
      'after',
      `
Examples
  murmur completion bash > ~/.local/share/bash-completion/completions/murmur
  murmur completion zsh  > ~/.zfunc/_murmur
  murmur completion fish > ~/.config/fish/completions/murmur.fish`,
    )
    .action((shell: string) => {
      process.stdout.write(`${scriptFor(shell, collect(program, ''))}\n`);
    });
}

function collect(command: Command, path: string): Words[] {
  const words = [
    ...command.commands.map((child) => child.name()),
    ...command.options.flatMap((option) => (option.long ? [option.long] : [])),
    '--help',
  ];
  return [{ path, words }, ...command.commands.flatMap((child) => collect(child, `${path} ${child.name()}`.trim()))];
}

function scriptFor(shell: string, all: readonly Words[]): string {
  if (shell === 'bash') return bash(all);
  if (shell === 'zsh') return `#compdef murmur\nautoload -U +X bashcompinit && bashcompinit\n${bash(all)}`;
  if (shell === 'fish') return fish(all);
  throw new MurmurError({
    code: 'CLI_UNKNOWN_SHELL',
    message: `no completion for the shell "${shell}"`,
    remedy: `give one of ${SHELLS.join(', ')}`,
  });
}

function bash(all: readonly Words[]): string {
  const cases = all.map(({ path, words }) => `    "${path}") words="${words.join(' ')}" ;;`);
  return `_murmur() {
  local path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _murmur murmur`;
}

function fish(all: readonly Words[]): string {
  return all
    .flatMap(({ path, words }) => {
      const seen = path.split(' ').filter(Boolean);
      const when = seen.length === 0 ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${seen.join(' ')}`;
      return words.map((word) =>
        word.startsWith('--')
          ? `complete -c murmur -n '${when}' -l ${word.slice(2)}`
          : `complete -c murmur -f -n '${when}' -a ${word}`,
      );
    })
    .join('\n');
}
