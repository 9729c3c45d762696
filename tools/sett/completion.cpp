#include "tools/sett/completion.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <vector>

namespace sett::tools {
namespace {

/// One case per command: "sett token" -> "ls show --help ...".
void add_cases(const CLI::App& app, const std::string& path, std::string& out) {
  std::string words;
  for (const auto* sub : app.get_subcommands(nullptr)) {
    words += sub->get_name() + " ";
    add_cases(*sub, path + " " + sub->get_name(), out);
  }
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) words += "--" + name + " ";
  out += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, words);
}

} // namespace

std::string bash_completion(const CLI::App& app) {
  std::string cases;
  add_cases(app, "sett", cases);
  std::string global;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) global += "--" + name + " ";
  // The path is made of the words that are commands: options and their values are skipped by trying the longest known
  // path.
  return "# bash completion of sett: source <(sett completion bash)\n"
         "_sett() {\n"
         "  local path=sett word words i\n"
         "  _sett_words() {\n    case \"$1\" in\n" +
         cases +
         "    *) return 1 ;;\n    esac\n  }\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=${COMP_WORDS[i]}\n"
         "    [[ $word == -* ]] && continue\n"
         "    if _sett_words \"$path $word\"; then path=\"$path $word\"; fi\n"
         "  done\n"
         "  case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n"
         "    -o|--output) COMPREPLY=($(compgen -W \"table wide json csv\" -- \"${COMP_WORDS[COMP_CWORD]}\")); return "
         ";;\n"
         "    --config|--socket|--file) COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\")); return ;;\n"
         "  esac\n"
         "  words=\n  _sett_words \"$path\"\n"
         "  COMPREPLY=($(compgen -W \"$words " +
         global +
         "\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _sett sett\n";
}

std::string zsh_completion(const CLI::App& app) {
  return "#compdef sett\n# zsh completion of sett: source <(sett completion zsh)\nautoload -U +X bashcompinit && "
         "bashcompinit\n" +
         bash_completion(app);
}

} // namespace sett::tools
