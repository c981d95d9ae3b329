// The command line of srpt.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <string>

#include "core/config.h"
#include "target/admin/ctl.h"
#include "target/config/load.h"
#include "target/config/parameters.h"
#include "target/config/to_core.h"
#include "target/daemon.h"
#include "target/limits_report.h"
#include "target/log.h"

namespace srpt::target {
namespace {

constexpr char kVersion[] = "0.1.0";

constexpr char kAbout[] =
    "srpt: a SCSI RDMA Protocol (SRP) target in user space.\n\n"
    "Serves the disks of a configuration file in SCST's format to SRP initiators over InfiniBand,\n"
    "RoCE and Soft-RoCE. Runs in the foreground, logs to stderr, prints a line with `srpt ready`\n"
    "when it listens. SIGTERM or SIGINT ends it cleanly.";

constexpr char kMore[] =
    "Every ib_srpt parameter may also stand in the configuration (TARGET_DRIVER ib_srpt { }) or\n"
    "on `options ib_srpt` lines of --modprobe-conf. The command line wins, then the "
    "configuration,\n"
    "then modprobe, then the default.\n\n"
    "srpt ctl [--socket PATH] VERB ... asks or changes a running srpt; `srpt ctl --help` lists "
    "the\n"
    "verbs.\n\n"
    "Exit status: 0 clean shutdown, 1 cannot run here (no RDMA device, port taken, ...), 2 bad\n"
    "configuration or command line.";

int PrintLimits(const DaemonOptions& options, bool json) {
  const auto loaded = config::Load(options.sources);
  if (!loaded.ok()) {
    std::fprintf(stderr, "srpt: %s\n", loaded.error().ToString().c_str());
    return kExitConfiguration;
  }
  Parameters parameters = config::ToParameters(loaded->parameters, 0);
  parameters.shards = options.shards;
  const std::string text = json ? DescribeLimitsAsJson(parameters) : DescribeLimits(parameters);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "ctl") == 0) return CtlMain(argc - 2, argv + 2);

  CLI::App app(kAbout, "srpt");
  app.footer(kMore);
  app.set_version_flag("--version", std::string("srpt ") + kVersion);
  DaemonOptions options;
  std::string level = "info";
  bool print_limits = false;
  auto* config =
      app.add_option("--config", options.sources.scst_conf, "Configuration file in SCST's format");
  app.add_option("--modprobe-conf", options.sources.modprobe_conf,
                 "File with `options ib_srpt name=value` lines");
  app.add_option("--admin-socket", options.admin_socket, "Unix socket for `srpt ctl`, mode 0600")
      ->capture_default_str();
  app.add_option("--log-level", level, "What goes to stderr: debug, info, warning or error")
      ->capture_default_str();
  app.add_option("--poll-budget", options.poll_budget,
                 "Empty polls before the loop sleeps. 0 sleeps at once; more buys latency with "
                 "CPU time; range 0 to 4294967295")
      ->capture_default_str();
  app.add_option("--shards", options.shards,
                 "Threads that serve channels, each with completion queues, data buffers and "
                 "storage of its own; a channel stays on one of them; range 1 to " +
                     std::to_string(kShardsMax))
      ->check(CLI::Range(1u, kShardsMax))
      ->capture_default_str();
  auto* limits = app.add_flag("--print-limits", print_limits,
                              "Print all limits and the memory that they cost, as the parameters "
                              "have them, and exit; needs no --config");
  bool json = false;
  app.add_flag("--json", json, "With --print-limits: as one JSON object")->needs(limits);
  for (const config::ParameterInfo& info : config::ParameterTable()) {
    app.add_option_function<std::string>(
           std::string("--") + info.name,
           [&options, name = std::string(info.name)](const std::string& value) {
             options.sources.overrides.emplace_back(name, value);
           },
           std::string(info.help) + ": " + info.expected + "; default " + info.default_text)
        ->group("ib_srpt parameters")
        ->type_name("V");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version.
    std::fprintf(stderr, "srpt: %s; `srpt --help` explains every option\n", error.what());
    return kExitConfiguration;
  }
  if (print_limits) return PrintLimits(options, json);
  if (config->count() == 0) {
    std::fputs("srpt: --config FILE is missing; `srpt --help` explains every option\n", stderr);
    return kExitConfiguration;
  }
  if (!InitLog(level)) {
    std::fprintf(stderr, "srpt: --log-level '%s'; expected debug, info, warning or error\n",
                 level.c_str());
    return kExitConfiguration;
  }
  return RunDaemon(options);
}

}  // namespace
}  // namespace srpt::target

int main(int argc, char** argv) { return srpt::target::Main(argc, argv); }
