#include "sim/seeds_json.h"

#include <cinttypes>

namespace srpt::sim {
namespace {

std::string JsonText(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

}  // namespace

SeedsJson::~SeedsJson() {
  if (file_ != nullptr) std::fclose(file_);
}

bool SeedsJson::Open(const std::string& name) {
  file_ = std::fopen(name.c_str(), "w");
  if (file_ != nullptr) std::fprintf(file_, "{\"seeds\": [");
  return file_ != nullptr;
}

void SeedsJson::Add(const Outcome& o) {
  std::fprintf(
      file_,
      "%s\n  {\"seed\": %" PRIu64 ", \"fingerprint\": \"%016" PRIx64 "\", \"commands\": %" PRIu64
      ", \"ok\": %s%s%s}",
      any_ ? "," : "", o.seed, o.fingerprint, o.stats.commands, o.broken.empty() ? "true" : "false",
      o.broken.empty() ? "" : ", \"broken\": ", o.broken.empty() ? "" : JsonText(o.broken).c_str());
  any_ = true;
}

bool SeedsJson::Finish(const CampaignResult& result) {
  const Totals& t = result.totals;
  const Spent& spent = result.spent;
  const auto of = [](std::uint64_t n) { return static_cast<double>(n); };
  std::fprintf(file_,
               "\n], \"fingerprint\": \"%016" PRIx64
               "\", \"seconds\": %.3f, \"cpu_seconds\": %.3f, \"simulated_seconds\": %.3f, "
               "\"commands\": %" PRIu64
               ", \"commands_per_second\": %.0f, \"commands_per_cpu_second\": %.0f, "
               "\"ius\": %" PRIu64 ", \"ius_per_cpu_second\": %.0f, \"events\": %" PRIu64
               ", \"events_per_cpu_second\": %.0f, \"memory_bytes\": %" PRIu64 "}\n",
               result.fingerprint, spent.seconds, spent.cpu_seconds, t.virtual_seconds(),
               t.stats.commands, of(t.stats.commands) / spent.seconds,
               of(t.stats.commands) / spent.cpu_seconds, t.ius, of(t.ius) / spent.cpu_seconds,
               t.events, of(t.events) / spent.cpu_seconds, spent.memory);
  const bool written = std::ferror(file_) == 0;
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  return written && closed;
}

}  // namespace srpt::sim
