// A process that holds a key lets nobody look into its memory.
#pragma once

namespace polybot::secrets {

// From here on this process leaves no core dump, whatever ends it, and other processes can neither
// trace it nor read its memory and environment, those of the same user included. Only root (with
// CAP_SYS_PTRACE) still can. Throws std::system_error when the system refuses.
void forbid_memory_access();

}  // namespace polybot::secrets
