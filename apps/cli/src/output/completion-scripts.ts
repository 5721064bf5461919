import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';

// Completion scripts out of the tree of commands. Each follows the words that were typed down the tree, and offers what the command there takes; a value is a file
// as far as a shell can know.

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, root: CommandNode): string {
  return { bash, zsh, fish }[shell](root);
}

function bash(root: CommandNode): string {
  const nodes = allCommands(root);
  return `# bash completion for ${root.name}: source <(${root.name} completion bash)
_${root.name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" level="${root.name}" words="" values="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$level \${COMP_WORDS[i]}" in
${steps(nodes, (path) => `      ${quote(path)}) level=${quote(path)} ;;`)}
    esac
  done
  case "$level" in
${nodes.map((node) => `    ${quote(node.path)}) words=${quote(wordsOf(node).join(' '))}; values=${quote(valuesOf(node).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=()
  if [[ " $values " != *" $previous "* ]]; then
    while IFS= read -r i; do [[ -n "$i" ]] && COMPREPLY+=("$i"); done < <(compgen -W "$words" -- "$current")
  fi
}
complete -o default -F _${root.name} ${root.name}`;
}

function zsh(root: CommandNode): string {
  const nodes = allCommands(root);
  return `#compdef ${root.name}
# zsh completion for ${root.name}: source <(${root.name} completion zsh), or a file _${root.name} in a folder of $fpath
_${root.name}() {
  local level=${quote(root.name)} i
  local -a items values
  for ((i = 2; i < CURRENT; i++)); do
    case "$level $words[i]" in
${steps(nodes, (path) => `      ${quote(path)}) level=${quote(path)} ;;`)}
    esac
  done
  case "$level" in
${nodes.map((node) => `    ${quote(node.path)})\n      items=(${described(node).join(' ')})\n      values=(${valuesOf(node).join(' ')}) ;;`).join('\n')}
  esac
  if (( \${values[(Ie)$words[CURRENT-1]]} )); then
    _files
  else
    _describe ${quote(root.name)} items || _files
  fi
}
if [[ "$funcstack[1]" = "_${root.name}" ]]; then
  _${root.name} "$@"
else
  compdef _${root.name} ${root.name}
fi`;
}

function fish(root: CommandNode): string {
  const nodes = allCommands(root);
  const lines = nodes.flatMap((node) => {
    const at = `complete -c ${root.name} -n "__${root.name}_at ${quote(node.path)}"`;
    return [
      ...node.commands.map(({ name, description }) => `${at} -f -a ${name} -d ${quote(firstSentence(description))}`),
      ...node.options.map((option) => `${at} ${fishOption(option)} -d ${quote(option.description)}`),
    ];
  });
  return `# fish completion for ${root.name}: ${root.name} completion fish | source
function __${root.name}_at
  set -l level ${root.name}
  set -l typed (commandline -opc)
  for word in $typed[2..]
    switch "$level $word"
${steps(nodes, (path) => `      case ${quote(path)}\n        set level ${quote(path)}`)}
    end
  end
  test "$level" = "$argv[1]"
end
${lines.join('\n')}`;
}

function fishOption({ long, short, takesValue }: OptionNode): string {
  const parts = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(takesValue ? ['-r'] : ['-f']),
  ];
  return parts.join(' ');
}

/** One line for each command below the program. */
function steps(nodes: readonly CommandNode[], line: (path: string) => string): string {
  return nodes
    .slice(1)
    .map(({ path }) => line(path))
    .join('\n');
}

function wordsOf(node: CommandNode): string[] {
  return [...node.commands.map(({ name }) => name), ...node.options.flatMap(namesOf)];
}

/** Options after which a value comes. */
function valuesOf({ options }: CommandNode): string[] {
  return options.filter(({ takesValue }) => takesValue).flatMap(namesOf);
}

function namesOf({ long, short }: OptionNode): string[] {
  return [long, short].filter((name) => name !== undefined);
}

function described(node: CommandNode): string[] {
  const item = (name: string, text: string) => quote(`${name}:${text.replaceAll(':', ' ')}`);
  return [
    ...node.commands.map(({ name, description }) => item(name, firstSentence(description))),
    ...node.options.flatMap((option) => namesOf(option).map((name) => item(name, option.description))),
  ];
}

export function firstSentence(text: string): string {
  return /^[^.\n]*/.exec(text)?.[0] ?? text;
}

/** As every one of the three shells takes it literally: a quote and a backslash, which they do not agree on, are left out. */
function quote(text: string): string {
  return `'${text.replaceAll(/['\\\n]/g, ' ')}'`;
}
