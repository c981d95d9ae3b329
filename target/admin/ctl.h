// `srpt ctl`: the admin socket from a shell.
#ifndef TARGET_ADMIN_CTL_H_
#define TARGET_ADMIN_CTL_H_

namespace srpt::target {

// argv[0] is the verb or an option: what follows `srpt ctl`. Prints tables, or the raw answer with
// --json; 0, or 1 with the reason on stderr.
int CtlMain(int argc, char** argv);

}  // namespace srpt::target

#endif  // TARGET_ADMIN_CTL_H_
