// The admin socket: a Unix stream socket (mode 0600), one JSON request and one JSON answer a line.
//
//   {"op": "list", "what": "targets" | "sessions" | "devices" | "luns" | "counters"}
//   {"op": "list", "path": "/targets"}                     the names under a directory of the tree
//   {"op": "get", "path": "/targets/ib_srpt/<T>/enabled"}  {"op": "set", "path": .., "value": ..}
//   {"op": "add_lun", "target": T, "lun": N, "device": D[, "group": G][, "read_only": true]}
//   {"op": "del_lun", "target": T, "lun": N[, "group": G]}
//   {"op": "add_device", "handler": H, "device": D, "attributes": {..}}
//   {"op": "del_device" | "clear_failed", "device": D}
//   {"op": "resize", "device": D, "bytes": N}              0 bytes: the backing store's own size
//   {"op": "set_alua", "group": "DG/TG", "state": S}
//   {"op": "close_session", "target": T, "session": S}
//   {"op": "enable" | "disable", "target": T}
//
// Answers: {"ok": true, ...} or {"ok": false, "error": "what; expected ..."}. Requests of one
// client are answered in order; the next is looked at when the answer before it has been taken, so
// a client that does not read costs one answer of memory and nobody's time.
#ifndef TARGET_ADMIN_SERVER_H_
#define TARGET_ADMIN_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/admin.h"
#include "core/base/result.h"
#include "core/base/types.h"
#include "target/admin/host.h"
#include "target/admin/socket.h"

namespace srpt::target {

inline constexpr std::size_t kAdminLineBytesMax = std::size_t{64} * 1024;
// One more client takes the place of the one that has been idle longest.
inline constexpr std::size_t kAdminClientsMax = 16;
// Ids of the server's own requests have this bit; the daemon's own must not.
inline constexpr std::uint64_t kAdminServerIdBit = std::uint64_t{1} << 63;

class AdminServer {
 public:
  // Serves those who connect to `socket`, also before this call. `host` outlives the server. The
  // error is the kernel's: there is no epoll set to be had.
  static Result<std::unique_ptr<AdminServer>, std::string> Serve(ListeningSocket socket,
                                                                 AdminHost& host);
  ~AdminServer();  // Removes the socket, unless somebody has replaced it.
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Readable when OnReady has something to do.
  int poll_fd() const;
  // Serves whatever is ready; never blocks.
  void OnReady();
  // The end of AdminHost::OpenDevice: the unit, or what is wrong.
  void OnDeviceOpened(AdminId id, const Result<scsi::LuView, std::string>& unit);
  // An action::AdminDone. Ids without kAdminServerIdBit, and those of clients that have gone, are
  // ignored.
  void OnAdminDone(AdminId id, admin::Status status, std::string_view text);

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace srpt::target

#endif  // TARGET_ADMIN_SERVER_H_
