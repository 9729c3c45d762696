// Completion scripts for bash and zsh, made from the command line's own description, so they cannot disagree with it.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace sett::tools {

[[nodiscard]] std::string bash_completion(const CLI::App& app);
/// zsh runs the bash script through bashcompinit.
[[nodiscard]] std::string zsh_completion(const CLI::App& app);

} // namespace sett::tools
