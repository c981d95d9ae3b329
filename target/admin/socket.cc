#include "target/admin/socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace srpt::target {
namespace {

constexpr int kBacklog = 16;

Result<sockaddr_un, std::string> Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Err{"socket path '" + path + "' has " + std::to_string(path.size()) +
               " bytes; expected 1 to " + std::to_string(sizeof(address.sun_path) - 1)};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

std::string Why(const std::string& doing, const std::string& path, int error) {
  return doing + " " + path + ": " + std::strerror(error);
}

// 0, or the errno of a connection attempt.
int TryConnect(int fd, const sockaddr_un& address) {
  for (;;) {
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace

Result<int, std::string> ConnectTo(const std::string& path) {
  const auto address = Address(path);
  if (!address.ok()) return Err{address.error()};
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Err{Why("cannot make a socket for", path, errno)};
  if (const int error = TryConnect(fd, *address); error != 0) {
    close(fd);
    return Err{Why("cannot connect to", path, error) +
               (error == ENOENT || error == ECONNREFUSED ? "; is srpt running?" : "")};
  }
  return fd;
}

Result<ListeningSocket, ListenError> ListeningSocket::Open(const std::string& path) {
  const auto address = Address(path);
  if (!address.ok()) return Err{ListenError{address.error()}};
  struct stat st {};
  if (lstat(path.c_str(), &st) == 0) {
    if (!S_ISSOCK(st.st_mode)) {
      return Err{ListenError{path + " exists and is no socket; expected it to be free"}};
    }
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return Err{ListenError{Why("cannot make a socket for", path, errno)}};
    const int error = TryConnect(probe, *address);
    close(probe);
    if (error != ECONNREFUSED && error != ENOENT) {
      return Err{ListenError{
          "somebody listens at " + path +
              " already; expected it to be free: stop that daemon, or give another path",
          true}};
    }
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
      return Err{ListenError{Why("cannot remove the stale socket", path, errno)}};
    }
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Err{ListenError{Why("cannot make a socket for", path, errno)}};
  ListeningSocket listening(fd, path);
  // A Unix socket's file takes its mode from the socket: never more than 0600, whatever the umask;
  // and never less.
  if (fchmod(fd, 0600) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof(sockaddr_un)) != 0) {
    return Err{ListenError{Why("cannot bind", path, errno)}};
  }
  if (lstat(path.c_str(), &st) != 0) return Err{ListenError{Why("cannot look at", path, errno)}};
  listening.device_ = st.st_dev;
  listening.inode_ = st.st_ino;
  if (chmod(path.c_str(), 0600) != 0 || listen(fd, kBacklog) != 0) {
    return Err{ListenError{Why("cannot listen at", path, errno)}};
  }
  return listening;
}

ListeningSocket::ListeningSocket(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(std::exchange(other.inode_, 0)) {}

ListeningSocket::~ListeningSocket() {
  if (fd_ < 0) return;
  struct stat st {};
  if (inode_ != 0 && lstat(path_.c_str(), &st) == 0 && st.st_dev == device_ &&
      st.st_ino == inode_) {
    unlink(path_.c_str());
  }
  close(fd_);
}

int ListeningSocket::Accept() const {
  for (;;) {
    const int client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0 || (errno != EINTR && errno != ECONNABORTED)) return client;
  }
}

}  // namespace srpt::target
