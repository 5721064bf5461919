import { Argument, type Command } from 'commander';
import type { CliContext } from '../context.js';
import { commandTree } from '../output/command-tree.js';
import { completionScript, shells, type Shell } from '../output/completion-scripts.js';

export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('Print what a shell needs to complete commands and options.')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(shells))
    .addHelpText(
      'after',
      `
For this shell, and in its start-up file for all that follow:
  bash:  source <(hazina completion bash)
  zsh:   source <(hazina completion zsh)
  fish:  hazina completion fish | source`,
    )
    .action((shell: Shell) => context.print(completionScript(shell, commandTree(program))));
  program
    .command('man')
    .description('Print the manual page: hazina man | man -l -')
    .action(async () => {
      const { manPage } = await import('../output/man-page.js');
      context.print(manPage(commandTree(program)).trimEnd());
    });
}
