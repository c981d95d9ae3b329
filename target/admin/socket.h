// The listening end of a Unix stream socket.
#ifndef TARGET_ADMIN_SOCKET_H_
#define TARGET_ADMIN_SOCKET_H_

#include <sys/types.h>

#include <string>

#include "core/base/result.h"

namespace srpt::target {

struct ListenError {
  std::string text;
  bool taken = false;  // Somebody listens there; otherwise the path is no good.
};

class ListeningSocket {
 public:
  // `path` has at most 107 bytes; a socket that a dead process left behind is replaced, one on
  // which somebody listens is not, nor anything else that lies there. Mode 0600 from its first
  // moment on, whatever the umask.
  static Result<ListeningSocket, ListenError> Open(const std::string& path);
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();  // Removes the path if it still is this socket.

  int fd() const { return fd_; }
  // The next client, non-blocking; -1: none waits.
  int Accept() const;

 private:
  ListeningSocket(int fd, std::string path);
  int fd_ = -1;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Connects to `path`; the error says why not.
Result<int, std::string> ConnectTo(const std::string& path);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_SOCKET_H_
