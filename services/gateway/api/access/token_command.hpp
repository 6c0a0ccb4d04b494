// "gateway token ...": adds, revokes and lists named API tokens. The gateway that runs notices the
// change by itself.
#pragma once

#include <string>
#include <vector>

namespace polybot::gateway {

// add NAME [--read] [FOLDER] prints the new token, which is stored nowhere; revoke NAME [FOLDER];
// list [FOLDER]. FOLDER is data.folder, by default as POLYBOT_DATA__FOLDER says.
int token_command(const std::vector<std::string>& arguments);

}  // namespace polybot::gateway
