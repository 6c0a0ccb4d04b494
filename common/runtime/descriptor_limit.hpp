// How many files and sockets this process may have open. Shells and service managers start programs
// with a limit of 1,024, for the sake of old ones that use select(); no program of ours does, and a
// full API alone has more connections than that.
#pragma once

namespace polybot::runtime {

// Raises the limit as far as the system lets this process, at most to 65,536.
void raise_descriptor_limit();

}  // namespace polybot::runtime
