// Writes every worked example as a file of its own into the directory that is named: the seeds of
// the fuzzers. Run it as: bazel run //core/wire:golden_files -- DIRECTORY
#include <fstream>
#include <iostream>
#include <string>

#include "core/wire/golden.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: golden_files DIRECTORY\n";
    return 2;
  }
  for (const auto& [name, bytes] : srpt::wire::golden::All()) {
    const std::string path = std::string(argv[1]) + '/' + std::string(name);
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) {
      std::cerr << "cannot write " << path << "\n";
      return 1;
    }
  }
  return 0;
}
