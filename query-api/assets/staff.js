// The screen for staff.

import "./api.js";
import "./fresh.js";
import "./keys.js";
import "./toast.js";
