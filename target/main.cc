// The command line of srpt.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <string>

#include "core/base/limits.h"
#include "target/admin/ctl.h"
#include "target/config/parameters.h"
#include "target/daemon.h"
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

void PrintLimits() {
  using std::printf;
  printf("%-28s %8u  bytes, smallest maximum IU length a login may ask for\n", "it_iu_bytes_min",
         limits::kItIuBytesMin);
  printf("%-28s %8u  bytes, one data buffer\n", "data_buffer_bytes", limits::kDataBufferBytes);
  printf("%-28s %8u  data buffers of a shard\n", "data_buffers", limits::kDataBuffersDefault);
  printf("%-28s %8u  bytes, largest transfer of one command\n", "transfer_bytes_max",
         limits::kTransferBytesMax);
  printf("%-28s %8u  descriptors of one command\n", "descriptors_max", limits::kDescriptorsMax);
  printf("%-28s %8u  commands of a channel at once (request limit)\n", "credits_max",
         limits::kCreditsMax);
  printf("%-28s %8u  channels of a shard\n", "channels", limits::kChannelsDefault);
  printf("%-28s %8u  channels of one session\n", "channels_per_session_max",
         limits::kChannelsPerNexusMax);
  printf("%-28s %8u  sessions\n", "sessions_max", limits::kNexusesMax);
  printf("%-28s %8u  devices\n", "devices_max", limits::kLusMax);
  printf("%-28s %8u  highest LUN\n", "lun_max", limits::kLunNumberMax);
  printf("%-28s %8u  RDMA READs of a channel at once\n", "rdma_read_depth", limits::kRdmaReadDepth);
  printf("%-28s %8llu  s, an RDMA must have ended by then\n", "completion_watchdog",
         static_cast<unsigned long long>(limits::kCompletionWatchdog.ns / 1000000000));
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
  app.add_flag("--print-limits", print_limits, "Print the limits that are built in, and exit");
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
  if (print_limits) {
    PrintLimits();
    return 0;
  }
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
