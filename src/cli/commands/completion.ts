import { Argument, type Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** One command as a shell has to know it: its path below `spanloom`, its flags and its subcommands. */
interface Known {
  readonly path: readonly string[];
  readonly description: string;
  readonly flags: readonly { readonly long: string; readonly short: string | undefined; readonly text: string }[];
  readonly subcommands: readonly string[];
}

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a completion script for your shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  source <(spanloom completion bash)                                    this shell only
  spanloom completion zsh > "\${fpath[1]}/_spanloom"
  spanloom completion fish > ~/.config/fish/completions/spanloom.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
}

/** The script, made from the commands as they are. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = describe(program, []);
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      return `#compdef spanloom\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case "fish":
      return fish(commands);
  }
}

function describe(command: Command, path: readonly string[]): Known[] {
  const own: Known = {
    path,
    description: command.description(),
    flags: [
      ...command.options.map(({ long, short, description }) => ({ long: long ?? "", short, text: description })),
      { long: "--help", short: "-h", text: "show help" },
    ].filter((flag) => flag.long !== ""),
    subcommands: command.commands.map((one) => one.name()),
  };
  return [own, ...command.commands.flatMap((one) => describe(one, [...path, one.name()]))];
}

/** Words that are no flags name the command; the deepest one known decides what is offered. */
function bash(commands: readonly Known[]): string {
  const cases = commands.map(({ path, flags, subcommands }) => {
    const words = [...subcommands, ...flags.map((flag) => flag.long)].join(" ");
    return `    "${path.join(" ")}") words="${words}" ;;`;
  });
  const paths = commands.filter((one) => one.path.length > 0).map((one) => one.path.join(" "));
  return `_spanloom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word known
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) continue ;; esac
    for known in ${paths.map((path) => `"${path}"`).join(" ")}; do
      if [ "\${path:+$path }$word" = "$known" ]; then path="$known"; fi
    done
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _spanloom spanloom
`;
}

function fish(commands: readonly Known[]): string {
  const lines: string[] = [];
  for (const { path, description, flags } of commands) {
    const parent = path.slice(0, -1);
    const name = path.at(-1);
    const siblings = commands.find((one) => one.path.join(" ") === parent.join(" "))?.subcommands ?? [];
    if (name !== undefined) {
      const inParent = parent.map((word) => `__fish_seen_subcommand_from ${word}`);
      const condition = [...inParent, `not __fish_seen_subcommand_from ${siblings.join(" ")}`].join("; and ");
      lines.push(`complete -c spanloom -n '${condition}' -a ${name} -d ${quote(description)}`);
    }
    const within = path.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    for (const flag of flags) {
      const condition = within === "" ? "__fish_use_subcommand" : within;
      const short = flag.short === undefined ? "" : ` -s ${flag.short.slice(1)}`;
      lines.push(`complete -c spanloom -n '${condition}' -l ${flag.long.slice(2)}${short} -d ${quote(flag.text)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
