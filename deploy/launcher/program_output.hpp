// Runs a program to its end and reads what it prints: for the questions that the launcher asks the
// programs of the stack before it starts them. Blocks; a program that does not end is killed.
#pragma once

#include <string>

#include "deploy/launcher/child_process.hpp"

namespace polybot::launcher {

struct ProgramOutput {
  ExitStatus end;
  std::string text;  // standard output and standard error
};

// `spec.output` is not used. Throws std::system_error when the program cannot be started.
[[nodiscard]] ProgramOutput run_to_its_end(const ProgramSpec& spec);

}  // namespace polybot::launcher
