// Prints the events of the files named, as `sett decode` does: what the oracle scripts compare with, without the rest
// of the command line.
#include "tools/sett/decode_command.hpp"

#include <iostream>

int main(int argc, char** argv) {
  sett::tools::decode_options options;
  options.files.assign(argv + 1, argv + argc);
  return sett::tools::run_decode(options, std::cin, std::cout, std::cerr);
}
