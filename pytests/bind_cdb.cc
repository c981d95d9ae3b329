// srptest.cdb.
#include "core/initiator/cdb.h"
#include "pytests/bind.h"

namespace srpt::py {
namespace {

using namespace pybind11::literals;  // NOLINT: "x"_a.
using initiator::Cdb;

pyb::bytes Of(const Cdb& cdb) { return ToPython(cdb.view()); }

using Transfer = Cdb (*)(Lba, std::uint32_t, std::uint8_t);

// `lba_max` and `blocks_max`: what the fields carry.
void DefTransfer(pyb::module_& m, const char* name, Transfer make, std::uint64_t lba_max,
                 std::uint32_t blocks_max) {
  m.def(
      name,
      [=](std::uint64_t lba, std::uint32_t blocks, bool fua, bool dpo) {
        Require(lba <= lba_max && blocks <= blocks_max, "the CDB's fields cannot carry that");
        const auto flags =
            static_cast<std::uint8_t>((fua ? initiator::kFua : 0) | (dpo ? initiator::kDpo : 0));
        return Of(make(Lba(lba), blocks, flags));
      },
      "lba"_a, "blocks"_a, "fua"_a = false, "dpo"_a = false, "lba and blocks in logical blocks.");
}

void DefXdWriteRead(pyb::module_& m, const char* name, Transfer make, std::uint64_t lba_max,
                    std::uint32_t blocks_max) {
  m.def(
      name,
      [=](std::uint64_t lba, std::uint32_t blocks, bool fua, bool dpo, bool disable_write) {
        Require(lba <= lba_max && blocks <= blocks_max, "the CDB's fields cannot carry that");
        const auto flags =
            static_cast<std::uint8_t>((fua ? initiator::kFua : 0) | (dpo ? initiator::kDpo : 0) |
                                      (disable_write ? initiator::kDisableWrite : 0));
        return Of(make(Lba(lba), blocks, flags));
      },
      "lba"_a, "blocks"_a, "fua"_a = false, "dpo"_a = false, "disable_write"_a = false,
      "lba and blocks in logical blocks; data both ways.");
}

void DefTransfer6(pyb::module_& m, const char* name, Cdb (*make)(Lba, std::uint32_t)) {
  m.def(
      name,
      [=](std::uint64_t lba, std::uint32_t blocks) {
        Require(lba < (1u << 21) && blocks >= 1 && blocks <= 256,
                "lba below 2^21, 1 to 256 blocks");
        return Of(make(Lba(lba), blocks));
      },
      "lba"_a, "blocks"_a, "lba below 2^21; 1 to 256 blocks.");
}

}  // namespace

void BindCdb(pyb::module_& m) {
  constexpr std::uint64_t k32 = 0xffffffff;
  constexpr std::uint64_t k64 = ~std::uint64_t{0};
  DefTransfer6(m, "read6", initiator::Read6);
  DefTransfer6(m, "write6", initiator::Write6);
  DefTransfer(m, "read10", initiator::Read10, k32, 0xffff);
  DefTransfer(m, "write10", initiator::Write10, k32, 0xffff);
  DefTransfer(m, "read12", initiator::Read12, k32, k32);
  DefTransfer(m, "write12", initiator::Write12, k32, k32);
  DefTransfer(m, "read16", initiator::Read16, k64, k32);
  DefTransfer(m, "write16", initiator::Write16, k64, k32);
  DefTransfer(m, "read32", initiator::Read32, k64, k32);
  DefTransfer(m, "write32", initiator::Write32, k64, k32);
  DefXdWriteRead(m, "xdwriteread10", initiator::XdWriteRead10, k32, 0xffff);
  DefXdWriteRead(m, "xdwriteread32", initiator::XdWriteRead32, k64, k32);
  m.def("test_unit_ready", [] { return Of(initiator::TestUnitReady()); });
  m.def(
      "request_sense",
      [](std::uint8_t allocation, bool descriptor) {
        return Of(initiator::RequestSense(allocation, descriptor));
      },
      "allocation"_a = 252, "descriptor"_a = false);
  m.def(
      "inquiry",
      [](std::uint16_t allocation, std::optional<std::uint8_t> page) {
        return Of(initiator::Inquiry(allocation, page));
      },
      "allocation"_a, "page"_a = pyb::none(), "Standard data, or the VPD page of that code.");
  m.def("read_capacity10", [] { return Of(initiator::ReadCapacity10()); });
  m.def(
      "read_capacity16",
      [](std::uint32_t allocation) { return Of(initiator::ReadCapacity16(allocation)); },
      "allocation"_a = 32);
  m.def(
      "mode_sense6",
      [](std::uint8_t page, std::uint8_t subpage, std::uint8_t allocation, std::uint8_t pc,
         bool dbd) { return Of(initiator::ModeSense6(page, subpage, allocation, pc, dbd)); },
      "page"_a, "subpage"_a = 0, "allocation"_a = 192, "page_control"_a = 0, "dbd"_a = false);
  m.def(
      "mode_sense10",
      [](std::uint8_t page, std::uint8_t subpage, std::uint16_t allocation, std::uint8_t pc,
         bool dbd) { return Of(initiator::ModeSense10(page, subpage, allocation, pc, dbd)); },
      "page"_a, "subpage"_a = 0, "allocation"_a = 192, "page_control"_a = 0, "dbd"_a = false);
  m.def(
      "report_luns",
      [](std::uint32_t allocation, std::uint8_t select) {
        return Of(initiator::ReportLuns(allocation, select));
      },
      "allocation"_a, "select"_a = 0);
  m.def(
      "synchronize_cache10",
      [](std::uint64_t lba, std::uint32_t blocks) {
        Require(lba <= k32 && blocks <= 0xffff, "the CDB's fields cannot carry that");
        return Of(initiator::SynchronizeCache10(Lba(lba), blocks));
      },
      "lba"_a = 0, "blocks"_a = 0);
  m.def(
      "synchronize_cache16",
      [](std::uint64_t lba, std::uint32_t blocks) {
        return Of(initiator::SynchronizeCache16(Lba(lba), blocks));
      },
      "lba"_a = 0, "blocks"_a = 0);
  m.def(
      "parse_sense",
      [](const pyb::bytes& sense) -> pyb::object {
        const auto parsed = initiator::ParseSense(View(sense));
        if (!parsed) return pyb::none();
        return pyb::make_tuple(parsed->key, parsed->asc, parsed->ascq, parsed->information);
      },
      "sense"_a,
      "(key, asc, ascq, information or None) of fixed or descriptor format sense data; None if it\n"
      "is neither.");
}

}  // namespace srpt::py
