import { Argument, type Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** The word after the program's name by which the scripts ask what fits. It is in no help. */
export const COMPLETE = "__complete";

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description(
      "print a completion script for your shell: commands, flags, values, and names that the collector knows",
    )
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  source <(spanloom completion bash)                                    this shell only, also with zsh
  spanloom completion bash > ~/.local/share/bash-completion/completions/spanloom
  spanloom completion zsh > "\${fpath[1]}/_spanloom"
  spanloom completion fish > ~/.config/fish/completions/spanloom.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell]);
    });
}

const BASH = `_spanloom() {
  local line directive=""
  COMPREPLY=()
  while IFS= read -r line; do
    if [ -z "$directive" ]; then directive="$line"; else COMPREPLY+=("$line"); fi
  done < <("\${1/#\\~/$HOME}" ${COMPLETE} bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  case "$directive" in
    :files*) compopt -o bashdefault -o default 2>/dev/null ;;
    :folders*) compopt -o dirnames 2>/dev/null ;;
    :open*) compopt -o nospace 2>/dev/null ;;
  esac
}
complete -F _spanloom spanloom
`;

const ZSH = `#compdef spanloom
_spanloom() {
  local -a lines values texts
  local line directive
  lines=("\${(@f)$("\${\${(Q)words[1]}/#\\~/$HOME}" ${COMPLETE} zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  directive="$lines[1]"
  shift lines
  for line in "\${lines[@]}"; do
    values+=("\${line%%$'\\t'*}")
    if [[ "\${line#*$'\\t'}" == "" ]]; then texts+=("\${line%%$'\\t'*}"); else texts+=("\${line%%$'\\t'*}  -- \${line#*$'\\t'}"); fi
  done
  case "$directive" in
    :files*) _files ;;
    :folders*) _files -/ ;;
    :open*) compadd -S '' -a values ;;
    *) compadd -l -d texts -a values ;;
  esac
}
if [[ "$funcstack[1]" == "_spanloom" ]]; then
  _spanloom "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _spanloom spanloom
fi
`;

const FISH = `function __spanloom_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l plain (string unescape -- $current; or string trim --left --chars='"\\'' -- $current)
    set -l lines (command $words[1] ${COMPLETE} fish $words[2..-1] "$plain" 2>/dev/null)
    switch "$lines[1]"
        case ':files*'
            __fish_complete_path $current
        case ':folders*'
            __fish_complete_directories $current
        case '*'
            string join -- \\n $lines[2..-1]
    end
end
complete -c spanloom -f -a '(__spanloom_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
